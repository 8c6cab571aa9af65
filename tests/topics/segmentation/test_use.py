"""Ethnic groups, cost by setting, rates, scores, registers and movement: released counts, frames and sentences."""

import pandas as pd
import pytest
from released_tables import protected, table_of

from phm_utils.reports.findings import TOO_FEW, Finding
from phm_utils.rules.columns import COSTS, cost_column
from phm_utils.topics.segmentation import (
    frailty_page,
    movement_page,
    register_check_page,
    segment_groups_page,
    segment_use_page,
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
    assert "100.0% of people of the Asian group" in text
    assert "No group is recorded for 7.4% of people." in text


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
    assert str(segment_use_page.costliest_setting(cost)).startswith("67% of the cost counted is emergency departments")


def test_settings_that_are_not_costed_are_left_out(released):
    absent = [("asc_event", "cost_social_care_pence_12m")]
    assert "Adult social care" not in set(released(missing=absent)["segment_cost"]["setting"])
    every = [("x", cost_column(setting)) for setting in COSTS]
    assert "segment_cost" not in released(missing=every)


def test_rates_are_compared_with_the_ics(released):
    contacts = segment_use_page.contacts(both(released(), "segment_size"))
    ed = contacts.set_index(["segment", "activity"]).loc[("Live well", "ED attendances")]
    assert ed["per_1000"] == pytest.approx(300 / 445 * 1000)
    assert ed["ics_per_1000"] == pytest.approx(900 / 945 * 1000)
    assert "ED attendances in Live well differ most from the ICS" in str(segment_use_page.rate_gap(contacts))


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


def test_the_score_sentence_names_the_furthest_from_the_ics(released):
    scores = both(released(), "segment_scores")
    assert list(dict.fromkeys(frailty_page.need(scores)["row"]))[:2] == ["65-74, this PCN", "65-74, Whole ICS"]
    # 60 of 100 here, 60 of 300 in the ICS.
    assert "Frailty by eFI, severe, at 75-84" in str(frailty_page.need_gap(scores))
    assert "60.0% of people here, 20.0% there" in str(frailty_page.need_gap(scores))


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
        "1 of 3 registers of practices with 50 people or more differ from the published ones by more than 10%, most "
        "often diabetes (1). The largest difference is diabetes at One: 0.85 times the published number."
    )
    spread = register_check_page.register_table(frame, is_ics=True).set_index("Register")
    assert spread.loc["Diabetes", "Over 10% different"] == 1
    assert list(register_check_page.register_table(frame, is_ics=False)) == ["Register", "One", "Two"]


def test_registers_that_agree_are_said_to():
    frame = register_check_page.registers(registers(("dm", "Diabetes", "One", 100, 100)))
    assert str(register_check_page.registers_differing(frame)).startswith("None of 1 registers")
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
    # 120 - 20 - 40 = 60 of the 1,000 who were in Live well.
    text = str(movement_page.net_flow(flows, movement))
    assert "about 100 people moved there and 40 back, a net 60, 60 per 1,000 people of Live well." in text


def test_sentences_hold_where_everything_is_suppressed(released):
    tables = released([{"count": 3}, {"count": 2, **SOUTH}])
    assert isinstance(segment_groups_page.ethnic_gap(area(tables["segment_ethnicity"])), Finding)
    assert str(segment_use_page.costliest_setting(area(tables["segment_cost"]))) == TOO_FEW
    contacts = segment_use_page.contacts(both(tables, "segment_size"))
    assert str(segment_use_page.rate_gap(contacts)) == TOO_FEW
    assert isinstance(frailty_page.need_gap(both(tables, "segment_scores")), Finding)
