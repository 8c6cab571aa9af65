"""Text from data on pages, in pictures, tables and CSV files: nothing in a name breaks, hides or runs anything."""

import base64
from xml.dom import minidom

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.figures import charts
from phm_utils.figures.labels import LONGEST, labels_of
from phm_utils.figures.svg import encoded
from phm_utils.figures.tables import table_html
from phm_utils.printable import NOT_PRINTABLE, printable, printable_sql
from phm_utils.privacy.csv_text import csv_text
from phm_utils.reports.pages import page

HOSTILE = [
    "Dr $ & $x_{",
    "<script>alert(1)</script>",
    "a\x00b\x0b\x1b[31m",
    "\u202eturned",
    "line\nbreak\tand",
    "50% {0} %s \\frac",
    "=HYPERLINK(1)",
    "😀 مركز الصحة",
    "long " * 50,
    ' id="x" style="a" d="1.23456"',
    "Elm\u200b",
    "Elm",
]
FRAME = pd.DataFrame(
    {
        "practice": HOSTILE,
        "sex": ["F", "M"] * 6,
        "people": pd.array(range(10, 22), dtype="Int64"),
        "value": [0.1 + 0.01 * i for i in range(12)],
        "lower": [0.05 + 0.01 * i for i in range(12)],
        "upper": [0.15 + 0.01 * i for i in range(12)],
    }
)
DRAWN = {
    "bars": lambda: charts.bars(FRAME, "people", "practice", highlight=[HOSTILE[0]], reference={HOSTILE[0]: 15}),
    "caterpillar": lambda: charts.caterpillar(FRAME, "value", "lower", "upper", "practice", 0.1, [HOSTILE[2]]),
    "lines": lambda: charts.lines(FRAME.iloc[:3], "sex", "people", "practice"),
    "heatmap": lambda: charts.heatmap(FRAME, "practice", "sex", "people"),
}


@pytest.mark.parametrize("kind", DRAWN)
def test_a_picture_with_any_name_is_sound_and_shows_the_name(kind):
    mime, payload = encoded(DRAWN[kind]())
    assert mime == "image/svg+xml"
    texts = minidom.parseString(base64.b64decode(payload)).getElementsByTagName("text")
    said = ["".join(node.data for node in text.childNodes if node.nodeType == node.TEXT_NODE).strip() for text in texts]
    assert any(HOSTILE[0] in text for text in said)
    assert not any(NOT_PRINTABLE.search(text) for text in said)
    assert max(map(len, said)) <= LONGEST + 20
    if kind in ("bars", "caterpillar", "heatmap"):
        assert HOSTILE[9].strip() in said
        assert {"Elm", "Elm (2)"} <= set(said)  # two practices stay two


def test_the_table_behind_a_figure_keeps_the_whole_name():
    assert list(charts.bars(FRAME, "people", "practice").drawn_from["practice"]) == HOSTILE


@given(st.lists(st.text(), min_size=1))
def test_labels_are_distinct_and_can_be_shown(names):
    labels = labels_of(names)
    assert len(set(labels.values())) == len(set(names))
    assert not any(NOT_PRINTABLE.search(label) for label in labels.values())


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_sql_and_python_clean_alike_and_once_is_enough(text):
    [(cleaned,)] = duckdb.execute(f"SELECT {printable_sql('$t::VARCHAR')}", {"t": text}).fetchall()
    assert cleaned == printable(text) == printable(cleaned)
    assert not NOT_PRINTABLE.search(cleaned)


def test_a_page_holds_no_character_that_breaks_or_turns_it():
    body = table_html(FRAME, "Practices")
    assert "<script>" not in body
    html = page("frame.html.j2", synthetic=True)
    assert "SYNTHETIC DATA" in html


def test_released_csv_has_one_line_to_a_row_and_no_formula():
    names = ["=1+1", " =1+1", "\t=1+1", "+1", "@x", "a\nb", "c\x00"]
    rows = csv_text(pd.DataFrame({"practice": names})).splitlines()
    assert rows == ["practice", "'=1+1", "' =1+1", "' =1+1", "'+1", "'@x", "a b", "c�"]
