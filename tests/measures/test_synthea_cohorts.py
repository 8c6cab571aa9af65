"""Cohorts of Synthea's people with published code lists: their sizes, and the same people found in the raw export."""

import os
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from some_tables import made_stages

from phm_utils.engine import parquet_source
from phm_utils.inputs.synthea_workbook import synthea_workbook
from phm_utils.rules.codelists import load
from phm_utils.topics.registry import load_workbook

REAL = Path(os.environ.get("PHM_REAL_DATA", "not set"))
INDEX, YEAR_AGO = "2023-09-30", "2022-10-01"
pytestmark = pytest.mark.skipif(
    not (REAL / "synthea").is_dir() or not (REAL / "codelists").is_dir(),
    reason="set PHM_REAL_DATA to a folder that holds synthea and codelists",
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The stages of a workbook of the export; a function that reads one of their tables."""
    root = tmp_path_factory.mktemp("synthea") / "workbook"
    synthea_workbook(REAL / "synthea", root, REAL / "codelists")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHM_ROOT", str(root))
        workbook = load_workbook(root / "parameters" / "synthea.yml")
        batch = made_stages(workbook.model_copy(update={"outputs": str(root / "outputs")}))

        def table(name: str) -> pd.DataFrame:
            return duckdb.sql(f"SELECT * FROM {parquet_source(batch.store.files(name))}").df()

        yield root, table


def export(name: str) -> pd.DataFrame:
    """A file of the export, of the living, up to the index date."""
    patients = pd.read_csv(REAL / "synthea" / "patients.csv", dtype=str)
    alive = patients.loc[patients["DEATHDATE"].isna(), "Id"]
    rows = pd.read_csv(REAL / "synthea" / f"{name}.csv", dtype=str).assign(day=lambda r: r["START"].str[:10])
    return rows[(rows["day"] <= INDEX) & rows["PATIENT"].isin(alive)]


def members(table, cohort: str) -> set[str]:
    return set(table("cohort_member").query("cohort == @cohort")["person_id"])


@pytest.mark.full
def test_sizes_and_what_could_not_be_judged(run):
    _, table = run
    steps = table("cohort_attrition").groupby(["cohort", "step"])[["people", "unknown"]].sum().reset_index()
    sizes = steps.groupby("cohort").agg(people=("people", "last"), unknown=("unknown", "sum"))
    assert {name: (row["people"], row["unknown"]) for name, row in sizes.iterrows()} == {
        "frequent_ed_attenders": (2, 0),
        "homeless_any_signal": (3, 97),  # of 97 no partner's list, stay or other signal is known
        "learning_disability_without_health_check": (0, 0),
        "neighbourhood_team": (7, 29),
        "severe_frailty_without_review": (0, 0),
        "severe_mental_illness_emergency_care": (0, 0),
    }


def test_homeless_people_are_those_of_the_published_list_in_the_export(run):
    root, table = run
    folder = root / "parameters" / "codelists"
    concepts = pd.read_csv(root / "parameters" / "concepts.csv", dtype=str).set_index("concept")
    rows = pd.concat([export("conditions"), export("procedures")])

    def last(concept: str) -> pd.Series:
        given = concepts.loc[concept, "code_list"]
        codes = load(concept if pd.isna(given) else given, folder)
        return rows[rows["CODE"].isin(codes)].groupby("PATIENT")["day"].max()

    coded = last("homeless")
    settled = last("settled_residence").reindex(coded.index).fillna("")
    assert len(members(table, "homeless_any_signal")) == int(((coded > settled) | (coded >= YEAR_AGO)).sum()) == 3


def test_frequent_attenders_are_those_with_seven_unplanned_encounters_in_the_export(run):
    _, table = run
    rows = export("encounters").query("day >= @YEAR_AGO")
    visits = rows[rows["ENCOUNTERCLASS"].isin(["emergency", "urgentcare"])]  # department types 01 and 03
    assert (visits.groupby("PATIENT").size() >= 7).sum() == len(members(table, "frequent_ed_attenders"))
