"""Criteria of which a run can ask a part: whoever is found is a member, of all others it is not known."""

from datetime import date

import pytest
from rule_answers import asked, query_of

from phm_utils.rules.tree import parse

WITHOUT_ED = {"ecds_attendance": {"lacks": "ecds_attendance"}}
EITHER = {"any": [{"has": "homeless"}, {"has": "no_fixed_abode_ecds"}]}
HOMELESS, ANY_SIGNAL = ("homeless", date(2025, 1, 1)), "homeless_any_signal"


@pytest.mark.parametrize(
    ("rule", "coded", "not_coded"),
    [
        (EITHER, True, None),
        ({"has": ["homeless", "no_fixed_abode_ecds"]}, True, None),
        ({"not": EITHER}, False, None),
        ({"any": [{"has": "homeless"}, {"has not": "no_fixed_abode_ecds"}]}, True, None),
        ({"any": [{"has": "homeless"}, {"events": "ed_attendances", "op": "at least", "value": 1}]}, True, None),
        ({"count": [{"has": "homeless"}, {"has": "ed_attendances"}], "op": "at least", "value": 1}, None, None),
    ],
)
def test_what_a_source_that_is_lacking_would_say_is_not_known(tables, rule, coded, not_coded):
    assert asked(tables, rule, HOMELESS, **WITHOUT_ED) is coded
    assert asked(tables, rule, **WITHOUT_ED) is not_coded


def test_events_before_a_source_begins_are_not_known_and_those_found_count(tables):
    late = {"ecds_attendance": {"first_date": date(2024, 7, 1)}}
    rule = {"any": [{"has": "homeless"}, {"has": "ed_attendances", "within": {"months": 12}}]}
    assert asked(tables, rule, **late) is None
    assert asked(tables, rule, ("ed_attendances", date(2025, 1, 1)), **late) is True


@pytest.mark.parametrize(
    ("rule", "stopped"),
    [
        (EITHER, False),
        ({"all": [EITHER, {"has": "diabetes"}]}, False),
        ({"has": ["homeless", "no_fixed_abode_ecds"]}, False),
        ({"not": EITHER}, True),
        ({"household": EITHER}, True),
        ({"count": [{"has": "homeless"}, {"has": "ed_attendances"}], "op": "at least", "value": 1}, True),
        ({"any": [{"has": "ed_attendances"}, {"has": "no_fixed_abode_ecds"}]}, True),
        ({"all": [{"has": "homeless"}, {"has": "ed_attendances"}]}, True),
        ({"list": ["outreach", "homelessness_duty"]}, True),
    ],
)
def test_a_cohort_stops_where_nobody_could_be_known_to_meet_it(tables, rule, stopped):
    asked(tables, {"has": "homeless"}, **WITHOUT_ED)
    run = query_of(tables).run
    assert bool(run.lacking([parse(rule)])) == stopped
    assert run.in_words(parse(rule)) != run.in_words(parse({"has": "homeless"}))


def test_a_criterion_names_what_it_was_asked_without(tables):
    asked(tables, {"has": "homeless"}, **WITHOUT_ED)
    words = query_of(tables).run.in_words(parse(EITHER))
    assert words.endswith("(asked without emergency department attendances: more people may meet it)")
    assert "asked without" not in query_of(tables).run.in_words(parse({"has": "homeless"}))


def test_the_homeless_cohort_counts_those_found_where_a_partner_sends_no_list(people):
    people.are([{"count": 3}])
    people.cohorts = (ANY_SIGNAL,)
    people.have([
        {"person": 1, "concept": "partner_list", "day": "2025-01-01", "code": "outreach"},
        {"person": 2, "concept": "no_fixed_abode_address", "day": "2019-01-01"},
    ])  # fmt: skip
    made = people.made()
    assert made["cohort_left_out"].empty
    assert made["cohort_member"]["person_id"].tolist() == ["person-0000", "person-0001"]
    step = made["cohort_attrition"].query("step == 1")
    assert int(step["unknown"].sum()) == 1  # the third may be on the list that was not sent
    assert step["criterion"].str.contains("asked without the list homelessness_duty").all()


def test_an_alternative_that_asks_for_more_than_the_run_has_is_not_counted(people):
    people.are([{}])
    people.cohorts = (ANY_SIGNAL,)
    lists = [
        {"person": 1, "concept": "partner_list", "day": "2025-01-01", "code": c}
        for c in ("outreach", "homelessness_duty")
    ]
    people.have(lists, sources={"ecds_attendance": {"first_date": "2023-12-01"}})
    made = people.made()
    assert set(made["cohort_alternative"]["alternative"]) == {"As defined", "Signals of the last 6 months"}
    people.have(lists, sources={"ecds_attendance": {"first_date": "2023-04-01"}})
    assert "Signals of the last 24 months" in set(people.made()["cohort_alternative"]["alternative"])
