"""What the cohort report says: flows in order, groups and contacts with limits, nothing that the definition decides."""

import re

import pandas as pd
import pytest
from person_table import USUAL_COHORTS
from released_tables import protected, table_of

from phm_utils.measures.cohort_definitions import load_cohorts
from phm_utils.topics.cohorts import cohort_page, differences_page
from phm_utils.topics.cohorts.by_definition import age_limits, asks_for, asks_for_also
from phm_utils.topics.cohorts.cohort_releases import PROFILE, UNIT, USE
from phm_utils.topics.cohorts.cohort_tables import _with_errors, cohort_tables
from phm_utils.topics.cohorts.topic import TOPIC

FREQUENT, DEPRIVED, OLD = "frequent_ed_attenders", "diabetes_depression_deprived", "polypharmacy_75_and_over"
COHORTS = load_cohorts()
CHOSEN = {FREQUENT: COHORTS[FREQUENT]}


@pytest.fixture(autouse=True)
def _counted(people):
    people.cohorts = USUAL_COHORTS


@pytest.fixture
def tables(people):
    """The released tables of these people."""

    def of(rows):
        people.are(rows)
        people.made()
        return protected(cohort_tables(people.con, people.workbook), TOPIC.releases)

    return of


def page(tables: dict[str, pd.DataFrame], release, area: str = "QZZ") -> pd.DataFrame:
    return cohort_page.named(table_of(tables, release, area), CHOSEN)


def words(found) -> str:
    """The details of one figure, a line for each cohort."""
    assert {one.level for one in found} == {"detail"}
    return "\n".join(map(str, found))


CROWD = [
    {"ed_attendances_12m": 8, "gp_appointments_12m": 20, "count": 60, "imd_quintile": 1, "imd_decile": 1},
    {"ed_attendances_12m": 8, "gp_appointments_12m": 22, "count": 15},
    {"gp_appointments_12m": 5, "count": 900, "imd_quintile": 1, "imd_decile": 1},
    {"gp_appointments_12m": 5, "count": 900},
    {"count": 100, "age": 8, "age_band": "5-9"},
]


def test_a_sex_is_named_against_the_other_and_ages_that_the_definition_decides_are_not(tables):
    rows = [row | {"sex": "Male" if row.get("imd_quintile") else "Female"} for row in CROWD]
    groups = cohort_page.by_group(page(tables(rows), PROFILE))
    said = words(differences_page.group_gap(groups, CHOSEN))
    # 60 of 960 men; 15 of 1,015 women. Two sexes are one comparison. Deprivation is for `alike_gap`.
    assert "above it sex Male (62.5, " in said
    assert "against 14.8; 60 people)" in said
    assert "deprivation" not in said
    assert said.endswith(" Not compared, because the definition asks for it: age 0-17.")


def test_a_fifth_is_named_against_people_of_its_ages_and_sexes(tables):
    groups = cohort_page.by_group(page(tables(CROWD), PROFILE))
    said = words(differences_page.alike_gap(groups, CHOSEN))
    # Of one age and sex: 75 of 1,875 are members, so 960 of the most deprived fifth would have 38.4, and have 60.
    assert "above it deprivation 1 (most deprived) (1.6 times, " in said
    assert "below it deprivation 5 (least deprived) (0.41 times, " in said


def test_a_fifth_that_is_only_older_is_not_named(tables):
    old = {"age": 80, "age_band": "80-84"}
    rows = [
        {"ed_attendances_12m": 8, "count": 60, "imd_quintile": 1, "imd_decile": 1} | old,
        {"count": 540, "imd_quintile": 1, "imd_decile": 1} | old,
        {"ed_attendances_12m": 8, "count": 20} | old,
        {"count": 180} | old,
        {"ed_attendances_12m": 8, "count": 10},
        {"count": 990},
    ]
    groups = cohort_page.by_group(page(tables(rows), PROFILE))
    assert "none differs" in words(differences_page.alike_gap(groups, CHOSEN))


def test_a_characteristic_is_left_out_by_name_where_the_definition_decides_all_its_groups():
    levels = [("Age", "0-17", True), ("Age", "18-39", False), ("Sex", "Female", False), ("Deprivation", "1", True),
              ("Deprivation", "2", True)]  # fmt: skip
    groups = pd.DataFrame(levels, columns=["dimension", "level", "asked"])
    groups["level"] = groups["dimension"] + ": " + groups["level"]
    assert differences_page._left_out(groups) == "age 0-17 and deprivation"
    assert differences_page._left_out(groups[~groups["asked"]]) == ""


def test_groups_alike_are_not_named(tables):
    rows = [row | {"sex": sex} for row in CROWD[1:] for sex in ("Female", "Male")]
    said = words(differences_page.group_gap(cohort_page.by_group(page(tables(rows), PROFILE)), CHOSEN))
    assert "cannot be told apart from all others of the same characteristic" in said


def test_contacts_that_the_definition_counts_are_left_out_and_others_have_limits(tables):
    ratios = cohort_page.use_ratios(page(tables(CROWD), USE))
    said = words(differences_page.use(ratios, CHOSEN))
    # 75 members with 1,530 appointments, nearly alike: the error is chance's, 1 / sqrt(1,530). Everybody: 10,530.
    assert re.search(r"above it GP appointments \(20,400, 19,\d\d\d to 21,\d\d\d; against 5,332\)", said)
    assert "Not compared: ED attendances (the definition asks for it)." in said


