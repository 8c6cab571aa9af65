"""Cohorts: members meet every criterion, attrition adds up, and what cannot be counted is left out."""

from datetime import date

import pandas as pd
import pytest
from person_table import USUAL_COHORTS

from phm_utils.errors import InputError
from phm_utils.measures import cohort_members
from phm_utils.measures.cohort_definitions import load_cohort, load_cohorts

HIGH_BMI = "high_bmi_anxiety_depression_no_covid_vaccination"
FREQUENT = "frequent_ed_attenders"
TEXT = """title: T
short: S
question: Q?
use: U
source: S
criteria:
  - {column: age, op: at least, value: 18, says: Adult}
"""


@pytest.fixture(autouse=True)
def _counted(people):
    people.cohorts = USUAL_COHORTS


def members(made: dict[str, pd.DataFrame], cohort: str) -> list[str]:
    frame = made["cohort_member"]
    return frame.loc[frame["cohort"] == cohort, "person_id"].tolist()


def test_members_meet_every_criterion_and_the_unknown_meet_none(people):
    base = {"bmi": 30.0, "anxiety": True}
    people.are(
        [
            base,
            base | {"anxiety": False, "depression": True},
            base | {"age": 17},
            base | {"bmi": 29.9},
            base | {"bmi": None},
            base | {"anxiety": False},
            base | {"covid_vaccinated": True},
            base | {"age": None},
        ]
    )
    assert members(people.made(), HIGH_BMI) == ["person-0000", "person-0001"]


def test_frequent_attenders_are_those_with_seven_or_more_and_not_at_the_end_of_life(people):
    people.are(
        [{"ed_attendances_12m": 6}, {"ed_attendances_12m": 7}, {"ed_attendances_12m": 9, "palliative_care": True}]
    )
    assert members(people.made(), FREQUENT) == ["person-0001"]


def test_attrition_begins_with_everybody_and_ends_with_the_members(people):
    people.are(
        [
            {"ed_attendances_12m": 8, "count": 3},
            {"ed_attendances_12m": 8, "practice_code": "A99003", "pcn_code": "U99002"},
            {"count": 5},
            {"age": 5, "practice_code": "A99002"},
        ]
    )
    made = people.made()
    steps = made["cohort_attrition"].query("cohort == @FREQUENT").groupby("step")["people"].sum()
    assert steps.tolist() == [10, 9, 4, 4]
    assert len(members(made, FREQUENT)) == 4
    grid = made["cohort_attrition"].query("cohort == @FREQUENT")
    assert len(grid) == 3 * 4  # every practice at every step: nobody left is 0, not a missing row


def test_every_cohort_of_the_workbook_can_be_counted(people):
    people.are([{}])
    people.cohorts = tuple(load_cohorts())
    lists = ("homelessness_duty", "outreach")
    people.have([{"person": 1, "concept": "partner_list", "day": "2024-06-01", "code": name} for name in lists])
    made = people.made()
    assert set(made["cohort_attrition"]["cohort"]) == set(load_cohorts())
    assert made["cohort_left_out"].empty
    for frame in made["cohort_attrition"].groupby("cohort"):
        assert frame[1].sort_values("step")["people"].is_monotonic_decreasing


def test_a_cohort_whose_table_is_absent_is_left_out_never_empty(people):
    people.are([{}], missing=[("ecds_attendance", "ed_attendances_12m")])
    made = people.made()
    left = made["cohort_left_out"].set_index("cohort")["needs"]
    assert left[FREQUENT] == "ecds_attendance"
    assert FREQUENT not in set(made["cohort_attrition"]["cohort"])
    assert HIGH_BMI in set(made["cohort_attrition"]["cohort"])


def test_a_cohort_of_a_later_year_is_left_out_although_its_windows_lie_after_the_index_date(people):
    people.workbook = people.workbook.model_copy(update={"index_date": date(2024, 3, 31)})
    people.are([{"age": 70}])
    [left_out] = cohort_members.cohort(people.con, people.workbook, "covid_vaccination_autumn_2024")
    assert left_out.name == "cohort_left_out"
    assert "its rule is for index dates from 2025-01-31" in left_out.frame["needs"].iloc[0]


def test_alternatives_count_the_same_people_under_another_threshold(people):
    people.are([{"ed_attendances_12m": n} for n in (4, 5, 7, 10)])
    frame = people.made()["cohort_alternative"].query("cohort == @FREQUENT").set_index("alternative")["people"]
    assert frame["As defined"] == 2
    assert sorted(frame) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("short: S\n", "", r"line 1: `short` is missing"),
        ("short: S", f"short: {'x' * 41}", "short: at most 40 letters"),
        ("criteria:", "criterion:", "line 6: `criterion` is not known here. Did you mean `criteria`"),
        ("op: at least", "op: '>='", "line 7: op: `>=` is none of is, is not"),
    ],
)
def test_a_faulty_definition_is_refused_with_each_fault(tmp_path, old, new, words):
    (tmp_path / "mine.yml").write_text(TEXT.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError, match=words):
        load_cohort("mine", tmp_path)


def test_an_alternative_must_change_one_criterion(tmp_path):
    more = "alternatives:\n  - {says: Heavier, column: bmi, value: 35}\n"
    (tmp_path / "mine.yml").write_text(TEXT + more, encoding="utf-8")
    with pytest.raises(InputError, match="changes `bmi`, which 0 criteria use"):
        load_cohort("mine", tmp_path)


def test_a_cohort_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(InputError, match=f"There are: .*{FREQUENT}"):
        load_cohort("frequent_attenders")
