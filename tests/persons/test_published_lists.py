"""Synthea's people through the stages with published code lists: who is found, and what another list would find."""

import csv
import os
from pathlib import Path

import pandas as pd
import pytest
from linked_store import check_and_link, make_code_lists

from phm_utils import engine
from phm_utils.inputs.synthea_workbook import synthea_workbook
from phm_utils.persons import persons
from phm_utils.rules.codelists import load
from phm_utils.rules.concepts import concepts
from phm_utils.topics.registry import load_workbook

REAL = Path(os.environ.get("PHM_REAL_DATA", "not set"))
INDEX_DATE = "2023-09-30"

pytestmark = pytest.mark.skipif(
    not (REAL / "synthea").is_dir() or not (REAL / "codelists").is_dir(),
    reason="set PHM_REAL_DATA to a folder that holds synthea and codelists",
)


class Trial:
    """A workbook made of the real export, checked and linked; the persons stage as often as asked."""

    def __init__(self, con, root, workbook):
        self.con, self.root, self.workbook = con, root, workbook

    def made(self):
        """The tables of the persons stage, with the lists that concepts.csv names now."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PHM_ROOT", str(self.root))
            make_code_lists(self.con, self.workbook)
            return {
                model.name: model.frame if model.frame is not None else engine.read_sql(self.con, self._kept(model))
                for model in persons(self.con, self.workbook)
            }

    def _kept(self, model):
        self.con.execute(f"CREATE OR REPLACE TABLE {model.name} AS {model.sql}")
        return f"SELECT * FROM {model.name}"

    def with_list(self, concept, code_list):
        """The person table with another published list of one concept."""
        path = self.root / "parameters" / "concepts.csv"
        before = path.read_text(encoding="utf-8")
        rows = list(csv.reader(before.splitlines()))
        place = rows[0].index("code_list")
        changed = [[*row[:place], code_list, *row[place + 1 :]] if row[0] == concept else row for row in rows]
        with path.open("w", newline="", encoding="utf-8") as handle:
            csv.writer(handle).writerows(changed)
        try:
            return self.made()["person"]
        finally:
            path.write_text(before, encoding="utf-8")


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    root = folder / "workbook"
    synthea_workbook(REAL / "synthea", root, REAL / "codelists")
    workbook = load_workbook(root / "parameters" / "synthea.yml")
    workbook = workbook.model_copy(
        update={name: str(root / getattr(workbook, name)) for name in ("landing", "governance")}
    )
    with engine.session(folder / "spill") as con:
        check_and_link(con, workbook, folder)
        yield Trial(con, root, workbook)


@pytest.fixture(scope="module")
def made(trial):
    return trial.made()


@pytest.fixture(scope="module")
def recorded():
    """Every condition and procedure of the export up to the index date, of the living."""
    parts = [
        pd.read_csv(REAL / "synthea" / f"{name}.csv", dtype=str, usecols=["PATIENT", "START", "CODE"])
        for name in ("conditions", "procedures")
    ]
    patients = pd.read_csv(REAL / "synthea" / "patients.csv", dtype=str)
    rows = pd.concat(parts).assign(day=lambda r: r["START"].str[:10])
    return rows[(rows["day"] <= INDEX_DATE) & rows["PATIENT"].isin(patients.loc[patients["DEATHDATE"].isna(), "Id"])]


def test_of_111_people_100_are_alive_and_counted_and_the_dead_are_in_no_count(made):
    # All 111 are registered; 11 died, the last on 27 February 2021, so she alone of them is in the
    # 48 months of follow-up.
    assert made["person"]["person_id"].nunique() == len(made["person"]) == 100
    assert made["person_follow_up"]["person_no"].nunique() == 101


def test_conditions_are_those_of_pandas_for_every_concept(trial, made, recorded):
    # Recorded in the window, and not resolved on the same day or later.
    folder = trial.root / "parameters" / "codelists"
    known = {c.concept: c for c in concepts(trial.root / "parameters" / "concepts.csv")}
    conditions = [c for c in known.values() if c.kind == "condition" and c.in_person]

    def last(name):
        codes = load(known[name].codes_from, folder)
        return recorded[recorded["CODE"].isin(codes)].groupby("PATIENT")["day"].max()

    for concept in conditions:
        found = last(concept.concept)
        if concept.window_months:
            found = found[found >= "2023-01-01"]
        for ends in concept.resolved_by:
            found = found[found > last(ends).reindex(found.index).fillna("")]
        assert made["person"][concept.concept].sum() == len(found), concept.concept


def test_the_conditions_of_the_published_lists(made):
    person = made["person"]
    found = {c.concept: int(person[c.concept].sum()) for c in concepts() if c.kind == "condition" and c.in_person}
    assert {name: people for name, people in found.items() if people} == {
        "hypertension": 25,
        "anxiety": 14,
        "chd": 12,
        "diabetes": 11,
        "substance_misuse": 5,
        "homeless": 3,
        "pregnancy": 3,
        "asthma": 2,
        "ckd": 2,
        "dementia": 2,
        "atrial_fibrillation": 1,
        "cancer": 1,
        "copd": 1,
        "osteoporosis": 1,
    }
    # Bad housing is no homelessness; it is a sign of social vulnerability. Of six in the export one has died.
    by_concept = made["person_concept"].groupby("concept")["person_no"].nunique()
    assert by_concept["social_vulnerability"] == 5


@pytest.mark.parametrize(
    ("concept", "other", "people"),
    [
        # Of the 11 with diabetes by QOF's list 4 have the disease itself coded; of the others its complications are.
        ("diabetes", "gm_diabetes_type_ii__v1__snomed", 4),
        ("copd", "gm_copd__v2__snomed", 0),  # 1 by QOF's list and by version 1 of this one
        ("homeless", "homeless__primis_homeless__snomed", 3),  # two lists that agree here
    ],
)
def test_another_published_list_finds_other_people(trial, concept, other, people):
    assert trial.with_list(concept, other)[concept].sum() == people


def test_what_rests_on_medicines_is_left_out_and_not_zero(made):
    person, left_out = made["person"], made["person_left_out"]
    for name in ("polypharmacy", "repeat_medicines", "efi", "qof_asthma"):
        assert person[name].isna().all(), name
        assert "gp_medication" in set(left_out.loc[left_out["column_name"] == name, "table_name"]), name


def test_vaccinations_are_found_by_the_codes_that_cvx_became(made):
    # CVX 140 in the year to the index date; 207, 208 or 212 ever; 33 or 133 ever.
    vaccines = pd.read_csv(REAL / "synthea" / "immunizations.csv", dtype=str).assign(day=lambda r: r["DATE"].str[:10])
    patients = pd.read_csv(REAL / "synthea" / "patients.csv", dtype=str)
    living = vaccines[
        vaccines["PATIENT"].isin(patients.loc[patients["DEATHDATE"].isna(), "Id"]) & (vaccines["day"] <= INDEX_DATE)
    ]
    for column, cvx, since in (
        ("flu_vaccinated", ["140"], "2022-10-01"),
        ("covid_vaccinated", ["207", "208", "212"], ""),
        ("pneumococcal_vaccinated", ["33", "133"], ""),
    ):
        given = living[living["CODE"].isin(cvx) & (living["day"] >= since)]
        assert made["person"][column].sum() == given["PATIENT"].nunique() > 0, column
