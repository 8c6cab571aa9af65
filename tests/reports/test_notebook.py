"""A notebook's side: released tables with suppressed counts, findings, what is left out."""

import json

import pandas as pd
import pytest

from phm_utils.engine import Model, session
from phm_utils.errors import InputError
from phm_utils.params import LinkageParams
from phm_utils.reports import findings, notebook
from phm_utils.reports.findings import Findings
from phm_utils.reports.notebook import open_run
from phm_utils.runs import Store


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


def test_the_card_and_what_is_left_out_are_shown_as_text_and_html(params, displayed):
    run = open_run("01_linkage", params)
    run.left_out("The <map>", "outlines")
    card, left_out = displayed
    assert card["text/plain"] == "Harbour and Hills PCN (U99001), Demo ICS: up to 31 March 2025. SYNTHETIC DATA"
    assert left_out["text/plain"] == "The <map> is left out: it needs outlines, which this run does not have."
    assert "&lt;map&gt;" in left_out["text/html"]


def test_findings_are_shown_where_they_arise_and_written_at_the_close(params, displayed, tmp_path):
    findings = Findings()
    findings.add("5 of 6 < 7.")
    findings.add("Doubtful.", "warning")
    assert displayed[-2] == {
        "text/html": '<p class="noted finding"><strong>Finding.</strong> 5 of 6 &lt; 7.</p>',
        "text/plain": "Finding: 5 of 6 < 7.",
    }
    open_run("01_linkage", params).close(findings)
    written = json.loads((tmp_path / "demo" / "notebooks" / "U99001" / "01_linkage.findings.json").read_text())
    assert [item["level"] for item in written] == ["finding", "warning"]
    with pytest.raises(InputError, match="level is one of"):
        findings.add("Words.", "hint")


def test_a_run_that_was_never_made_or_lacks_the_area_is_refused(params, tmp_path):
    with pytest.raises(InputError, match=r"Area U99009 is not in this run. It has: QZZ, U99001"):
        open_run("01_linkage", params.model_copy(update={"area_code": "U99009"}))
    with pytest.raises(InputError, match="No run of `other`"):
        open_run("01_linkage", params.model_copy(update={"workbook": "other"}))
