"""Legally restricted codes at the door: withheld and counted, and nowhere in the store, the quarantine or a report."""

import shutil

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from released_tables import protected

from phm_utils import engine
from phm_utils.errors import InputError
from phm_utils.inputs import quality_page
from phm_utils.inputs.check import input_files
from phm_utils.inputs.check_report import report
from phm_utils.inputs.code_lists import code_lists
from phm_utils.inputs.quality import RELEASES, quality_tables
from phm_utils.runs import Store, project_root

SYPHILIS, IVF, GENDER, ASTHMA = "76272004", "52637005", "407374003", "195967001"
SECRET = (SYPHILIS, IVF, GENDER, "A54", "Z31", "F64", "B20", "Q13", "X15", "762720")
WITHHELD = "withheld"


def faults(store: Store) -> dict[tuple[str, str, str, str], int]:
    frame = store.read("check_field")
    return {(r.table_name, r.column_name, r.rule, r.disposition): r.rows for r in frame.itertuples()}


def everything_written(landing, store: Store) -> str:
    """All cells of all tables of the store and of the quarantine, and the printed report, as one text."""
    frames = [store.read(table) for table in store.tables() if table != "check_alarm"]
    frames += [pd.read_parquet(path) for path in sorted(landing.quarantine.glob("*.parquet"))]
    return "\n".join([*(f.to_csv() for f in frames), report(store)])


def assert_nowhere(landing, store: Store) -> None:
    text = everything_written(landing, store)
    assert [code for code in SECRET if code in text] == []


@pytest.mark.parametrize(
    "code", [SYPHILIS, IVF, GENDER, f"  {SYPHILIS} ", f"{SYPHILIS}.0", "7.6272004E7", f"SCT:{SYPHILIS}"]
)
def test_a_gp_event_with_a_restricted_code_is_withheld_but_for_its_key(small, rows, code):
    event = rows["gp_event"]
    small.put("gp_event", event | {"event_id": "e1", "snomed_code": code, "value_num": 7, "unit": "x"},
              event | {"event_id": "e2", "snomed_code": ASTHMA})  # fmt: skip
    store = small.checked()
    assert store.read("gp_event")["event_id"].tolist() == ["e2"]
    [rejected] = small.rejected_rows("gp_event").to_dict("records")
    assert (rejected.pop("reason"), rejected.pop("event_id"), rejected.pop("file")) == (
        "snomed_code:legally restricted", "e1", "gp_event",
    )  # fmt: skip
    assert all(pd.isna(value) for value in rejected.values())
    assert faults(store)[("gp_event", "snomed_code", "legally restricted", WITHHELD)] == 1
    counts = store.read("check_table").set_index("table_name").loc["gp_event"]
    assert (counts["rows_in"], counts["rows_kept"], counts["rows_quarantined"], counts["rows_withheld"]) == (2, 1, 1, 1)
    assert_nowhere(small, store)


@pytest.mark.parametrize("kind", ["int64", "float64"])
def test_codes_stored_as_numbers_are_withheld_too(small, rows, kind):
    path = small.folder / "gp_event.parquet"
    made = [rows["gp_event"] | {"event_id": f"e{n}"} for n in range(3)]
    codes = pd.Series([int(SYPHILIS), int(ASTHMA), int(GENDER)]).astype(kind)
    pd.DataFrame(made).assign(snomed_code=codes).to_parquet(path)
    store = small.checked()
    assert store.read("gp_event")["snomed_code"].tolist() == [ASTHMA]
    assert_nowhere(small, store)


def test_a_local_code_that_the_mapping_turns_into_one_is_withheld_too(small, rows):
    small.put("gp_event", rows["gp_event"] | {"snomed_code": "LOCAL1"})
    mapping = f"tables:\n  gp_event:\n    values: {{snomed_code: {{LOCAL1: '{SYPHILIS}'}}}}\n"
    store = small.checked(small.mapped(mapping))
    assert len(store.read("gp_event")) == 0
    assert "LOCAL1" not in everything_written(small, store)
    assert_nowhere(small, store)


def test_a_row_that_is_quarantined_for_something_else_shows_no_restricted_code(small, rows):
    event, episode = rows["gp_event"], rows["apc_episode"]
    small.put("gp_event", event, event | {"event_id": "e2", "event_date": "never", "snomed_code": SYPHILIS},
              event | {"event_id": None, "snomed_code": IVF}, event | {"event_id": "e4", "event_date": "2030-01-01",
                                                                        "snomed_code": GENDER})  # fmt: skip
    small.put(
        "apc_episode", episode, episode | {"epikey": "2", "epistart": "never", "diag_01": "A54.0", "diag_02": "J45"}
    )
    store = small.checked()
    assert set(small.rejected_rows("gp_event")["reason"]) == {"snomed_code:legally restricted"}
    [rejected] = small.rejected_rows("apc_episode").to_dict("records")
    assert rejected["reason"] == "epistart:not a date"
    assert pd.isna(rejected["diag_01"])
    assert (rejected["diag_02"], rejected["epikey"]) == ("J45", "2")
    assert_nowhere(small, store)


