"""Ethnic groups, cost by setting, rates, scores, registers and movement: released counts, frames and sentences."""

import pandas as pd
import pytest
from released_tables import protected, table_of

from phm_utils.measures.definitions import load_segmentation
from phm_utils.measures.usual_variation import against_others
from phm_utils.methods.rates import with_shares
from phm_utils.reports.findings import TOO_FEW, Finding
from phm_utils.rules.columns import COSTS, cost_column
from phm_utils.topics.segmentation import (
    age_structure_page,
    frailty_page,
    movement_page,
    register_check_page,
    segment_groups,
    segment_groups_page,
    segment_use_page,
    thresholds_page,
)
from phm_utils.topics.segmentation.segment_tables import RELEASES, segment_tables

SOUTH = {"pcn_code": "U99002", "practice_code": "A99003"}
OLD = {"age": 80, "age_band": "80-84"}
ROWS = [
    {"count": 300, "ed_attendances_12m": 1, "cost_gp_pence_12m": 10_000, "cost_ed_pence_12m": 20_000},
    {"count": 100, "ethnic_group": "Asian", "diabetes": True, "n_conditions": 1},
    {"count": 40, "ethnic_group": "Not stated"},
    {"count": 4, "ethnic_group": "Black"},
    {**OLD, "count": 60, "efi_category": "Severe", "hfrs_category": "Low"},
    {**OLD, "count": 40, "efi_category": "Fit", "hfrs_category": "High", "polypharmacy": True},
    {**OLD, **SOUTH, "count": 200, "efi_category": "Fit", "hfrs_category": "Low"},
    {**SOUTH, "count": 300, "ed_attendances_12m": 2},
]


@pytest.fixture
def released(people):
    def of(rows=ROWS, missing=()):
        people.are(rows, missing)
        people.made()
        return protected(segment_tables(people.con, people.workbook), RELEASES)

    return of


def area(frame: pd.DataFrame, code: str = "U99001") -> pd.DataFrame:
    return frame[frame["area_code"] == code].drop(columns="area_code").reset_index(drop=True)


def both(tables: dict, name: str) -> pd.DataFrame:
    [release] = [r for r in RELEASES if r.name == name]
    return table_of(tables, release, "U99001")


def test_ethnic_groups_not_stated_and_not_known_stand_apart_and_small_ones_are_hidden(released):
    frame = area(released()["segment_ethnicity"]).set_index(["ethnic_group", "segment"])
    assert frame.loc[("Asian", "Stay well"), "people"] == 100
    assert frame.loc[("Not stated", "Live well"), "people"] == 40
    assert frame.loc[("Not known", "Live well"), "people"] == 0
    assert pd.isna(frame.loc[("Black", "Live well"), "people"])
    assert pd.isna(frame.loc[("Black", "Live well"), "registered"])


def test_the_ethnic_sentence_compares_with_everybody_and_says_what_is_not_recorded(released):
    # 544 people: 100 of 100 in the Asian group have a condition, 100 of 540 as shown; 40 are not stated.
    text = str(segment_groups_page.ethnic_gap(area(released()["segment_ethnicity"])))
    assert "Stay well in the Asian group (100%, " in text
    assert "; against 18.5%; 100 people)" in text
    assert text.endswith("Not adjusted for age. No group is recorded for 7.4% of people.")


def test_cost_by_setting_is_per_person_of_the_segment(released):
    rows = area(released()["segment_cost"]).set_index(["segment", "setting"])
    # 300 people at £100 and 244 at none: £30,000 of 444 people in Live well (300 + 40 + 4 + 60 + 40).
    live = rows.loc[("Live well", "GP appointments")]
    assert live["cost_gbp"] == 30_000
    assert live["cost_per_person_gbp"] == pytest.approx(30_000 / 444, rel=0.005)
    assert "Adult social care" in rows.loc["Live well"].index


