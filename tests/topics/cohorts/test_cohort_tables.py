"""Released tables of segments and cohorts: complete grids, true zeros, nothing undeclared, nothing small."""

import pandas as pd
import pytest
from person_table import USUAL_COHORTS
from released_tables import protected, table_of

from phm_utils.measures.cohort_definitions import load_cohorts
from phm_utils.reports.findings import TOO_FEW
from phm_utils.rules.derived import person_columns
from phm_utils.topics.cohorts import cohort_page, cohort_tables, differences_page
from phm_utils.topics.cohorts.topic import TOPIC as COHORTS
from phm_utils.topics.segmentation import recorded_conditions_page, segment_tables, segment_use_page
from phm_utils.topics.segmentation.topic import TOPIC as SEGMENTATION

FREQUENT = "frequent_ed_attenders"
# Rules, models and what could not be counted are the same for every area.
OF_THE_ICS = {
    "segment_rule",
    "segment_rule_remark",
    "segment_rule_overlap",
    "segment_overlap",
    "segment_movement_left_out",
    "segment_cluster_condition",
    "segment_cluster_tried",
    "cohort_left_out",
}
CROWD = [
    {"ed_attendances_12m": 8, "count": 40, "cost_pence_12m": 250_000},
    {"ed_attendances_12m": 8, "count": 3, "practice_code": "A99002"},
    {"count": 400, "ed_attendances_12m": 1, "cost_pence_12m": 10_000},
    {"count": 200, "practice_code": "A99002", "diabetes": True, "n_conditions": 1},
    {"count": 300, "practice_code": "A99003", "pcn_code": "U99002", "age": 8, "age_band": "5-9"},
    {"count": 100, "practice_code": "A99003", "pcn_code": "U99002", "dementia": True, "age": None, "age_band": None},
]


@pytest.fixture(autouse=True)
def _counted(people):
    people.cohorts = USUAL_COHORTS


def every_table(people) -> dict[str, pd.DataFrame]:
    """The released tables of the segmentation and of the cohorts."""
    topics = ((segment_tables.segment_tables, SEGMENTATION), (cohort_tables.cohort_tables, COHORTS))
    found = {}
    for make, topic in topics:
        found |= protected(make(people.con, people.workbook), topic.releases)
    return found


@pytest.fixture
def released(people):
    def of(rows=CROWD, missing=()):
        people.are(rows, missing)
        people.made()
        return every_table(people)

    return of


def of_pcn(tables: dict[str, pd.DataFrame], name: str, code: str = "U99001") -> pd.DataFrame:
    [release] = [r for r in (*COHORTS.releases, *SEGMENTATION.releases) if r.name == name]
    return table_of(tables, release, code)


def area(frame: pd.DataFrame, code: str) -> pd.DataFrame:
    return frame[frame["area_code"] == code]


def test_every_table_has_a_block_for_each_area(released):
    for name, frame in released().items():
        if name not in OF_THE_ICS:
            assert set(frame["area_code"]) == {"U99001", "U99002", "QZZ"}, name


def test_grids_are_complete_so_that_a_missing_count_is_a_suppressed_one(released):
    tables = released()
    size = tables["segment_size"].set_index(["area_code", "segment"])["people"]
    assert size["U99002", "Children and young people"] == 300
    assert size["U99001", "Children and young people"] == 0
    unit = tables["cohort_unit"].set_index(["area_code", "unit_code", "cohort"])["people"]
    assert unit["U99001", "A99001", FREQUENT] == 40
    assert pd.isna(unit["U99001", "A99002", FREQUENT])  # three people
    assert unit["QZZ", "U99002", FREQUENT] == 0


def test_rates_come_from_protected_counts(released):
    row = released()["segment_size"].set_index(["area_code", "segment"]).loc[("U99001", "Live well")]
    # 443 people with 43 x 8 + 400 = 744 attendances: shown as 445 and 745; cost 40 x £2,500 + 400 x £100.
    assert (row["people"], row["ed_attendances_12m"]) == (445, 745)
    assert row["ed_attendances_12m_per_1000"] == pytest.approx(745 / 445 * 1000)
    assert row["cost_gbp"] == 140_000
    assert row["share"] == pytest.approx(445 / 645)


def test_contacts_of_a_group_too_small_to_show_are_hidden_with_it(released):
    rows = [{"ed_attendances_12m": 8, "count": 3}, {"count": 100}]
    use = released(rows)["cohort_use"].set_index(["area_code", "cohort", "compared"])
    row = use.loc[("QZZ", FREQUENT, "In the cohort")]
    assert row[["people", "ed_attendances_12m", "ed_attendances_12m_per_1000"]].isna().all()  # 24 attendances of 3


def test_people_of_unknown_age_are_counted_as_such(released):
    ages = area(released()["segment_age_sex"], "U99002").groupby("age_band")["people"].sum()
    assert ages["Not known"] == 100


def test_what_needs_an_absent_table_is_not_released(released):
    tables = released(missing=[("area", "imd_quintile"), ("ecds_attendance", "ed_attendances_12m"),
                               ("ecds_attendance", "cost_pence_12m")])  # fmt: skip
    assert "segment_deprivation" not in tables
    assert "ed_attendances_12m" not in tables["segment_size"]
    assert "cost_gbp" not in tables["segment_size"]
    assert "Deprivation" not in set(tables["cohort_profile"]["dimension"])
    assert FREQUENT in set(area(tables["cohort_left_out"], "QZZ")["cohort"])