def test_in_a_hospital_row_the_field_is_null_and_the_row_says_nothing_of_it(small, rows):
    episode = rows["apc_episode"]
    small.put(
        "apc_episode",
        episode | {"diag_02": "A54.0", "diag_03": "z31.2", "diag_04": "J459", "opertn_01": "Q13.1", "sex": "7"},
        episode | {"epikey": "2", "diag_01": "F640", "diag_02": "||B20,I10", "opertn_01": "X151", "opertn_02": "H221"},
        episode | {"epikey": "3", "diag_02": "7999"},
    )
    small.put("death", {"death_id": "d1", "token_person_id": "token-1", "date_of_death": "2025-02-01",
                        "underlying_cause": "B20.9"})  # fmt: skip
    small.put("ecds_attendance", {"attendance_id": "a1", "token_person_id": "token-1", "arrival_date": "2025-02-01",
                                  "diagnosis_code_1": SYPHILIS, "chief_complaint": ASTHMA})  # fmt: skip
    store = small.checked()
    kept = store.read("apc_episode").set_index("epikey")
    columns = ["diag_01", "diag_02", "diag_03", "diag_04", "opertn_01", "opertn_02"]
    assert [[v if isinstance(v, str) else None for v in kept.loc[key, columns]] for key in ("1", "2")] == [
        ["I500", None, None, "J459", None, None], [None, None, None, None, None, "H221"],
    ]  # fmt: skip
    # The fault of another field stays named; that a field was restricted does not, for it would tell of the person.
    assert kept["nulled_fields"].fillna("").to_dict() == {
        "1": "sex:unknown code", "2": "", "3": "diag_02:wrong form",
    }  # fmt: skip
    assert store.read("death")["underlying_cause"].isna().all()
    assert store.read("ecds_attendance")["chief_complaint"].tolist() == [ASTHMA]
    found = {key: n for key, n in faults(store).items() if key[2] == "legally restricted"}
    assert found == {
        (table, column, "legally restricted", WITHHELD): n
        for table, column, n in (
            ("apc_episode", "diag_01", 1), ("apc_episode", "diag_02", 2), ("apc_episode", "diag_03", 1),
            ("apc_episode", "opertn_01", 2), ("death", "underlying_cause", 1),
            ("ecds_attendance", "diagnosis_code_1", 1),
        )
    }  # fmt: skip
    counts = store.read("check_table").set_index("table_name").loc["apc_episode"]
    assert (counts["rows_kept"], counts["rows_nulled"], counts["rows_withheld"]) == (3, 2, 0)
    assert not (small.quarantine / "apc_episode.parquet").exists()
    assert_nowhere(small, store)


def test_repeated_keys_and_opt_outs_show_no_restricted_code(small, rows):
    event, episode = rows["gp_event"], rows["apc_episode"]
    person = rows["gp_registration"]
    small.put("gp_registration", person, person | {"registration_id": "r2", "token_person_id": "token-2",
                                                   "type_1_opt_out": "true"})  # fmt: skip
    small.put("gp_event", event | {"snomed_code": SYPHILIS}, event | {"snomed_code": ASTHMA},
              event | {"snomed_code": IVF}, event | {"event_id": "e2", "token_person_id": "token-2",
                                                     "snomed_code": GENDER})  # fmt: skip
    small.put("apc_episode", episode | {"diag_02": "A540"}, episode | {"diag_02": "J459"}, episode | {"diag_02": "F64"})
    store = small.checked()
    assert store.read("gp_event")["snomed_code"].tolist() == [ASTHMA]
    found = faults(store)
    assert found[("gp_event", "snomed_code", "legally restricted", WITHHELD)] == 2
    assert found[("gp_event", "token_person_id", "opted out", WITHHELD)] == 1
    assert_nowhere(small, store)