def test_errors_are_those_of_people_and_no_less_than_chance():
    # 4 people with 10, 10, 10 and 30: variance 100, so 4 x 100 of the sum of 60; alike: chance's 60.
    frame = pd.DataFrame({"people": [4, 4, 4], "x": [60, 60, 0], "x_squared": [1_200, 900, 0]})
    error = _with_errors(frame, ["x"])["x_error"]
    assert error[:2].tolist() == pytest.approx([400**0.5 / 60, 60**0.5 / 60])
    assert pd.isna(error[2])


def test_other_characteristics_are_compared_with_everybodys():
    also = pd.DataFrame({
        "cohort": DEPRIVED, "short": "Core20", "also": ["Smoker", "Dementia", "Four or more long-term conditions"],
        "people": [60, 10, 150], "in_cohort": [200] * 3, "share_all": [0.15, 0.06, 0.05],
    })  # fmt: skip
    assert words(differences_page.overlap(also, COHORTS)) == (
        "Core20: of 2 characteristics compared, 1 differs from everybody registered (share of "
        "people): above it smoker (30.0%, 21.8% to 39.7%; against 15.0%; 60 people). Not compared: four or more "
        "long-term conditions (the definition asks for it). Not adjusted for age."
    )


def test_too_few_places_of_a_kind_are_none_to_name(tables):
    units = page(tables(CROWD), UNIT, "U99001")
    assert str(differences_page.cohort_spread(units, "practice")) == (
        "By practice. How much practices usually differ cannot be told from 1, so none is named. "
        "Members per 1,000 registered: Seven or more ED attendances 38. Not adjusted for age."
    )


def test_a_place_that_stands_out_is_named_with_what_the_others_predict():
    units = pd.DataFrame({
        "cohort": FREQUENT, "short": "Frequent", "unit_name": ["Elm", "Oak", "Ash"], "why": ["", "", "old extract"],
        "people": [90, 30, 400], "registered": 5_000, "share": [0.018, 0.006, 0.08], "lower": [0.0147, 0.0042, 0.073],
        "upper": [0.0221, 0.0086, 0.088], "usual_lower": [0.004, 0.004, None], "usual_upper": [0.009, 0.009, None],
        "p_adjusted": [0.001, 0.8, None], "pooled": [0.015, 0.006, None],
    })  # fmt: skip
    assert str(differences_page.cohort_spread(units, "practice")) == (
        "By practice. Frequent: of 2 practices compared, 1 differs from what the others predict (members per 1,000 "
        "registered): above it Elm (18, 14.7 to 22.1; the others predict 4 to 9; 90 people; 15 drawn towards the "
        "others). Not adjusted for age. Not compared: Ash (old extract)."
    )


def test_other_thresholds_are_said_in_their_order():
    rows = pd.DataFrame({"cohort": FREQUENT, "short": "Frequent", "alternative": ["As defined", "Five", "Ten"],
                         "people": pd.array([15, 50, None], "Int64")})  # fmt: skip
    assert str(cohort_page.alternatives(rows)) == ("People in the cohort: As defined 15; Five 50; Ten too few to show.")
    without = CHOSEN[FREQUENT].model_copy(update={"alternatives": ()})
    assert str(cohort_page.thresholds_said(rows, {FREQUENT: without})) == (
        "Under the other thresholds. Frequent: too few to show to 50 people, as defined 15."
    )
    names = [other.says for other in CHOSEN[FREQUENT].alternatives[:2]]
    shown = rows.assign(alternative=["As defined", *names])
    assert str(cohort_page.thresholds_said(shown, CHOSEN)).endswith(
        "as defined 15. Not counted, because this run lacks what they ask for. "
        "Seven or more ED attendances: Ten or more attendances."
    )


def test_in_the_report_of_the_ics_a_size_has_limits_and_no_comparison():
    sizes = pd.DataFrame({"short": ["A", "B"], "people": pd.array([85, None], "Int64"), "registered": [14_000, 14_000]})
    assert str(cohort_page.cohort_sizes(sizes)) == (
        "A: 6.07 (4.91 to 7.5; 85 people) per 1,000 registered. B: number too small to show."
    )


def test_what_a_definition_decides():
    assert age_limits(COHORTS[FREQUENT]) == (18, 200)
    assert asks_for(COHORTS[FREQUENT], "Age: 0-17")
    assert not asks_for(COHORTS[FREQUENT], "Age: 18-39")
    assert asks_for(COHORTS[OLD], "Age: 65-74")
    assert not asks_for(COHORTS[OLD], "Age: 85+")
    assert asks_for(COHORTS[DEPRIVED], "Deprivation: 3")
    assert not asks_for(COHORTS[DEPRIVED], "Sex: Male")
    assert asks_for_also(COHORTS[DEPRIVED], "Four or more long-term conditions")
    assert not asks_for_also(COHORTS[DEPRIVED], "Smoker")
