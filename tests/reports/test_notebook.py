"""A notebook's side: released tables with suppressed counts and the ICS's figures, what is absent, the close."""

import json
from datetime import date

import pandas as pd
import pytest

from phm_utils.absent import Absent
from phm_utils.engine import Model, session
from phm_utils.errors import InputError
from phm_utils.linkage.topic import LinkageParams
from phm_utils.privacy.release import AREA, Release, catalogue, count
from phm_utils.reports import notebook
from phm_utils.reports import show as showing
from phm_utils.reports.findings import Finding, finding
from phm_utils.reports.headings import Headings
from phm_utils.reports.notebook import open_run as opened
from phm_utils.reports.notebook import with_ics
from phm_utils.reports.show import note
from phm_utils.runs import Store, sha256_file


def open_run(name: str, params: LinkageParams) -> notebook.Run:
    return opened(name, params, Headings({}))


@pytest.fixture
def displayed(monkeypatch) -> list[dict]:
    seen: list[dict] = []
    for module in (notebook, showing):
        monkeypatch.setattr(module, "display", lambda data, raw: seen.append(data))
    return seen


@pytest.fixture
def params(tmp_path, facts, displayed) -> LinkageParams:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(facts))
    table = pd.DataFrame({"area_code": ["QZZ", "U99001"], "people": pd.array([125, None], dtype="Int64")})
    with session() as con, Store(folder / "store").stage("protect", "k") as writer:
        writer.add(con, Model("release_people", ("area_code",), frame=table))
        writer.add(con, Model("release_nobody", ("area_code",), frame=table[table["people"] > 1000]))
        writer.add(con, Model("release_remarks", ("area_code",), frame=table[table["people"] > 1000]))
        columns = (AREA, count("people"))
        declared = [
            *(Release(name, name, columns) for name in ("people", "nobody")),
            Release("deaths", "Deaths", columns, part="Deaths by month", needs="the table of deaths"),
            Release("remarks", "Remarks", columns, may_be_empty=True),
        ]
        writer.add(con, Model("released_table", ("name",), frame=catalogue(declared, ["people", "nobody"])))
    return LinkageParams(workbook="demo", area_code="U99001", index_date="2025-03-31", outputs=str(tmp_path))


def test_a_suppressed_count_is_missing_and_the_rest_are_whole_numbers(params):
    run = open_run("01_linkage", params)
    assert run.table("people")["people"].isna().tolist() == [True]
    assert run.ics_table("people")["people"].tolist() == [125]
    assert run.table("people")["people"].dtype == "Int64"
    assert "area_code" not in run.table("people")


def test_an_area_sees_its_own_rows_and_knows_its_name(params):
    run = open_run("01_linkage", params)
    assert (run.area_name, run.ics_code, run.is_ics) == ("Harbour and Hills PCN", "QZZ", False)


def test_a_table_that_this_run_does_not_have_is_absent_with_what_it_needs(params):
    run = open_run("01_linkage", params)
    gone = Absent("Deaths by month", "the table of deaths")
    assert run.table("deaths") == gone  # not made
    assert run.ics_table("nobody") == Absent("nobody", "extracts")  # made, and no row is of this area
    assert run.table("remarks").empty  # no row is an answer


def test_a_table_that_nobody_declares_is_refused_with_the_nearest(params):
    run = open_run("01_linkage", params)
    for ask in (run.table, run.ics_table):
        with pytest.raises(InputError, match=r"No topic declares a released table `peple`\. Did you mean `people`"):
            ask("peple")


def test_a_pcn_has_the_icss_figures_of_the_same_row_and_places_have_none():
    own = pd.DataFrame({"place": [1, 2], "segment": ["A", "B"], "people": [5, 10]})
    whole = pd.DataFrame({"place": [1, 2], "segment": ["B", "A"], "people": [100, 50]})
    both = with_ics(own, whole, ["area_code", "place", "segment"])
    assert both["ics_people"].tolist() == [50, 100]
    assert "ics_place" not in both
    units = own.assign(unit_code="U1")
    assert "ics_people" not in with_ics(units, units, ["area_code", "unit_code", "segment"])
    assert "ics_people" not in with_ics(own, whole, ["area_code"])  # one row an area: nothing to join by


