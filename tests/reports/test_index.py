"""The index says what became of every report, what failed and why, and the headline of each."""

import pytest
from bs4 import BeautifulSoup

from phm_utils.params import Workbook
from phm_utils.reports.index import label, write_index

AREAS = {"QZZ": "Demo ICS", "U99001": "Harbour <and> Hills PCN"}
TITLES = {"00_data_quality": "Can these data answer?", "04_inequalities": "Who is admitted?"}


def row(area: str, notebook: str, state: str = "done", **named) -> dict:
    step = {"step": f"{area}/{notebook}", "area": area, "notebook": notebook, "state": state}
    return step | {"page": state != "not run", "error": None, "findings": []} | named


@pytest.fixture
def index(tmp_path, facts):
    workbook = Workbook(
        name="demo", title="Demo ICS", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="x"
    )

    def make(*rows: dict, stages: dict | None = None, known: dict | None = None) -> BeautifulSoup:
        path = tmp_path / "index.html"
        write_index(path, workbook, AREAS, TITLES, list(rows), stages or {}, facts if known is None else known)
        return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")

    return make


@pytest.fixture
def rows() -> list[dict]:
    found = [{"level": "limit", "text": "Left out."}, {"level": "finding", "text": "5% are."}]
    return [
        row("QZZ", "00_data_quality", findings=[*found, {"level": "finding", "text": "A second."}]),
        row("QZZ", "04_inequalities", "failed", error="ValueError in code cell [5]", page=False),
        row("U99001", "00_data_quality", "out of date"),
        row("U99001", "04_inequalities", "not run"),
    ]


def test_every_area_and_report_has_its_state_and_its_link(index, rows):
    page = index(*rows)
    cells = [cell.get_text() for cell in page.select(".status td")]
    assert cells[0] == "Read Data quality, Demo ICS"
    assert cells[1] == "Failed"
    assert cells[2].startswith("Out of date (earlier page")
    assert cells[3] == "Not run"
    links = [a["href"] for a in page.select(".status a")]
    assert links == ["QZZ/00_data_quality.html", "U99001/00_data_quality.html"]
    assert "1 of 4 reports are ready, 1 failed, 2 are not made or out of date." in " ".join(page.get_text().split())


def test_what_failed_is_said_with_its_kind(index, rows):
    page = index(*rows, stages={"check": {"status": "done"}, "link": {"status": "failed", "error": "KeyError"}})
    failures = [item.get_text() for item in page.select(".failures li")]
    assert failures == ["The link stage: KeyError", "Inequalities, Demo ICS: ValueError in code cell [5]"]


def test_the_first_finding_of_each_report_is_its_headline(index, rows):
    headlines = [item.get_text() for item in index(*rows).select(".headline li")]
    assert headlines == ["5% are. Data quality, Demo ICS"]


def test_the_index_says_dates_tier_and_that_data_are_synthetic(index, rows):
    text = " ".join(index(*rows).get_text(" ").split())
    assert "Up to 31 March 2025; the extracts end on 30 April 2025" in text
    assert "For partners under agreement; not for publication." in text
    assert "SYNTHETIC DATA" in text


def test_names_are_text_and_links_have_names_of_their_own(index, rows):
    page = index(*rows)
    assert "Harbour <and> Hills PCN" in page.get_text()
    names = [" ".join(a.get_text().split()) for a in page.select(".status a")]
    assert len(names) == len(set(names))


def test_an_index_can_be_written_before_any_report(index):
    page = index(*[row(area, notebook, "not run") for area in AREAS for notebook in TITLES], known={})
    assert "No report is ready yet." in page.get_text()


def test_an_unchanged_index_is_not_touched(index, rows, tmp_path):
    index(*rows)
    before = (tmp_path / "index.html").stat().st_mtime_ns
    index(*rows)
    assert (tmp_path / "index.html").stat().st_mtime_ns == before


def test_a_notebook_is_called_by_its_subject():
    assert label("04_inequalities_published") == "Inequalities published"
