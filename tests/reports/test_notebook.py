"""A notebook's side: released tables with suppressed counts, findings, what is left out."""

import json
from datetime import date

import pandas as pd
import pytest

from phm_utils.engine import Model, session
from phm_utils.errors import InputError
from phm_utils.linkage.topic import LinkageParams
from phm_utils.privacy.release import AREA, Release, catalogue, count
from phm_utils.reports import findings, notebook
from phm_utils.reports.findings import Finding, Findings, finding
from phm_utils.reports.notebook import open_run
from phm_utils.runs import Store, sha256_file


@pytest.fixture
def displayed(monkeypatch) -> list[dict]:
    seen: list[dict] = []
    for module in (notebook, findings):
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
        declared = [Release(name, name, (AREA, count("people"))) for name in ("people", "nobody", "deaths")]
        writer.add(con, Model("released_table", ("name",), frame=catalogue(declared, ["people", "nobody"])))
    return LinkageParams(workbook="demo", area_code="U99001", index_date="2025-03-31", outputs=str(tmp_path))


def test_a_suppressed_count_is_missing_and_the_rest_are_whole_numbers(params):
    run = open_run("01_linkage", params)
    assert run.released("people")["people"].isna().tolist() == [True]
    assert run.released("people", "QZZ")["people"].tolist() == [125]
    assert run.released("people")["people"].dtype == "Int64"
    assert "area_code" not in run.released("people")


def test_an_area_sees_its_own_rows_and_knows_its_name(params):
    run = open_run("01_linkage", params)
    assert (run.area_name, run.ics_code, run.is_ics) == ("Harbour and Hills PCN", "QZZ", False)


def test_a_table_that_was_not_released_is_said_to_be_so(params):
    run = open_run("01_linkage", params)
    assert (run.has("people"), run.has("deaths"), run.has("nobody")) == (True, False, False)
    with pytest.raises(InputError, match="No table `deaths` was released"):
        run.released("deaths")


def test_a_table_that_nobody_declares_is_refused_with_the_nearest(params):
    run = open_run("01_linkage", params)
    for ask in (run.released, run.has):
        with pytest.raises(InputError, match=r"No topic declares a released table `peple`\. Did you mean `people`"):
            ask("peple")


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
    with pytest.raises(InputError, match=r"knew no file parameters/y\.yml. It used: parameters/x\.yml"):
        run.definition("parameters/y.yml")


def test_the_card_and_what_is_left_out_are_shown_as_text_and_html(params, displayed):
    run = open_run("01_linkage", params)
    run.left_out("The <map>", "outlines")
    card, left_out = displayed
    assert card["text/plain"] == "Harbour and Hills PCN (U99001), Demo ICS: up to 31 March 2025. SYNTHETIC DATA"
    assert left_out["text/plain"] == "The <map> is left out: it needs outlines, which this run does not have."
    assert "&lt;map&gt;" in left_out["text/html"]


def test_findings_are_shown_where_they_arise_and_written_at_the_close(params, displayed, tmp_path):
    findings = Findings()
    findings.add(Finding("5 of 6 < 7."), None)
    findings.add(Finding("Doubtful.", "warning"))
    assert displayed[-2] == {
        "text/html": '<p class="noted finding"><strong>Finding.</strong> 5 of 6 &lt; 7.</p>',
        "text/plain": "Finding: 5 of 6 < 7.",
    }
    open_run("01_linkage", params).close(findings)
    written = json.loads((tmp_path / "demo" / "notebooks" / "U99001" / "01_linkage.findings.json").read_text())
    assert [item["level"] for item in written] == ["finding", "warning"]
    assert [item["text"] for item in written] == ["5 of 6 < 7.", "Doubtful."]


def test_a_bare_string_is_no_finding():
    with pytest.raises(InputError, match="marked `@finding`"):
        Findings().add("5 of 6.")


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


def test_a_run_that_was_never_made_or_lacks_the_area_is_refused(params, tmp_path):
    with pytest.raises(InputError, match=r"Area U99009 is not in this run. It has: QZZ, U99001"):
        open_run("01_linkage", params.model_copy(update={"area_code": "U99009"}))
    with pytest.raises(InputError, match="No run of `other`"):
        open_run("01_linkage", params.model_copy(update={"workbook": "other"}))