def test_the_cost_of_few_people_is_not_shown_and_that_of_nobody_is_nothing(released):
    stay = {"count": 9, "cost_emergency_pence_12m": 500_000, "emergency_admissions_12m": 2}
    tables = released([*ROWS, stay])
    rows = area(tables["segment_cost"]).set_index(["segment", "setting"])
    live = rows.loc["Live well"]
    assert pd.isna(live.loc["Emergency admissions", "cost_gbp"])
    assert pd.isna(live.loc["Emergency admissions", "cost_per_person_gbp"])
    assert live.loc["Adult social care", "cost_gbp"] == 0
    assert live.loc["GP appointments", "cost_gbp"] == 30_000


def test_the_parts_of_a_bar_add_up_and_empty_segments_have_none(released):
    cost = area(released()["segment_cost"])
    parts = segment_use_page.cost_parts(cost)
    whole = segment_use_page.ics_cost(both(released(), "segment_cost"))
    live = cost[cost["segment"] == "Live well"]["cost_per_person_gbp"].sum()
    assert parts.groupby("segment")["cost_per_person_gbp"].sum()["Live well"] == pytest.approx(live)
    assert whole["Live well"] == pytest.approx(90_000 / 944, rel=0.005)
    assert segment_use_page.ics_cost(cost) is None  # the ICS's own report compares with nothing
    assert "Die well" not in set(parts["segment"])
    # 300 people with GP appointments of £100 and attendances of £200 each.
    said = str(segment_use_page.by_setting(cost))
    assert said.startswith("Of the cost counted in 12 months: GP appointments 33.3%, emergency departments 66.7%, ")
    assert said.endswith("Not in it: medicines. Small numbers are left out.")


def test_settings_that_are_not_costed_are_left_out(released):
    absent = [("asc_event", "cost_social_care_pence_12m")]
    cost = area(released(missing=absent)["segment_cost"])
    assert "Adult social care" not in set(cost["setting"])
    assert "Not in it: adult social care and medicines." in str(segment_use_page.by_setting(cost))
    every = [("x", cost_column(setting)) for setting in COSTS]
    assert "segment_cost" not in released(missing=every)


def test_rates_are_compared_with_the_ics(released):
    contacts = segment_use_page.contacts(both(released(), "segment_size"))
    ed = contacts.set_index(["segment", "activity"]).loc[("Live well", "ED attendances")]
    assert ed["per_1000"] == pytest.approx(300 / 445 * 1000)
    assert ed["ics_per_1000"] == pytest.approx(900 / 945 * 1000)
    # 300 of 444 people have one attendance: the error of the logarithm is sqrt(300 - 300**2 / 444) / 300 = 0.0329.
    assert ed["error"] == pytest.approx(0.0329, abs=1e-4)
    judged = segment_use_page.rates_beside_ics(contacts).set_index("unit").loc["ED attendances in Live well"]
    assert (judged["lower"], judged["upper"]) == pytest.approx((621.0, 731.9), abs=0.2)
    assert "below it ED attendances in Live well (674, 621 to 732; 300 contacts)" in str(
        segment_use_page.rate_gap(contacts)
    )


def test_a_few_people_with_many_contacts_widen_the_limits_of_a_rate(people):
    rows = [
        {"count": 380},
        {"count": 20, "ed_attendances_12m": 15},
        {**SOUTH, "count": 400, "ed_attendances_12m": 1},
    ]
    people.are(rows)
    people.made()
    tables = protected(segment_tables(people.con, people.workbook), RELEASES)
    contacts = segment_use_page.contacts(both(tables, "segment_size"))
    # 300 attendances of 20 people: 750 per 1,000 against 875 in the ICS; limits of 300 events alone would end at 840.
    assert contacts.set_index(["segment", "activity"]).loc[("Live well", "ED attendances"), "error"] > 0.2
    assert "cannot be told apart from the whole ICS" in str(segment_use_page.rate_gap(contacts))


def test_contacts_that_rules_ask_for_are_no_finding():
    asked = segment_use_page.asked_by_rules(load_segmentation("snee"))
    assert asked["Mental health contacts"] == ["Feel well"]
    assert asked["Emergency admissions"] == ["Age well", "Feel well", "Be well"]
    assert "GP appointments" not in asked
    said = str(segment_use_page.contacts_by_rule(load_segmentation("snee")))
    assert "mental health contacts (for Feel well)" in said
    assert said.endswith("how much more or less than everybody they have is no finding.")