EVERY_NEED = [(table, name) for name, column in person_columns().items() for table in column.needs]


def test_of_what_a_run_lacks_nothing_is_shown_of_a_cohort(released):
    nothing = [name for _, name in EVERY_NEED] + ["age", "sex", "ethnic_group", "probable_care_home"]
    tables = released(missing=[("some_table", name) for name in dict.fromkeys(nothing) if name != "bmi"])
    assert not {"cohort_size", "cohort_profile", "cohort_overlap", "cohort_use"} & set(tables)


def test_a_report_whose_cohorts_cannot_be_counted_says_so_wherever_one_would_be():
    absent = pd.DataFrame({"cohort": [FREQUENT], "needs": ["ecds_attendance, gp_event.snomed_code"]})
    chosen = {FREQUENT: load_cohorts()[FREQUENT]}
    listed = cohort_page.left_out(absent, chosen)
    assert listed["Why"].tolist() == [
        "This run lacks emergency department attendances and GP coded events (field snomed_code)."
    ]
    late = "its rule is for index dates from 2024-09-01 to 2025-03-31 and not for 2025-04-30: look up the rule"
    absent = pd.DataFrame({"cohort": [FREQUENT], "needs": [late]})
    assert cohort_page.left_out(absent, {FREQUENT: load_cohorts()[FREQUENT]})["Why"].tolist() == [f"I{late[1:]}."]
    sizes = cohort_page.named(pd.DataFrame({"cohort": ["another"], "people": [200]}), chosen)
    assert sizes.sentence == "The chosen cohorts: left out, because this run lacks what their criteria ask for."
    assert cohort_page.cohort_sizes(sizes) is None


def test_contacts_of_a_run_without_any_source_of_them_are_absent():
    use = pd.DataFrame({"short": ["Frequent"] * 2, "compared": ["In the cohort", "Everybody registered"]})
    assert "this run lacks a source of contacts" in cohort_page.use_ratios(use).sentence


def test_sentences_hold_where_everything_is_suppressed(released):
    tables = released([{"count": 3}, {"count": 2, "practice_code": "A99003", "pcn_code": "U99002"}])
    chosen = load_cohorts()
    sizes = area(tables["segment_size"], "U99001")
    assert str(segment_use_page.segment_gap(of_pcn(tables, "segment_size"))) == TOO_FEW
    assert str(segment_use_page.cost_concentration(sizes, area(tables["segment_cost"], "U99001"))) == TOO_FEW
    groups = cohort_page.by_group(cohort_page.named(area(tables["cohort_profile"], "U99001"), chosen))
    assert "too few to compare" in " ".join(map(str, differences_page.group_gap(groups, chosen)))
    use = cohort_page.use_ratios(cohort_page.named(area(tables["cohort_use"], "U99001"), chosen))
    assert "too few to compare" in " ".join(map(str, differences_page.use(use, chosen)))


def test_sentences_name_the_figures_they_stand_on(released):
    tables = released()
    chosen = {FREQUENT: load_cohorts()[FREQUENT]}
    sizes = cohort_page.named(of_pcn(tables, "cohort_size"), chosen)
    # 43 of 643 people, shown as 45 of 645, against 45 of 1,045 in the ICS.
    assert str(cohort_page.cohort_sizes(sizes)) == (
        "Seven or more ED attendances: 69.8 per 1,000 registered (52.5 to 92.1; 45 people), more than the ICS average "
        "(43.1)."
    )
    steps = cohort_page.named(area(tables["cohort_attrition"], "U99001"), chosen)
    assert str(cohort_page.flow(steps)) == (
        "People left after each criterion: Registered on the index date 645; Aged 18 or over 645; "
        "Seven or more attendances in 12 months 45; Not on the palliative care register 45."
    )


def test_a_step_too_small_to_show_is_said_to_be(released):
    rows = [{"ed_attendances_12m": 8, "count": 3}, {"count": 100}, {"age": 5, "age_band": "5-9", "count": 90}]
    steps = cohort_page.named(area(released(rows)["cohort_attrition"], "QZZ"), {FREQUENT: load_cohorts()[FREQUENT]})
    assert "Seven or more attendances in 12 months too few to show" in str(cohort_page.flow(steps))


def test_conditions_that_differ_are_named_with_limits(released):
    tables = released()
    south = of_pcn(tables, "segment_condition", "U99002")
    # 100 of 400 have dementia against 100 of 1,045; nobody has diabetes, against 200 of 1,045.
    assert str(recorded_conditions_page.condition_gap(south)) == (
        "Of 2 conditions compared, 2 differ from the whole ICS (share of people): above it dementia (25.0%, 20.0% to "
        "30.8%; against 9.6%; 100 people); below it diabetes (0%, 0% to 1.5%; against 19.1%; 0 people). 24 are "
        "too small "
        "to compare. Not adjusted for age."
    )
    whole = area(tables["segment_condition"], "QZZ")
    said = str(recorded_conditions_page.condition_gap(whole))
    assert said.startswith("Recorded for 5% of people or more: ")
    assert "diabetes 19.1%" in said
