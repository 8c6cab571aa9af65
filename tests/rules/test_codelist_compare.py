"""Comparing code lists: what the choice of list does to a cohort."""

import json
import os
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils import cli
from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.rules.codelist_compare import Events, compare, overlap
from phm_utils.rules.codelist_people import PeopleFound, found_in_file, found_in_run
from phm_utils.rules.codelist_reports import CodeList

REAL = os.environ.get("PHM_REAL_DATA")
TYPE_1, TYPE_2, ASTHMA = "46635009", "44054006", "195967001"


def listed(*codes: str, system: str = "snomed", name: str = "list") -> CodeList:
    return CodeList(name, system, codes, Path(f"{name}.csv"))


def counts(found: PeopleFound) -> dict[str, int]:
    return {name: int(count) for name, count in found.counts.items() if not pd.isna(count)}


@pytest.fixture
def events(tmp_path):
    """Ann and Bob have type 2, Bob also type 1, Cat asthma alone, Dan nothing that a list knows."""
    path = tmp_path / "events.csv"
    rows = [("ann", TYPE_2, "2020-01-01"), ("ann", TYPE_2, "2021-01-01"), ("bob", TYPE_2, "2024-01-01")]
    rows += [("bob", TYPE_1, "2024-01-01"), ("cat", ASTHMA, "2020-01-01"), ("dan", "38341003", "2020-01-01")]
    pd.DataFrame(rows, columns=["who", "code", "on"]).to_csv(path, index=False)
    return path


# Codes


def test_codes_are_laid_side_by_side():
    same = overlap(listed(TYPE_2, TYPE_1), listed(TYPE_2, ASTHMA))
    assert (same.both, same.only_a, same.only_b) == ((TYPE_2,), (TYPE_1,), (ASTHMA,))


def test_a_beginning_covers_the_codes_that_begin_with_it():
    same = overlap(listed("J45", "E11", system="icd10"), listed("J450", "J451", "E10", system="icd10"))
    assert same.both == ("J450", "J451")
    assert (same.only_a, same.only_b) == (("J45", "E11"), ("E10",))  # J45 takes in J458, which B lacks


CODES = st.lists(st.sampled_from(["E", "E1", "E11", "E119", "J45", "J450"]), unique=True)


@given(CODES, CODES)
def test_every_code_is_in_one_place_whichever_list_comes_first(a, b):
    one, other = listed(*a, system="icd10"), listed(*b, system="icd10")
    there, back = overlap(one, other), overlap(other, one)
    assert sorted([*there.both, *there.only_a, *there.only_b]) == sorted({*a, *b})
    assert (set(there.both), there.only_a) == (set(back.both), back.only_b)


# People of a file


def test_people_are_counted_once_by_each_list(events):
    found = found_in_file(listed(TYPE_2), listed(TYPE_1, ASTHMA), events, "who", "code")
    assert counts(found) == {"people": 4, "a": 2, "b": 2, "both": 1, "only_a": 1, "only_b": 1}
    assert found.by_code.values.tolist() == [["a", TYPE_2, 1], ["b", ASTHMA, 1]]


def test_events_after_the_last_day_do_not_count(events):
    found = found_in_file(listed(TYPE_2), listed(TYPE_1), events, "who", "code", "on", date(2023, 12, 31))
    assert counts(found) == {"people": 4, "a": 1, "b": 0, "both": 0, "only_a": 1, "only_b": 0}


def test_parquet_ids_as_whole_numbers_and_codes_with_spaces_are_found(tmp_path):
    pd.DataFrame({"p": [1, 2], "c": [int(TYPE_2), int(ASTHMA)]}).to_parquet(tmp_path / "e.parquet")
    assert counts(found_in_file(listed(TYPE_2), listed(ASTHMA), tmp_path / "e.parquet", "p", "c"))["both"] == 0
    (tmp_path / "e.csv").write_text(f"p,c\n1, {TYPE_2} \n2,{ASTHMA}\n")
    assert counts(found_in_file(listed(TYPE_2), listed(ASTHMA), tmp_path / "e.csv", "p", "c"))["a"] == 1