def test_a_parameter_of_the_run_cannot_be_changed_in_a_notebook(params, facts, tmp_path):
    facts["notebooks"] = {"01_linkage": {"parameters": {"index_date": "2025-03-31"}}}
    (tmp_path / "demo" / "run.json").write_text(json.dumps(facts))
    assert open_run("01_linkage", params)
    with pytest.raises(InputError, match=r"This run used index_date = '2025-03-31', not '2019-01-01'.*phm run"):
        open_run("01_linkage", params.model_copy(update={"index_date": date(2019, 1, 1)}))


def test_a_parameter_of_the_view_can(params):
    assert open_run("01_linkage", params.model_copy(update={"max_conflict_share": 0.2}))


def test_a_definition_is_read_only_as_the_run_used_it(params, facts, tmp_path, monkeypatch):
    (tmp_path / "parameters").mkdir()
    (tmp_path / "notebooks").mkdir()
    file = tmp_path / "parameters" / "x.yml"
    file.write_text("title: Then")
    monkeypatch.setenv("PHM_ROOT", str(tmp_path))
    facts["notebooks"] = {"01_linkage": {"definitions": {"parameters/x.yml": sha256_file(file)}}}
    (tmp_path / "demo" / "run.json").write_text(json.dumps(facts))
    run = open_run("01_linkage", params)
    assert run.definition("parameters/x.yml") == file
    file.write_text("title: Now")
    with pytest.raises(InputError, match=r"parameters/x\.yml has changed since this run"):
        run.definition("parameters/x.yml")
    with pytest.raises(InputError, match=r"did not use parameters/y\.yml\. It used: parameters/x\.yml"):
        run.definition("parameters/y.yml")


def test_the_card_says_the_area_and_that_data_are_synthetic(params, displayed):
    open_run("01_linkage", params)
    [card] = displayed
    assert card["text/plain"] == "Harbour and Hills PCN (U99001), Demo ICS: up to 31 March 2025. SYNTHETIC DATA"


def test_findings_are_written_at_the_close_those_of_this_opening_alone(params, displayed, tmp_path):
    note(Finding("From before."))
    run = open_run("01_linkage", params)
    note(Finding("5 of 6 < 7."), Finding("Doubtful.", "warning"))
    run.close()
    written = json.loads((tmp_path / "demo" / "notebooks" / "U99001" / "01_linkage.findings.json").read_text())
    assert [item["level"] for item in written] == ["finding", "warning"]
    assert [item["text"] for item in written] == ["5 of 6 < 7.", "Doubtful."]


def test_a_marked_function_gives_findings_that_know_their_question():
    @finding("limit")
    def missed(people):
        return f"{people} people are missing." if people else None

    @finding
    def each(numbers):
        return [f"{n} found." for n in numbers]

    @finding
    def doubtful():
        return "Old data.", "warning"

    assert missed(5) == Finding("5 people are missing.", "limit", "test_notebook.missed")
    assert missed(0) is None
    assert [str(f) for f in each([1, 2])] == ["1 found.", "2 found."]
    assert doubtful().level == "warning"
    assert f"{missed(5)}" == "5 people are missing."
    assert missed(Absent("Deaths", "the table of deaths")) is None


def test_a_run_that_was_never_made_or_lacks_the_area_is_refused(params, tmp_path):
    with pytest.raises(InputError, match=r"Area U99009 is not in this run. It has: QZZ, U99001"):
        open_run("01_linkage", params.model_copy(update={"area_code": "U99009"}))
    with pytest.raises(InputError, match="No run of `other`"):
        open_run("01_linkage", params.model_copy(update={"workbook": "other"}))
