"""A figure as a picture is no larger than it must be; a table reads as people write."""

import base64
import io

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from phm_utils.figures import charts, svg
from phm_utils.figures.svg import _slim, encoded
from phm_utils.figures.tables import table_html, text_of

FRAME = pd.DataFrame({"Practice": ["Ash <1>", "Beech"], "People": pd.array([1_200, None], dtype="Int64")})


def figure():
    return charts.bars(FRAME, "People", "Practice")


def test_a_figure_calls_nothing_and_names_fonts_that_readers_have():
    mime, payload = encoded(figure())
    picture = base64.b64decode(payload).decode()
    assert mime == "image/svg+xml"
    assert "Verdana" in picture
    assert "<dc:date" not in picture
    assert len(payload) < 40_000


def test_slimming_rounds_coordinates_and_drops_what_draws_nothing():
    drawing = '<path d="M 1.234567 2.5\nL 3.999999 4"/><!-- note --><g id="unused"><use x="1.234567"/></g>'
    assert _slim(drawing) == '<path d="M 1.23 2.5 L 3.99 4"/><use x="1.23"/>'


def test_slimming_keeps_names_that_marks_refer_to_and_groups_that_style_or_move_what_they_hold():
    drawing = (
        '<g id="clip"><rect/></g><g clip-path="url(#clip)"><g><use x="1"/></g></g><g transform="scale(2)"><rect/></g>'
    )
    assert _slim(drawing) == (
        '<g id="i0"><rect/></g><g clip-path="url(#i0)"><use x="1"/></g><g transform="scale(2)"><rect/></g>'
    )


def test_a_style_that_marks_share_is_written_once_and_one_of_its_own_stays():
    drawing = '<style>*{a: b}</style><rect style="fill: red"/><rect style="fill: red"/><rect style="fill: blue"/>'
    assert _slim(drawing) == (
        '<style>*{a: b}.s0{fill: red}</style><rect class="s0"/><rect class="s0"/><rect style="fill: blue"/>'
    )


def test_every_word_and_mark_survives_slimming():
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none"}):
        figure().savefig(buffer, format="svg")
    whole, slim = buffer.getvalue().decode(), _slim(buffer.getvalue().decode())
    for element in ("text", "path", "use", "rect"):
        assert slim.count(f"<{element} ") == whole.count(f"<{element} ")
    assert len(slim) < 0.6 * len(whole)


def test_a_large_drawing_becomes_a_picture_of_dots(monkeypatch):
    monkeypatch.setattr(svg, "MAX_SVG_BYTES", 100)
    assert encoded(figure())[0] == "image/png"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (pd.NA, "*"),
        (None, "n/a"),
        (float("nan"), "n/a"),
        (1_234_567, "1,234,567"),
        (np.int64(1_200), "1,200"),
        (0.123456, "0.123"),
        (12_345.6, "12,346"),
        (np.bool_(True), "yes"),
        (pd.Timestamp("2025-03-01"), "1 March 2025"),
        ("x", "x"),
    ],
)
def test_table_cells_read_as_people_write_them(value, text):
    assert text_of(value) == text


def test_a_table_heads_its_rows_and_columns():
    page = table_html(FRAME, "People")
    assert page.count('scope="row"') == 2
    assert page.count('scope="col"') == 2
    assert "<caption>People</caption>" in page