SIZES = pd.DataFrame(
    {
        "segment": ["Ill", "Well"],
        "people": [300, 700],
        "registered": 1_000,
        "share": [0.3, 0.7],
        "cost_share": [0.9, 0.1],
    }
).astype({"people": "Int64", "registered": "Int64"})


def test_segments_of_the_ics_are_listed_in_the_order_of_the_rules():
    assert str(segment_use_page.segment_gap(SIZES)) == (
        "People by segment, in the order of the rules: Ill 30.0% and Well 70.0%."
    )
    cost = pd.DataFrame({"setting": [title for title, _ in COSTS.values()][:-1]})
    assert str(segment_use_page.cost_concentration(SIZES, cost)) == (
        "Share of people and of the cost counted in 12 months, by segment in the order of the rules: Ill 30.0% "
        "and 90.0% "
        "and Well 70.0% and 10.0%. Not in it: adult social care and medicines."
    )


def test_a_segment_is_named_where_its_share_differs_from_the_icss():
    assert str(segment_use_page.segment_gap(SIZES.assign(ics_share=[0.25, 0.75]))) == (
        "Of 2 segments compared, 2 differ from the whole ICS (share of people): above it Ill (30.0%, 26.5% to "
        "33.7%; against "
        "25.0%; 300 people); below it Well (70.0%, 66.3% to 73.5%; against 75.0%; 700 people). Not adjusted for age."
    )
    assert "none differs" in str(segment_use_page.segment_gap(SIZES.assign(ics_share=[0.29, 0.71])))


def test_fifths_are_compared_segment_by_segment():
    rows = [("1 (most deprived)", "Ill", 300), ("1 (most deprived)", "Well", 700),
            ("5 (least deprived)", "Ill", 200), ("5 (least deprived)", "Well", 800)]  # fmt: skip
    frame = with_shares(pd.DataFrame(rows, columns=["quintile", "segment", "people"]).assign(registered=1_000))
    said = str(segment_groups_page.deprivation_gap(frame))
    assert said.startswith(
        "In the most deprived fifth of small areas: of 2 segments compared, 2 differ from the least deprived "
        "fifth (share "
        "of people): above it Ill (30.0%, 26.6% to 33.8%; against 20.0%; 300 people)"
    )
    assert str(segment_groups_page.deprivation_gap(frame[frame["quintile"].str.startswith("1")])) == TOO_FEW


def against_others_of_segments(counts, why=""):
    """Practices of 1,000 people in two PCNs, with the given numbers in one of two segments, against the others."""
    rows = [
        (f"U{i % 2}", f"Practice {i}", segment, people)
        for i, n in enumerate(counts)
        for segment, people in (("Ill", n), ("Well", 1_000 - n))
    ]
    columns = ["area_code", "unit_name", "segment", "people"]
    units = pd.DataFrame(rows, columns=columns).assign(registered=1_000, why="")
    units.loc[units["unit_name"] == "Practice 0", "why"] = why
    found = against_others(
        units, "QZZ", "people", "registered", kind="proportion", families=["segment"], rate=segment_groups.RATE
    )
    return with_shares(found)


def test_a_practice_is_named_only_where_the_others_of_the_ics_do_not_predict_it():
    counts = [*range(285, 305), 600]
    frame = against_others_of_segments(counts)
    own = frame[frame["area_code"] == "U0"].reset_index(drop=True)
    said = str(segment_groups_page.unit_gap(own, "practice"))
    assert (
        "2 differ from what the others of the ICS predict (share of people): above it Ill in Practice 20 (60.0%" in said
    )
    assert "the others predict 2" in said
    others = frame[frame["area_code"] == "U1"].reset_index(drop=True)
    assert "none differs" in str(segment_groups_page.unit_gap(others, "practice"))


def test_a_practice_that_is_not_compared_is_never_the_extreme_and_is_said_once_with_why():
    frame = against_others_of_segments([900, *range(285, 305), 300], why="its last event is old")
    said = str(segment_groups_page.unit_gap(frame, "practice"))
    assert "none differs" in said
    assert said.count("Practice 0") == 1
    assert "Not compared: Practice 0 (its last event is old)." in said


