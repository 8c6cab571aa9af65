"""NHS England's Artificial HES pilot, by its true field names: faults flagged, no usable episode lost."""

import os
from pathlib import Path

import pytest

from phm_utils.inputs.check_report import report
from phm_utils.inputs.practice_table import areas
from phm_utils.topics.registry import load_workbook

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("PHM_REAL_DATA", "not set"))

pytestmark = pytest.mark.skipif(
    not (DATA / "artificial_hes").is_dir(), reason="set PHM_REAL_DATA to a folder that holds artificial_hes"
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    from datetime import date

    from phm_utils import engine
    from phm_utils.inputs.check import check
    from phm_utils.runs import Store

    root = tmp_path_factory.mktemp("hes")
    store = Store(root / "store")
    with engine.session(root / "spill") as con, store.stage("check", "0" * 12) as writer:
        check(con, load_workbook(REPOSITORY / "parameters/artificial_hes.yml"), writer, root / "q", date(2025, 5, 1))
    return store


def faults(store, disposition):
    found = store.read("check_field").query(f"disposition == '{disposition}'")
    return {(r.table_name, r.column_name, r.rule): r.rows for r in found.itertuples()}


def test_every_row_is_accounted_for_and_no_usable_one_lost(store):
    tables = store.read("check_table").query("state == 'present'").set_index("table_name")
    assert tables["rows_in"].to_dict() == {"apc_episode": 2075, "ecds_attendance": 1000, "op_attendance": 1000}
    # One episode has 1801-01-01, the documented null, as each of its four dates: it cannot be dated.
    assert tables["rows_quarantined"].to_dict() == {"apc_episode": 1, "ecds_attendance": 0, "op_attendance": 0}
    assert faults(store, "quarantined") == {("apc_episode", "epistart", "missing"): 1}


def test_the_faulty_diagnoses_are_flagged_and_nothing_valid_is(store):
    diagnoses = {key: n for key, n in faults(store, "nulled").items() if key[1].startswith("diag")}
    assert sum(diagnoses.values()) == 3  # 7999 once, 0000 twice
    assert {rule for _, _, rule in diagnoses} == {"wrong form"}


def test_fillers_are_documented_nulls(store):
    fillers = {key: n for key, n in faults(store, "documented null").items() if key[1].startswith("diag")}
    assert sum(fillers.values()) == 780  # of 781: one is in the episode that cannot be dated


def test_sex_not_known_is_kept(store):
    assert (store.read("apc_episode")["sex"] == "0").sum() == 2
    assert (store.read("ecds_attendance")["sex"] == "0").sum() == 8


def test_months_of_birth_as_hes_writes_them_are_read(store):
    episodes = store.read("apc_episode")
    contradicted = faults(store, "nulled")[("apc_episode", "birth_month", "after epistart")]
    missing = faults(store, "documented null")[("apc_episode", "birth_month", "documented null")]
    assert episodes["birth_month"].isna().sum() == contradicted + missing


def test_it_needs_no_practice_table_and_reports_what_is_absent(store):
    assert areas(load_workbook(REPOSITORY / "parameters/artificial_hes.yml")) == {"ENG": "Artificial HES pilot"}
    assert "absent: address_list, area, asc_event, boundary" in report(store)
