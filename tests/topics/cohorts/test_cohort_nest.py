"""Which definitions lie within which: cohorts that were counted and their alternatives, none that was left out."""

import pandas as pd
import pytest
from person_table import USUAL_COHORTS

from phm_utils.measures.cohort_definitions import read_cohort
from phm_utils.measures.definitions import AS_DEFINED
from phm_utils.rules.derived import person_columns
from phm_utils.topics.cohorts.nest_tables import cohort_nest, criteria_of, nested

FREQUENT = "frequent_ed_attenders"
FILE = """
title: T
short: S
question: Q?
use: U
source: S
parameters: {{age: 65}}
criteria:
{criteria}
alternatives:
{alternatives}
"""
OLD = "  - {column: age, op: at least, value: $age}"
FRAIL = "  - {cohort: old}\n  - {column: frailty_coded, op: is, value: Severe}"
OLDER = "  - {says: From 75, parameter: age, value: 75}\n  - {says: From 64.5, parameter: age, value: 64.5}"
CARER = "  - {says: Carers, column: frailty_coded, instead: smoking_status}"


@pytest.fixture(autouse=True)
def _counted(people):
    people.cohorts = USUAL_COHORTS


@pytest.fixture
def cohorts(tmp_path):
    for name, criteria, alternatives in (("old", OLD, OLDER), ("frail", FRAIL, "  []")):
        text = FILE.format(criteria=criteria, alternatives=alternatives)
        (tmp_path / f"{name}.yml").write_text(text.replace("alternatives:\n  []", "alternatives: []"))
    return {path.stem: read_cohort(path) for path in tmp_path.glob("*.yml")}


def found(cohorts, *names: str) -> pd.DataFrame:
    """How these cohorts and all their alternatives nest."""
    every = [(name, words) for name in names for words in (AS_DEFINED, *(o.says for o in cohorts[name].alternatives))]
    criteria = {definition: criteria_of(cohorts, definition) for definition in every}
    return nested(criteria, cohorts, person_columns())


def pairs(frame: pd.DataFrame) -> set[tuple]:
    return {((a, b), (c, d)) for a, b, c, d in frame.itertuples(index=False)}


def test_a_cohort_lies_in_one_that_it_refers_to_and_alternatives_in_each_other(cohorts):
    old, from_75, from_64 = ("old", AS_DEFINED), ("old", "From 75"), ("old", "From 64.5")
    frail = ("frail", AS_DEFINED)
    # Whoever is 65 or over is 64.5 or over and, in whole years, the other way round: two rows for the same people.
    expected = {(from_75, old), (from_75, from_64), (old, from_64), (from_64, old), (frail, old), (frail, from_64)}
    assert pairs(found(cohorts, "frail", "old")) == expected


def test_a_cohort_that_was_not_counted_is_none_of_them(cohorts):
    frame = found(cohorts, "frail")
    assert frame.empty
    assert list(frame) == ["cohort", "alternative", "within_cohort", "within_alternative"]


def test_the_table_has_the_cohorts_of_the_run_alone(people):
    people.are([{"count": 10}], missing=[("person_event", "ed_attendances_12m")])
    people.made()
    [model] = cohort_nest(people.con, people.workbook)
    named = set(model.frame["cohort"]) | set(model.frame["within_cohort"])
    assert named == {name for name in people.cohorts if "ed_attend" not in name and "emergency" not in name}
    assert set(model.frame["area_code"]) == {"QZZ"}


def test_thresholds_of_frequent_attenders_are_nested(people):
    people.are([{"count": 10}])
    people.made()
    [model] = cohort_nest(people.con, people.workbook)
    mine = model.frame[model.frame["cohort"] == FREQUENT]
    within = mine.groupby("alternative")["within_alternative"].apply(set)
    names = {words.split(" or more")[0]: words for words in (*within.index, *mine["within_alternative"])}
    three, five, seven, ten = (names[word] for word in ("Three", "Five", AS_DEFINED, "Ten"))
    assert within.to_dict() == {five: {three}, seven: {three, five}, ten: {three, five, seven}}


def test_nothing_lies_within_a_definition_that_is_asked_in_part(people):
    people.are([{"count": 10}])
    people.cohorts = ("homeless_any_signal",)
    codes = ("outreach", "homelessness_duty")
    lists = [{"person": 1, "concept": "partner_list", "day": "2025-01-01", "code": code} for code in codes]
    people.have(lists)
    people.made()
    [model] = cohort_nest(people.con, people.workbook)
    assert AS_DEFINED in set(model.frame["within_alternative"])
    people.have(lists[:1])  # a list that was not sent: of who is on it alone nothing is known
    people.made()
    [model] = cohort_nest(people.con, people.workbook)
    assert model.frame.empty


def test_no_cohort_counted_is_no_table(people):
    people.are([{"count": 10}])
    assert list(cohort_nest(people.con, people.workbook)) == []
