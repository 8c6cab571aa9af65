"""What reaches a page: a figure with its words and its table, a finding once, a sentence for what is absent."""

import pandas as pd
import pytest

from phm_utils.absent import Absent
from phm_utils.errors import InputError
from phm_utils.figures.charts import bars
from phm_utils.reports import show as module
from phm_utils.reports.findings import TOO_FEW, Finding
from phm_utils.reports.headings import Headings
from phm_utils.reports.show import PAGE, groups, note, show

FRAME = pd.DataFrame(
    {"practice_name": ["Ash <1>", "Beech"], "people": pd.array([1_200, None], dtype="Int64"), "place": [1, 2]}
)
MOST = Finding("Most are at Ash <1>.")


@pytest.fixture
def displayed(monkeypatch) -> list[dict[str, str]]:
    """What is sent to the page."""
    sent = []
    monkeypatch.setattr(module, "display", lambda data, raw: sent.append(data))
    PAGE.begin(Headings({}))
    return sent


def figure():
    return bars(FRAME, "people", "practice_name")


def test_a_finding_is_the_alternative_text_stands_above_and_is_listed_once(displayed):
    show(figure(), finding=MOST, caption="People <all>")
    show(figure(), finding=MOST, caption="The same again")
    page = displayed[0]["text/html"]
    assert 'alt="Most are at Ash &lt;1&gt;."' in page
    assert '<p class="noted finding" aria-hidden="true">Most are at Ash &lt;1&gt;.</p>' in page
    assert "<figcaption>People &lt;all&gt;</figcaption>" in page
    assert PAGE.findings == [MOST]
    assert "base64" not in displayed[0]["text/plain"]


def test_the_table_behind_a_figure_is_the_one_drawn_under_its_headings(displayed):
    show(figure(), finding=MOST, caption="People")
    table = displayed[0]["text/html"].split("<details>")[1]
    assert ">Practice</th>" in table
    assert ">People</th>" in table
    assert "place" not in table  # no heading: not for readers
    assert ">*</td>" in table


def test_a_table_keeps_headings_that_it_has_already(displayed):
    show(pd.DataFrame({"Stale after": ["14 days"], "Practices": [2]}), caption="Other limits")
    assert ">Stale after</th>" in displayed[0]["text/html"]


def test_a_level_other_than_a_finding_is_said(displayed):
    note(Finding("Old data.", "warning"), None)
    assert displayed == [
        {"text/html": '<p class="noted warning"><strong>Warning.</strong> Old data.</p>',
         "text/plain": "  Warning: Old data."}
    ]  # fmt: skip


def test_that_numbers_are_small_is_said_at_the_figure_and_not_at_the_top(displayed):
    show(figure(), finding=Finding(TOO_FEW), caption="People")
    assert TOO_FEW in displayed[0]["text/html"]
    assert PAGE.findings == []


def test_a_detail_stands_at_its_figure_in_its_own_paragraph_and_not_at_the_top(displayed):
    show(figure(), finding=[Finding("Ash has 20.", "detail"), Finding("Oak has 30.", "detail")], caption="People")
    html = displayed[0]["text/html"]
    assert html.count('<p class="noted detail"') == 2
    assert "Detail" not in html
    assert 'alt="Ash has 20. Oak has 30."' in html
    assert PAGE.findings == []


def test_what_is_absent_says_what_it_needs_wherever_it_would_be_and_once_among_the_limits(displayed):
    gone, said = Absent("The <map>", "outlines"), "The <map>: left out, because this run lacks outlines."
    show(gone, finding=None, caption="A map")
    show(gone[gone["share"] > 0.5].merge(gone), caption="The same")
    show(Absent("Examples", ""), caption="Nothing is said of what needs nothing")
    assert [d["text/plain"] for d in displayed] == [f"[left out] {said}"] * 2
    assert "The &lt;map&gt;" in displayed[0]["text/html"]
    assert [(f.text, f.level) for f in PAGE.findings] == [(said, "limit")]


def test_a_finding_about_what_is_there_stands_below_what_is_absent(displayed):
    show(Absent("The map", "outlines"), finding=[None, Finding("Two records conflict.", "warning")], caption="A map")
    assert [d["text/plain"] for d in displayed][1:] == ["  Warning: Two records conflict."]


def test_the_parts_of_an_absent_table_are_one_sentence(displayed):
    assert list(groups(Absent("Steps", "cohorts"), "cohort")) == []
    assert [d["text/plain"] for d in displayed] == ["[left out] Steps: left out, because this run lacks cohorts."]


def test_an_empty_table_is_not_shown_and_what_it_says_is(displayed):
    show(FRAME.head(0), caption="Nobody", finding=Finding("Nobody at all."))
    show(bars(FRAME.head(0), "people", "practice_name"), caption="Nobody drawn")
    assert [d["text/plain"] for d in displayed] == ["  Finding: Nobody at all."]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"finding": MOST}, "needs a caption"),
        ({"caption": "People"}, "needs a finding, or alternative text"),
        ({"caption": "People", "finding": "Most are at Ash."}, "marked `@finding`"),
    ],
)
def test_what_lacks_its_words_is_refused(displayed, given, fault):
    with pytest.raises(InputError, match=fault):
        show(figure(), **given)
    assert displayed == []


def test_a_figure_of_somebody_elses_needs_its_table(displayed):
    from matplotlib.figure import Figure

    with pytest.raises(InputError, match="needs the table behind it"):
        show(Figure(), alt="A line.", caption="Their own")