def test_of_few_practices_none_is_named():
    frame = against_others_of_segments([100, 300, 500])
    assert str(segment_groups_page.unit_gap(frame, "practice")) == (
        "How much practices usually differ cannot be told: too few of them are in the ICS. None is named."
    )


def test_another_threshold_is_said_with_how_many_it_moves():
    rows = [("As defined", "Ill", 300), ("As defined", "Well", 700), ("Ill from two", "Ill", 400),
            ("Ill from two", "Well", 600), ("Ill from nine", "Ill", 300), ("Ill from nine", "Well", 700)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["alternative", "segment", "people"]).assign(registered=1_000)
    frame = frame.astype({"people": "Int64", "registered": "Int64"})
    assert str(thresholds_page.alternative_effect(frame)) == (
        "Placed in another segment, at least, by another threshold: “Ill from two” 100 people (10.0%) and “Ill "
        "from nine” "
        "nobody (0%)."
    )
    assert str(thresholds_page.alternative_effect(frame.assign(people=pd.array([None] * 6, "Int64")))) == TOO_FEW


def test_ages_are_compared_where_no_number_is_hidden():
    ages = pd.DataFrame(
        {"age_band": ["10-14", "40-44", "70-74"], "people": [300, 500, 200], "registered": 1_000,
         "ics_people": [2_500, 5_500, 2_000], "ics_registered": 10_000}
    ).astype({"people": "Int64"})  # fmt: skip
    assert str(age_structure_page.age_mix(ages)) == (
        "Under 20: 30.0% of everybody registered (26.9% to 33.3%; 300 people), more than the whole ICS (25.0%). "
        "65 or over: 20.0% of everybody registered (17.6% to 22.6%; 200 people), which cannot be told apart from "
        "the whole "
        "ICS (20.0%)."
    )
    hidden = ages.assign(people=pd.array([300, None, 200], "Int64"))
    assert str(age_structure_page.age_mix(hidden)).endswith("In the ICS 25.0% and 20.0%: not compared.")


def test_a_run_that_cannot_cost_every_contact_says_what_it_needs(released):
    tables = released(missing=[("asc_event", "cost_pence_12m")])
    assert segment_use_page.priced(both(tables, "segment_size")).needs == "part of the costed contacts"


def test_scores_are_counted_by_age_and_category(released):
    frame = area(released()["segment_scores"]).set_index(["score", "age_group", "category"])
    severe = frame.loc[("Frailty by eFI", "75-84", "Severe")]
    assert (severe["people"], severe["registered"]) == (60, 100)
    assert frame.loc[("Hospital frailty risk", "75-84", "High"), "people"] == 40
    assert frame.loc[("Repeat medicines", "75-84", "5 to 9"), "people"] == 40
    assert "18-64" not in frame.loc["Frailty by eFI"].index


def test_the_score_sentence_names_what_differs_from_the_ics(released):
    scores = both(released(), "segment_scores")
    assert list(dict.fromkeys(frailty_page.need(scores)["row"]))[:2] == ["65-74, this PCN", "65-74, Whole ICS"]
    # 60 of 100 here, 60 of 300 in the ICS.
    said = str(frailty_page.need_gap(scores))
    assert "eFI severe at 75-84 (60.0%, 47.5% to 71.3%; against 20.0%; 60 people)" in said
    assert str(frailty_page.need_gap(area(released()["segment_scores"], "QZZ"))) == (
        "Severely frail by the electronic frailty index, by age: 65-74 too few to show, 75-84 20.0% and 85+ too "
        "few to show."
    )


def test_contacts_of_a_run_without_any_source_of_them_are_absent():
    sizes = pd.DataFrame({"segment": ["Live well"], "people": [100], "registered": [100]})
    assert segment_use_page.contacts(sizes).sentence == (
        "Contacts by segment: left out, because this run lacks a source of contacts."
    )


def test_scores_that_could_not_be_made_are_left_out(released):
    tables = released(missing=[("gp_event", "efi_category"), ("apc_episode", "hfrs_category")])
    assert set(tables["segment_scores"]["score"]) == {"Repeat medicines"}
    assert isinstance(frailty_page.need_gap(both(tables, "segment_scores")), Finding)