def test_icd10_codes_of_a_file_are_found_with_or_without_dots(tmp_path):
    (tmp_path / "e.csv").write_text("p,c\n1,E11.9\n2,e119\n3,E10X\n4,J45\n")
    found = found_in_file(listed("E11", system="icd10"), listed("E1", system="icd10"), tmp_path / "e.csv", "p", "c")
    assert counts(found) == {"people": 4, "a": 2, "b": 3, "both": 2, "only_a": 0, "only_b": 1}


@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from([TYPE_1, TYPE_2, ASTHMA])), min_size=1, max_size=12))
def test_both_and_either_alone_add_up_to_what_each_list_finds(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("events") / "e.parquet"
    pd.DataFrame(rows, columns=["p", "c"]).to_parquet(path)
    n = counts(found_in_file(listed(TYPE_1, TYPE_2), listed(TYPE_2, ASTHMA), path, "p", "c"))
    assert n["a"] == n["both"] + n["only_a"] == len({p for p, c in rows if c in (TYPE_1, TYPE_2)})
    assert n["b"] == n["both"] + n["only_b"] == len({p for p, c in rows if c in (TYPE_2, ASTHMA)})


@pytest.mark.parametrize(
    ("content", "person", "code", "words"),
    [
        ("who,code\nann,44054006\n", "who", "CODE2", "has no column `CODE2`; it has who, code"),
        ("who,code\nann,E11\n", "who", "code", "no code in `code` is one of SNOMED CT"),
        ('who,code\nann,"44054006\nbob,1\n', "who", "code", "a quotation mark in line 2 opens a field"),
    ],
)
def test_a_file_that_cannot_answer_is_refused(tmp_path, content, person, code, words):
    path = tmp_path / "e.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=words):
        found_in_file(listed(TYPE_2), listed(TYPE_1), path, person, code)


def test_codes_as_decimals_and_dates_that_cannot_be_read_are_refused(tmp_path):
    pd.DataFrame({"p": [1], "c": [44054006.0], "d": ["soon"]}).to_parquet(tmp_path / "e.parquet")
    with pytest.raises(InputError, match="decimal numbers"):
        found_in_file(listed(TYPE_2), listed(TYPE_1), tmp_path / "e.parquet", "p", "c")
    (tmp_path / "e.csv").write_text(f"p,c,d\n1,{TYPE_2},soon\n2,{TYPE_2},\n3,{TYPE_2},2024-01-01\n")
    with pytest.raises(InputError, match="1 of 2 dates in `d` cannot be read"):
        found_in_file(listed(TYPE_2), listed(TYPE_1), tmp_path / "e.csv", "p", "c", "d", date(2025, 1, 1))


def test_odd_column_names_and_file_names_are_no_sql(tmp_path):
    path = tmp_path / "it's [1] file.csv"
    path.write_text(f'"the ""person""; --",code\n1,{TYPE_2}\n')
    assert counts(found_in_file(listed(TYPE_2), listed(TYPE_1), path, 'the "person"; --', "code"))["a"] == 1


# People of a run


@pytest.fixture
def run(tmp_path) -> Workbook:
    """A run of 60 people: 40 have type 2 coded by their practice, 3 of them type 1 too, 20 more E11 in hospital."""
    people = [f"p{n:02d}" for n in range(60)]
    day, late = pd.Timestamp("2024-01-01"), pd.Timestamp("2025-06-01")
    codes = [(p, TYPE_2, day) for p in people[:40]] + [(p, TYPE_1, day) for p in people[:3]]
    codes += [(p, TYPE_1, late) for p in people[40:]] + [("elsewhere", TYPE_2, day)]
    diagnoses = {f"diag_{n:02d}": [None] * 60 for n in range(1, 21)}
    diagnoses["diag_05"] = [None] * 30 + ["E119"] * 30
    hospital = {"token_person_id": [f"h{p}" for p in people], "sex": ["1"] * 60, "birth_month": ["1950-01"] * 60}
    tables = {
        "person": pd.DataFrame({"person_id": people}),
        "gp_event": pd.DataFrame(codes, columns=["token_person_id", "snomed_code", "event_date"]),
        "apc_episode": pd.DataFrame(hospital | {"epistart": [day] * 60} | diagnoses),
        "person_index": pd.DataFrame({"source": ["apc_episode"] * 60} | hospital | {"person_id": people}),
    }
    store = tmp_path / "outputs" / "small" / "store"
    (store / "made").mkdir(parents=True)
    for name, frame in tables.items():
        frame.to_parquet(store / "made" / f"{name}.parquet")
    made = {"folder": "made", "tables": {name: {"files": {f"{name}.parquet": ""}} for name in tables}}
    (store / "manifest.json").write_text(json.dumps({"version": 1, "stages": {"made": made}}))
    return Workbook(
        name="small", title="Small", ics_code="QZZ", synthetic=True, index_date=date(2025, 3, 31),
        landing="none", outputs=str(tmp_path / "outputs"),
    )  # fmt: skip


def test_people_of_a_run_are_counted_up_to_the_index_date_and_protected(run):
    found = found_in_run(listed(TYPE_2), listed(TYPE_1), run)
    # 3 have type 1 by the index date, the 20 of June do not count; 3 is a small count, and 37 rounds to 35.
    assert counts(found) == {"people": 60, "a": 40, "only_a": 35, "only_b": 0}
    assert pd.isna(found.counts["b"])
    assert pd.isna(found.counts["both"])


def test_a_list_of_diagnoses_is_sought_in_hospital_beside_one_of_the_practice(run):
    found = found_in_run(listed(TYPE_2), listed("E11", system="icd10"), run)
    assert counts(found) == {"people": 60, "a": 40, "b": 30, "both": 10, "only_a": 30, "only_b": 20}
    assert found.by_code.values.tolist() == [["a", TYPE_2, 30], ["b", "E11", 20]]


def test_a_run_without_people_or_without_the_table_is_refused(run, tmp_path):
    with pytest.raises(InputError, match="no table gp_medication, which holds codes of BNF"):
        found_in_run(listed(TYPE_2), listed("0403", system="bnf"), run)
    with pytest.raises(InputError, match="no table with codes of Read v2"):
        found_in_run(listed("13D..", system="readv2"), listed(TYPE_2), run)
    with pytest.raises(InputError, match="has no people yet"):
        found_in_run(listed(TYPE_2), listed(TYPE_1), run.model_copy(update={"name": "other"}))


# The command


@pytest.fixture
def two_lists(tmp_path) -> list[str]:
    (tmp_path / "a.csv").write_text(f"code,term\n{TYPE_2},Diabetes mellitus type 2\n")
    (tmp_path / "b.csv").write_text(f"code\n{TYPE_2}\n{TYPE_1}\n{ASTHMA}\n")
    return [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]


def test_compare_prints_codes_and_people_and_that_they_are_not_for_release(two_lists, events, capsys):
    arguments = ["codelists", "compare", *two_lists, "--events", str(events), "--person", "who", "--code", "code"]
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out.splitlines() == [
        "A a: SNOMED CT, 1 code",
        "B b: SNOMED CT, 3 codes",
        "codes: 1 in both, 0 only in A, 2 only in B",
        "people: A finds 2, B finds 3, of 4 people in events.csv",
        "people: 2 by both, 0 by A alone, 1 by B alone",
        f"  by B alone, {ASTHMA}: 1",
        "True counts: for your own work, not for release.",
    ]


def test_compare_of_lists_alone_needs_no_data(two_lists, capsys):
    assert cli.main(["codelists", "compare", *two_lists]) == 0
    assert "people" not in capsys.readouterr().out


def test_compare_of_a_run_says_what_is_hidden(two_lists, run):
    printed = compare(*map(Path, two_lists), None, run=run, events=Events())
    assert "Counts of 1-7 are shown as *, others to the nearest 5: for your own work, not for release." in printed
    assert "people: 40 by both, 0 by A alone, 0 by B alone" in printed


def test_the_workbooks_own_lists_go_by_name(capsys):
    assert cli.main(["codelists", "compare", "stay_stroke", "stay_fall"]) == 0
    assert capsys.readouterr().out.startswith("A stay_stroke: ICD-10")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--person", "who"], "add --events FILE"),
        (["--events", "EVENTS"], "needs --person and --code"),
        (["--events", "EVENTS", "--person", "who", "--code", "code", "--date", "on"], "give both or none"),
        (["--events", "gone.csv", "--person", "who", "--code", "code"], "No file gone.csv"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(two_lists, events, capsys, options, words):
    arguments = [str(events) if option == "EVENTS" else option for option in options]
    assert cli.main(["codelists", "compare", *two_lists, *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_bad_list_and_a_folder_are_not_compared(two_lists, tmp_path, capsys):
    (tmp_path / "a.csv").write_text(f"code\n{TYPE_2}\n44054007\n")
    assert cli.main(["codelists", "compare", *two_lists]) == 2
    assert "Code list a.csv: 1 of 2 rows cannot be used" in capsys.readouterr().err
    (tmp_path / "lists").mkdir()
    for name in ("x", "y"):
        (tmp_path / "lists" / f"{name}.csv").write_text(f"code\n{TYPE_2}\n")
    assert cli.main(["codelists", "compare", str(tmp_path / "lists"), two_lists[1]]) == 2
    assert "Two lists are compared" in capsys.readouterr().err


def test_lists_of_two_systems_are_not_sought_in_one_column(two_lists, tmp_path, events, capsys):
    (tmp_path / "a.csv").write_text("code\nE11\nE119\n")
    arguments = ["codelists", "compare", *two_lists, "--events", str(events), "--person", "who", "--code", "code"]
    assert cli.main(arguments) == 2
    assert "one column of codes holds one system" in capsys.readouterr().err


@pytest.mark.skipif(not REAL, reason="PHM_REAL_DATA is not set: published lists and Synthea's people are not here")
@pytest.mark.parametrize(
    ("a", "b", "people"),
    [
        ("ckd_3_5__ckd_cod__snomed", "gm_chronic_kidney_disease__v1__snomed", (4, 9, 4)),
        ("gm_copd__v1__snomed", "gm_copd__v2__snomed", (4, 0, 0)),  # two versions of one publisher's list
        ("obesity__bmi_obesity_snomed__snomed", "severe_obesity__sev_obesity__snomed", (43, 0, 0)),
        ("diabetes__dm_cod__snomed", "gm_efi_diabetes__v1__snomed", (13, 13, 13)),
    ],
)
def test_two_published_lists_of_a_condition_find_other_people(a, b, people, capsys):
    lists = [str(Path(REAL) / "codelists" / f"{name}.csv") for name in (a, b)]
    arguments = ["--events", str(Path(REAL) / "synthea" / "conditions.csv"), "--person", "PATIENT", "--code", "CODE"]
    assert cli.main(["codelists", "compare", *lists, *arguments]) == 0
    in_a, in_b, both = people
    out = capsys.readouterr().out
    assert f"A finds {in_a}, B finds {in_b}, of 111 people" in out
    assert f"people: {both} by both, {in_a - both} by A alone, {in_b - both} by B alone" in out
    # The same, counted another way: codes and rows joined by hand in one query.
    source = f"read_csv('{Path(REAL) / 'synthea' / 'conditions.csv'}', all_varchar = true)"
    for path, expected in zip(lists, (in_a, in_b), strict=True):
        codes = pd.read_csv(path, dtype=str)["code"].tolist()
        sql = f"SELECT count(DISTINCT PATIENT) FROM {source} WHERE CODE IN (SELECT unnest(?))"
        with duckdb.connect() as con:
            assert con.execute(sql, [codes]).fetchone() == (expected,)
