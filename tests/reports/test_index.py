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
    items = [" ".join(item.get_text().split()) for item in page.select(".reports li")]
    assert items == [
        "Data quality, Demo ICS: 5% are.",
        "Inequalities: failed",
        "Data quality: out of date (earlier page, Data quality, Harbour <and> Hills PCN)",
        "Inequalities: not run",
    ]
    links = [a["href"] for a in page.select(".reports a")]
    assert links == ["QZZ/00_data_quality.html", "U99001/00_data_quality.html"]
    assert "1 of 4 reports are ready, 1 failed, 2 are not made or out of date." in " ".join(page.get_text().split())


def test_what_failed_is_said_with_its_kind(index, rows):
    page = index(*rows, stages={"check": {"status": "done"}, "link": {"status": "failed", "error": "KeyError"}})
    failures = [item.get_text() for item in page.select(".failures li")]
    assert failures == ["The link stage: KeyError", "Inequalities, Demo ICS: ValueError in code cell [5]"]


def heads(page: BeautifulSoup) -> list[str]:
    """What is to be read of each area before it is unfolded."""
    return [" ".join(item.get_text().split()) for item in page.select("summary")]


def test_an_areas_headline_is_about_people_rather_than_data(index, rows):
    assert heads(index(*rows)) == ["Demo ICS QZZ 1 failed 5% are.", "Harbour <and> Hills PCN U99001"]
    about_people = row("QZZ", "04_inequalities", findings=[{"level": "finding", "text": "9 are clearly above."}])
    assert heads(index(rows[0], about_people, *rows[2:]))[0] == "Demo ICS QZZ 9 are clearly above."


def test_few_areas_are_open_and_need_no_script(index, rows):
    page = index(*rows)
    assert page.find("script") is None
    assert all(details.has_attr("open") for details in page.find_all("details"))


@pytest.fixture
def eighty(tmp_path, facts):
    areas = {"QZZ": "Demo ICS"} | {f"U99{n:03d}": f"Network {n} PCN" for n in range(1, 81)}
    places = {f"U99{n:03d}": "Demoshire" if n < 41 else "Sampleshire" for n in range(1, 81)}
    findings = [{"level": "finding", "text": "One thing."}]
    rows = [row(area, notebook, findings=findings) for area in areas for notebook in TITLES]
    workbook = Workbook(
        name="demo", title="Demo ICS", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="x"
    )
    write_index(tmp_path / "index.html", workbook, areas, TITLES, rows, {}, facts | {"places": places})
    return tmp_path / "index.html"


def test_many_areas_are_grouped_by_place_and_folded(eighty):
    page = BeautifulSoup(eighty.read_text(encoding="utf-8"), "html.parser")
    assert [h.get_text() for h in page.select(".place-areas h3")] == ["Demoshire", "Sampleshire"]
    assert [len(place.select(".areas > li")) for place in page.select(".place-areas")] == [1, 40, 40]
    assert not any(details.has_attr("open") for details in page.find_all("details"))
    assert eighty.stat().st_size < 150_000


@pytest.mark.full
def test_axe_finds_nothing_in_an_index_of_many_areas(eighty, axe):
    assert axe(eighty) == []


def test_the_search_finds_areas_by_name_code_and_place(eighty, page):
    page.goto(eighty.as_uri())
    shown = page.locator(".areas > li:visible")
    assert shown.count() == 81
    for words, count in (("network 7 ", 17), ("u99080", 1), ("SAMPLESHIRE 5", 13), ("nowhere", 0), ("", 81)):
        page.get_by_label("Find an area").fill(words)
        assert shown.count() == count, words
    page.get_by_label("Find an area").fill("sampleshire")
    assert page.locator(".search [role=status]").inner_text() == "40 of 81 areas"
    assert page.get_by_role("heading", name="Demoshire").count() == 0


def test_the_index_says_dates_tier_and_that_data_are_synthetic(index, rows):
    text = " ".join(index(*rows).get_text(" ").split())
    assert "Up to 31 March 2025; the extracts end on 30 April 2025" in text
    assert "For partners under agreement; not for publication." in text
    assert "SYNTHETIC DATA" in text


def test_names_are_text_and_links_have_names_of_their_own(index, rows):
    page = index(*rows)
    assert "Harbour <and> Hills PCN" in page.get_text()
    names = [" ".join(a.get_text().split()) for a in page.select(".reports a")]
    assert len(names) == len(set(names))


def test_an_index_can_be_written_before_any_report(index):
    page = index(*[row(area, notebook, "not run") for area in AREAS for notebook in TITLES], known={})
    assert "0 of 4 reports are ready" in " ".join(page.get_text().split())


def test_an_unchanged_index_is_not_touched(index, rows, tmp_path):
    index(*rows)
    before = (tmp_path / "index.html").stat().st_mtime_ns
    index(*rows)
    assert (tmp_path / "index.html").stat().st_mtime_ns == before


def test_a_notebook_is_called_by_its_subject():
    assert label("04_inequalities_published") == "Inequalities published"