def registers(*rows: tuple) -> pd.DataFrame:
    columns = ["register", "title", "practice_name", "published", "counted"]
    frame = pd.DataFrame(rows, columns=columns).astype({"counted": "Int64"})
    return frame.assign(as_at="2025-03-31", ratio=frame["counted"] / frame["published"].astype("Float64"))


def test_registers_further_than_a_tenth_are_named_and_small_ones_left_out():
    frame = register_check_page.registers(
        registers(
            ("dm", "Diabetes", "One", 100, 85),
            ("dm", "Diabetes", "Two", 100, 95),
            ("list_size", "People registered", "One", 2_000, 2_000),
            ("smi", "Severe mental illness", "One", 20, 35),
            ("af", "Atrial fibrillation", "Two", 60, None),
        )
    )
    assert frame["title"].tolist()[0] == "People registered"
    assert "Severe mental illness" not in set(frame["title"])  # rounding alone moves 20 people by a tenth
    assert str(register_check_page.registers_differing(frame)) == (
        "1 of 3 registers of 50 people or more in a practice differs from the published one by more than 10%: "
        "diabetes 1 "
        "of 2. Of 3 registers compared, none differs from the published number (100.0% of it) beyond chance."
    )
    spread = register_check_page.register_table(frame, is_ics=True).set_index("Register")
    assert spread.loc["Diabetes", "Over 10% different"] == 1
    assert list(register_check_page.register_table(frame, is_ics=False)) == ["Register", "One", "Two"]


def test_registers_that_agree_are_said_to():
    frame = register_check_page.registers(registers(("dm", "Diabetes", "One", 100, 100)))
    assert str(register_check_page.registers_differing(frame)).startswith("None of 1 register ")
    assert str(register_check_page.registers_differing(frame.head(0))) == TOO_FEW


def test_the_net_flow_leaves_out_who_is_only_older_and_who_is_hidden():
    movement = pd.DataFrame(
        [
            ("Live well", "Stay well", 120, 20, 1_000),
            ("Stay well", "Live well", 40, 0, 500),
            ("Live well", "Age well", 900, 900, 1_000),
            ("Age well", "Live well", 0, 0, 50),
            ("Stay well", "Age well", None, 0, 500),
            ("Age well", "Stay well", 0, 0, 50),
        ],
        columns=["from_segment", "to_segment", "people", "people_by_age", "people_from"],
    ).astype({"people": "Int64", "people_by_age": "Int64"})
    flows = movement_page.net_flows(movement, ["Age well", "Stay well", "Live well"])
    assert set(zip(flows["from_segment"], flows["to_segment"], strict=True)) == {
        ("Live well", "Stay well"),
        ("Age well", "Live well"),
    }
    # 120 - 20 = 100 out of Live well, 40 into it.
    assert str(movement_page.net_flow(flows, "Live well")) == (
        "Apart from moves because of age alone, about 100 people moved from Live well to another segment and 40 "
        "into it: a "
        "net 60 people out of it. Pairs of segments with a suppressed count are left out."
    )


def test_registers_that_differ_beyond_chance_are_named_with_limits():
    frame = register_check_page.registers(
        registers(("dm", "Diabetes", "One", 1_000, 700), ("dm", "Diabetes", "Two", 1_000, 1_010))
    )
    # 700 of 1,000; Byar 649 to 754, wider for having been picked.
    assert "1 differs from the published number (100.0% of it): below it diabetes at One (70.0%, " in str(
        register_check_page.registers_differing(frame)
    )


def test_sentences_hold_where_everything_is_suppressed(released):
    tables = released([{"count": 3}, {"count": 2, **SOUTH}])
    assert isinstance(segment_groups_page.ethnic_gap(area(tables["segment_ethnicity"])), Finding)
    assert str(segment_use_page.by_setting(area(tables["segment_cost"]))) == TOO_FEW
    contacts = segment_use_page.contacts(both(tables, "segment_size"))
    assert str(segment_use_page.rate_gap(contacts)).startswith("No kind of contact of a segment has enough")
    assert isinstance(frailty_page.need_gap(both(tables, "segment_scores")), Finding)
