"""Combinations, parts, movement and strips: numbers, suppressed values, long names, nothing at all."""

import warnings

import numpy as np
import pandas as pd
import pytest

from phm_utils.figures import charts
from phm_utils.figures.svg import encoded

COMBINATIONS = pd.DataFrame(
    {
        "name": ["A + B", "A + C", "B + C + D"],
        "rate": pd.array([16.94, None, 2.0], dtype="Float64"),
        "ics": [12.0, 5, 9],
    }
)
MEMBERS = {name: name.split(" + ") for name in COMBINATIONS["name"]}
PARTS = pd.DataFrame(
    {
        "segment": ["Well", "Well", "Ill", "Ill"],
        "part": ["GP", "Hospital"] * 2,
        "cost": pd.array([100, 250, None, 900], dtype="Float64"),
    }
)
MOVES = pd.DataFrame(
    [("Well", "Well", 900, 0.9), ("Well", "Ill", 100, 0.1), ("Well", "Died", None, None),
     ("Ill", "Well", 0, 0.0), ("Ill", "Ill", 300, 0.998), ("Ill", "Died", 5, 0.002),
     ("New", "Well", 50, 1.0), ("New", "Ill", 0, 0.0)],
    columns=["then", "now", "people", "share"],
).astype({"people": "Int64", "share": "Float64"})  # fmt: skip
RATIOS = pd.DataFrame(
    {"register": ["Asthma"] * 4 + ["COPD"], "ratio": pd.array([1.0, 1.3, 3.2, None, 0.2], dtype="Float64")}
)


def texts(fig) -> list[str]:
    return [t.get_text() for t in fig.findobj(lambda a: hasattr(a, "get_text")) if t.get_text()]


def flows(frame=MOVES):
    return charts.flow_grid(frame, "then", "now", "people", "share", newcomers="New")


@pytest.mark.parametrize(
    "fig",
    [
        charts.upset(COMBINATIONS, "name", "rate", MEMBERS, marker="ics"),
        charts.stacked_bars(PARTS, "cost", "segment", "part", marker=pd.Series({"Well": 300.0, "Ill": 900.0})),
        flows(),
    ],
)
def test_a_suppressed_value_is_a_star_with_a_note(fig):
    assert "*" in texts(fig)
    assert any("small number" in t for t in texts(fig))


def test_combinations_list_their_members_most_frequent_first_and_dots_join_them():
    fig = charts.upset(COMBINATIONS, "name", "rate", MEMBERS, marker="ics")
    bars, dots = fig.axes
    assert [t.get_text() for t in dots.get_yticklabels()] == ["A", "B", "C", "D"]
    assert [list(line.get_ydata()) for line in dots.lines] == [[0, 1], [0, 2], [1, 2, 3]]
    assert "16.9" in texts(fig)
    assert len(bars.patches) == 3


def test_a_bar_with_a_hidden_part_shows_none_of_its_parts():
    ax = charts.stacked_bars(PARTS, "cost", "segment", "part").axes[0]
    assert [round(p.get_width()) for p in ax.patches] == [100, 0, 250, 0]
    assert "350" in texts(ax.figure)


def test_movement_has_numbers_and_shares_and_pairs_that_cannot_be_are_empty():
    found = texts(flows())
    assert "100\n10%" in found
    assert "5\n<1%" in found
    assert "0" in found
    assert found.count("900\n90%") == 1  # framed, and not written twice


def test_ratios_beyond_the_axis_stand_at_its_edge_and_hidden_ones_are_counted():
    fig = charts.ratio_strips(RATIOS, "ratio", "register")
    at = np.concatenate([c.get_offsets()[:, 0] for c in fig.axes[0].collections if len(c.get_offsets())])
    assert sorted(at) == [0.5, 1.0, 1.3, 2.0]
    assert any("1 not drawn" in t for t in texts(fig))


def test_very_many_ratios_stay_small():
    many = pd.DataFrame(
        {"register": [f"Register {i % 22}" for i in range(1_800)], "ratio": np.linspace(0.6, 1.6, 1_800)}
    )
    mime, payload = encoded(charts.ratio_strips(many, "ratio", "register"))
    assert mime == "image/svg+xml"
    assert len(payload) < 120_000


@pytest.mark.parametrize(
    "draw",
    [
        lambda: charts.upset(COMBINATIONS.assign(rate=pd.NA), "name", "rate", MEMBERS),
        lambda: charts.stacked_bars(PARTS.assign(cost=pd.NA), "cost", "segment", "part"),
        lambda: flows(MOVES.assign(people=pd.NA, share=pd.NA)),
        lambda: charts.ratio_strips(RATIOS.assign(ratio=pd.NA), "ratio", "register"),
        lambda: flows(MOVES.replace({"Well": "A segment with a very long name that goes on"})),
    ],
)
def test_figures_of_hidden_numbers_and_of_long_names_are_drawn_without_a_warning(draw):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert encoded(draw())[1]


def test_of_no_rows_nothing_is_drawn():
    assert charts.upset(COMBINATIONS.head(0), "name", "rate", {}) is None
    assert charts.ratio_strips(RATIOS.head(0), "ratio", "register") is None


def test_a_level_is_drawn_across_lines_and_named():
    frame = pd.DataFrame({"x": [25, 35, 45], "y": [0.1, 0.3, 0.5], "g": "a"})
    fig = charts.lines(frame, "x", "y", "g", percent=True, reference={"30%": 0.3})
    assert "30%" in texts(fig)


def test_a_suppressed_end_of_a_line_keeps_its_place_on_the_axis():
    frame = pd.DataFrame({"x": [25, 35, 45], "y": pd.array([0.1, 0.3, None], dtype="Float64"), "g": "a"})
    assert charts.lines(frame, "x", "y", "g").axes[0].get_xlim()[1] >= 45