def test_however_many_there_are_no_alarm_is_raised(small, rows):
    event, episode = rows["gp_event"], rows["apc_episode"]
    codes = [SYPHILIS, IVF, GENDER, ASTHMA]
    small.put("gp_event", *(event | {"event_id": f"e{n}", "snomed_code": codes[n % 4]} for n in range(80)))
    small.put("gp_medication", *({"issue_id": f"m{n}", "token_person_id": "token-1", "issue_date": "2024-06-01",
                                  "dmd_code": SYPHILIS, "bnf_code": "0501013B0"} for n in range(40)))  # fmt: skip
    many = [episode | {"epikey": str(n), "diag_01": "A540" if n % 4 else "I10"} for n in range(80)]
    store = small.put("apc_episode", *many).checked()
    assert len(store.read("check_alarm")) == 0
    counts = store.read("check_table").set_index("table_name")
    assert counts.loc["gp_event", ["rows_kept", "rows_withheld"]].tolist() == [20, 60]
    assert counts.loc["gp_medication", ["rows_kept", "rows_withheld"]].tolist() == [0, 40]
    assert counts.loc["apc_episode", ["rows_kept", "rows_nulled"]].tolist() == [80, 0]
    assert_nowhere(small, store)


def test_the_check_prints_what_was_withheld(small, rows):
    event = rows["gp_event"]
    small.put("gp_event", event, *(event | {"event_id": f"e{n}", "snomed_code": SYPHILIS} for n in range(2, 14)))
    lines = report(small.checked()).splitlines()
    assert "        12  withheld: gp_event.snomed_code, legally restricted" in lines


def test_readers_see_a_protected_count_and_no_code(small, rows):
    event, episode = rows["gp_event"], rows["apc_episode"]
    small.put("gp_event", event, *(event | {"event_id": f"e{n}", "snomed_code": SYPHILIS} for n in range(2, 14)))
    small.put("apc_episode", *(episode | {"epikey": str(n), "diag_02": "A540"} for n in range(3)))
    store = small.checked()
    with engine.session() as con:
        store.register(con)
        fields = protected(quality_tables(con, small.workbook()), RELEASES)["quality_fields"]
    shown = quality_page.faults(fields).set_index("Fault")
    assert shown.loc["GP coded events: snomed_code, legally restricted", "Outcome"] == "withheld: legally restricted"
    assert shown.loc["GP coded events: snomed_code, legally restricted", "Rows"] == 10  # 12, rounded
    assert pd.isna(shown.loc["Admitted patient care episodes: diag_02, legally restricted", "Rows"])  # 3
    assert str(quality_page.faults_finding(fields)) == (
        "No row broke a rule often enough to be shown. Legally restricted codes, not taken up: about 10."
    )


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from((SYPHILIS, IVF, GENDER, ASTHMA, "44054006", None, "junk")), min_size=1, max_size=12))
def test_of_any_mixture_just_the_restricted_rows_are_withheld(small, rows, codes):
    small.put(
        "gp_event", *(rows["gp_event"] | {"event_id": f"e{n:02d}", "snomed_code": c} for n, c in enumerate(codes))
    )
    store = small.checked(small.workbook(accept=["gp_event.snomed_code:emptied", "gp_event.snomed_code:empty"]))
    kept = [f"e{n:02d}" for n, code in enumerate(codes) if code not in (SYPHILIS, IVF, GENDER)]
    assert store.read("gp_event")["event_id"].tolist() == kept
    withheld = faults(store).get(("gp_event", "snomed_code", "legally restricted", WITHHELD), 0)
    assert withheld == len(codes) - len(kept)
    assert_nowhere(small, store)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A workbook's folder of one's own."""
    shutil.copytree(project_root() / "parameters", tmp_path / "own" / "parameters")
    (tmp_path / "own" / "notebooks").mkdir()
    monkeypatch.setenv("PHM_ROOT", str(tmp_path / "own"))
    return tmp_path / "own"


def test_a_line_more_withholds_more_and_the_check_depends_on_the_file(small, rows, root):
    path = root / "parameters" / "restricted_codes.csv"
    assert path in input_files(small.workbook())
    small.put("gp_event", rows["gp_event"] | {"snomed_code": ASTHMA})
    assert len(small.checked().read("gp_event")) == 1
    line = f"snomed,{ASTHMA},sexually_transmitted,Made up,Directions\n"
    path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")
    assert len(small.checked(store="again").read("gp_event")) == 0


def test_without_the_list_nothing_is_checked(small, root):
    (root / "parameters" / "restricted_codes.csv").unlink()
    with pytest.raises(InputError, match=r"No file restricted_codes\.csv"):
        small.checked()


def test_a_code_list_that_could_find_nobody_is_refused(small, root):
    path = root / "parameters" / "codelists" / "asthma.csv"
    path.write_text(f"code\n{SYPHILIS}\n", encoding="utf-8")
    with engine.session() as con, pytest.raises(InputError, match=r"asthma\.csv: all 1 codes are legally restricted"):
        list(code_lists(con, small.workbook()))
    path.write_text(f"code\n{SYPHILIS}\n{ASTHMA}\n", encoding="utf-8")
    with engine.session() as con:
        [model] = code_lists(con, small.workbook())
    assert len(model.rows().query("list_name == 'asthma'")) == 2
