"""Charts: house style, suppressed values, the same bytes in every process."""

import hashlib
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from phm_utils.figures import charts, style
from phm_utils.figures.columns import stacked_columns, waterfall
from phm_utils.figures.svg import encoded

FRAME = pd.DataFrame(
    {
        "practice": ["Ash", "Beech", "Cedar"],
        "people": pd.array([120, None, 0], dtype="Int64"),
        "value": [0.12, np.nan, 0.0],
        "lower": [0.10, np.nan, 0.0],
        "upper": [0.14, np.nan, 0.03],
    }
)
MONTHS = pd.DataFrame({"month": [1, 2, 3, 4], "visits": pd.array([5, None, 10, 15], dtype="Int64"), "arm": "A"})
SIDES = pd.DataFrame(
    {"band": ["0-4", "0-4", "5-9", "5-9"], "sex": ["F", "M"] * 2, "n": pd.array([9, None, 20, 30], dtype="Int64")}
)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def texts(fig) -> list[str]:
    return [t.get_text() for t in fig.findobj(lambda a: hasattr(a, "get_text")) if t.get_text()]


@pytest.mark.parametrize("colour", [*style.PALETTE, style.INK, style.MUTED])
def test_marks_have_three_to_one_contrast_to_paper(colour):
    assert (1.05) / (luminance(colour) + 0.05) >= 3


def test_groups_differ_by_more_than_colour():
    assert len(set(style.MARKERS)) == len(set(style.HATCHES)) == len(style.PALETTE)


@pytest.mark.parametrize(
    "fig",
    [
        charts.caterpillar(FRAME, "value", "lower", "upper", "practice", 0.1, ["Ash"], percent=True),
        charts.bars(FRAME, "people", "practice", highlight=["Ash"], reference={"ICS": 50}),
        charts.grouped_bars(SIDES, "n", "band", "sex"),
        charts.lines(MONTHS, "month", "visits", "arm"),
        charts.pyramid(SIDES, "band", "sex", "n"),
        charts.heatmap(SIDES, "band", "sex", "n"),
        charts.forest(FRAME, "value", "lower", "upper", "practice", null=0, log=False),
    ],
    ids=["caterpillar", "bars", "grouped_bars", "lines", "pyramid", "heatmap", "forest"],
)
def test_a_suppressed_value_is_a_star_and_the_figure_fits_a_page(fig):
    assert any(style.SUPPRESSED in t for t in texts(fig))
    width = fig.get_size_inches()[0]
    assert width == style.WIDTH
    assert not fig.axes[0].get_title()


def test_a_ratio_without_limits_is_written_so():
    frame = pd.DataFrame({"name": ["a", "b"], "value": [0.6, 0.9], "lower": [np.nan, 0.8], "upper": [np.nan, 1.1]})
    written = [t.get_text() for t in charts.forest(frame, "value", "lower", "upper", "name").axes[0].texts]
    assert written == ["0.60 (no limits)", "0.90 (0.80 to 1.10)"]


def test_a_suppressed_value_is_not_drawn_as_zero():
    ax = charts.bars(FRAME, "people", "practice").axes[0]
    shown = [t.get_text() for t in ax.texts]
    assert shown == ["120", "*", "0"]
    points = charts.caterpillar(FRAME, "value", "lower", "upper", "practice").axes[0].collections[-1]
    assert len(points.get_offsets()) == 2


def test_a_line_breaks_at_a_suppressed_value():
    ax = charts.lines(MONTHS, "month", "visits").axes[0]
    assert [len(line.get_xdata()) for line in ax.lines] == [1, 2]


def test_points_outside_a_funnel_are_named_where_highlighted():
    frame = pd.DataFrame(
        {
            "n": [10, 20, 30],
            "v": [0.1, 0.9, 0.8],
            "outside": [False, True, True],
            "here": [True, True, False],
            "name": ["a", "b", "c"],
        }
    )
    limits = pd.DataFrame({"size": [5, 40], "lower": 0.0, "upper": 0.4, "lower_998": 0.0, "upper_998": 0.5})
    fig = charts.funnel(frame, "n", "v", limits, target=0.2, highlight="here", labels="name")
    assert "b" in texts(fig)
    assert "c" not in texts(fig)


def test_two_processes_draw_the_same_bytes():
    program = (
        "import pandas as pd, hashlib\n"
        "from phm_utils.figures import charts\n"
        "from phm_utils.figures.svg import encoded\n"
        "f = pd.DataFrame({'p': list('abc'), 'v': [1., 2., 3.], 'l': [.5, 1., 2.], 'u': [2., 3., 4.]})\n"
        "print(hashlib.sha256(encoded(charts.caterpillar(f, 'v', 'l', 'u', 'p', 2.0))[1].encode()).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    frame = pd.DataFrame({"p": list("abc"), "v": [1.0, 2.0, 3.0], "l": [0.5, 1.0, 2.0], "u": [2.0, 3.0, 4.0]})
    here = encoded(charts.caterpillar(frame, "v", "l", "u", "p", 2.0))[1]
    assert hashlib.sha256(here.encode()).hexdigest() == other


def test_a_figure_whose_every_value_is_withheld_is_drawn_without_a_warning():
    withheld = FRAME.assign(value=np.nan, lower=np.nan, upper=np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fig = charts.caterpillar(withheld, "value", "lower", "upper", "practice")
    assert {"Ash", "Beech", "Cedar"} <= set(texts(fig))


def test_columns_stack_their_groups_and_suppressed_ones_add_nothing():
    pairs = pd.DataFrame(
        {"bits": [2, 2, 4], "decision": ["linked", "review", "linked"], "pairs": pd.array([40, None, 60], "Int64")}
    )
    fig = stacked_columns(pairs, "bits", "decision", "pairs", groups=["linked", "review"], unit="Pairs")
    heights = [[patch.get_height() for patch in container] for container in fig.axes[0].containers]
    assert heights == [[40, 60], []]
    assert texts(fig).count("*") == 1
    assert style.SUPPRESSED_NOTE in texts(fig)


def test_a_waterfall_ends_where_its_steps_lead():
    steps = pd.DataFrame({"evidence": ["start", "name", "sex"], "bits": [-10.0, 14.0, -1.5]})
    fig = waterfall(steps, "evidence", "bits", total="weight", unit="Bits")
    bars = [(bar.get_x(), bar.get_width()) for bar in fig.axes[0].patches]
    assert bars == [(0, -10), (-10, 14), (4, -1.5), (0, 2.5)]
    assert {"+14.0", "-1.5", "+2.5", "weight"} <= set(texts(fig))
