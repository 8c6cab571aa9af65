"""The rule language on hand-worked cases: the first and last day of each window, and what is not known."""

from datetime import date, timedelta

import pytest
from rule_answers import INDEX, asked, by_sql, make, query_of
from small_runs import COLUMNS

from phm_utils.rules.tree import parse


@pytest.mark.parametrize(
    ("window", "index_date", "first"),
    [
        ({"months": 12}, date(2025, 3, 31), date(2024, 4, 1)),
        ({"years": 1}, date(2025, 3, 31), date(2024, 4, 1)),
        ({"months": 1}, date(2024, 2, 29), date(2024, 2, 1)),
        ({"months": 12}, date(2024, 2, 29), date(2023, 3, 1)),
        ({"months": 12}, date(2025, 2, 28), date(2024, 3, 1)),  # 29 February 2024 is thirteen months back
        ({"months": 1}, date(2023, 1, 15), date(2022, 12, 16)),
        ({"months": 1}, date(2025, 3, 30), date(2025, 2, 28)),  # from the 31st: February has none, its last day counts
        ({"days": 1}, date(2025, 3, 31), date(2025, 3, 31)),
        ({"days": 90}, date(2025, 3, 31), date(2025, 1, 1)),
        ({"from": date(2024, 9, 1), "to": date(2025, 3, 31)}, date(2025, 3, 31), date(2024, 9, 1)),
        ({"from": date(2024, 9, 1)}, date(2025, 3, 31), date(2024, 9, 1)),
    ],
)
def test_a_look_back_begins_on_its_first_day_and_ends_with_the_index_date(tables, window, index_date, first):
    rule = {"has": "diabetes", "within": window}
    day = timedelta(days=1)
    found = [asked(tables, rule, ("diabetes", d), index_date=index_date) for d in (first - day, first, index_date)]
    assert found == [False, True, True]


@pytest.mark.parametrize(
    ("window", "first", "last"),
    [
        ({"months": 12, "ending": {"months": 12}}, date(2023, 4, 1), date(2024, 3, 31)),
        ({"months": 1, "ending": {"months": 1}}, date(2025, 2, 1), date(2025, 2, 28)),
        ({"months": 1, "ending": {"days": 0}}, date(2025, 3, 1), date(2025, 3, 31)),
        ({"days": 10, "ending": {"days": 31}}, date(2025, 2, 19), date(2025, 2, 28)),
        ({"from": date(2024, 9, 1), "to": date(2024, 9, 30)}, date(2024, 9, 1), date(2024, 9, 30)),
    ],
)
def test_a_window_that_ended_has_a_last_day(tables, window, first, last):
    rule = {"has": "diabetes", "within": window}
    day = timedelta(days=1)
    found = [asked(tables, rule, ("diabetes", d)) for d in (first - day, first, last, last + day)]
    assert found == [False, True, True, False]


def test_a_window_without_a_beginning_ends_so_long_ago(tables):
    rule = {"has": "diabetes", "within": {"ending": {"months": 12}}}
    days = (date(1990, 1, 1), date(2024, 3, 31), date(2024, 4, 1))
    assert [asked(tables, rule, ("diabetes", d)) for d in days] == [True, True, False]


def test_windows_end_with_the_last_complete_month_of_a_source_that_ends_early(tables):
    source = {"ecds_attendance": {"to_date": date(2025, 2, 28)}}
    rule = {"has": "ed_attendances", "within": {"months": 12}}
    days = (date(2024, 2, 29), date(2024, 3, 1), date(2025, 2, 28), date(2025, 3, 1))
    found = [asked(tables, rule, ("ed_attendances", d), **source) for d in days]
    assert found == [False, True, True, False]
    # An entry of a GP in March counts all the same: that source goes on.
    both = {"has": ["ed_attendances", "diabetes"], "within": {"months": 12}}
    assert asked(tables, both, ("diabetes", date(2025, 3, 1)), **source) is True
    assert asked(tables, both, ("diabetes", date(2024, 3, 1)), **source) is False


def test_months_without_data_are_not_among_the_months_of_a_window(tables):
    source = {"ecds_attendance": {"silent": "2024-12-01 2025-01-01"}}  # so twelve months reach two further back
    rule = {"has": "ed_attendances", "within": {"months": 12}}
    days = (date(2024, 1, 31), date(2024, 2, 1))
    assert [asked(tables, rule, ("ed_attendances", d), **source) for d in days] == [False, True]
    # The last two with data are February and March, and the one with data before them is November.
    before = {"has": "ed_attendances", "within": {"months": 1, "ending": {"months": 2}}}
    days = (date(2024, 10, 31), date(2024, 11, 1), date(2024, 11, 30), date(2025, 1, 31))
    assert [asked(tables, before, ("ed_attendances", d), **source) for d in days] == [False, True, True, True]
    days = {"has": "ed_attendances", "within": {"days": 90}}  # of days, all count
    assert asked(tables, days, ("ed_attendances", date(2024, 12, 31)), **source) is False


@pytest.mark.parametrize(
    ("window", "days"),
    [
        (
            {"after": "diabetes", "months": 6},
            (date(2024, 1, 30), date(2024, 1, 31), date(2024, 7, 31), date(2024, 8, 1)),
        ),
        (
            {"after": "diabetes", "months": 1},
            (date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 1)),
        ),
        ({"after": "diabetes", "days": 30}, (date(2024, 1, 30), date(2024, 1, 31), date(2024, 3, 1), date(2024, 3, 2))),
        (
            {"after": "diabetes", "months": 6, "starting": {"months": 1}},
            (date(2024, 2, 28), date(2024, 2, 29), date(2024, 7, 31), date(2024, 8, 1)),
        ),
        (
            {"before": "diabetes", "months": 2},
            (date(2023, 11, 29), date(2023, 11, 30), date(2024, 1, 31), date(2024, 2, 1)),
        ),
        (
            {"before": "diabetes", "years": 1, "starting": {"days": 31}},
            (date(2023, 1, 30), date(2023, 1, 31), date(2023, 12, 31), date(2024, 1, 1)),
        ),
    ],
)
def test_a_window_from_an_event_has_a_first_and_a_last_day(tables, window, days):
    rule = {"has": "asthma", "within": window}
    found = [asked(tables, rule, ("diabetes", date(2024, 1, 31)), ("asthma", d)) for d in days]
    assert found == [False, True, True, False]


def test_without_the_event_that_a_window_is_counted_from_nothing_is_known(tables):
    window = {"after": "diabetes", "months": 6}
    for content in ({"has": "asthma"}, {"has not": "asthma"}, {"events": "asthma", "op": "is", "value": 0},
                    {"sum": "stay_fall", "op": "at least", "value": 0}):  # fmt: skip
        assert asked(tables, content | {"within": window}, ("asthma", INDEX)) is None
    found = asked(tables, {"latest": "bmi", "op": "at least", "value": 1, "within": window}, ("bmi", INDEX, 30.0))
    assert found is None


def test_not_having_an_event_is_known_when_the_window_is_over(tables):
    window = {"after": "diabetes", "months": 6}
    ended, open_still = ("diabetes", date(2024, 9, 30)), ("diabetes", date(2024, 10, 1))
    rule = {"has": "asthma", "within": window}
    assert asked(tables, rule, ended) is False  # its last day, 30 March, is past
    assert asked(tables, rule, open_still) is None  # its last day is 1 April
    assert asked(tables, rule, open_still, ("asthma", INDEX)) is True
    # The source of asthma, not that of diabetes, decides what is past.
    rule = {"has not": "ed_attendances", "within": window}
    assert asked(tables, rule, ended) is True
    assert asked(tables, rule, ended, ecds_attendance={"to_date": date(2025, 2, 28)}) is None


@pytest.mark.parametrize(
    ("op", "value", "two", "three"),
    [
        ("at least", 3, None, True),
        ("more than", 2, None, True),
        ("at most", 2, None, False),
        ("less than", 3, None, False),
        ("less than", 2, False, False),
        ("is", 2, None, False),
        ("is not", 2, None, True),
        ("between", [2, 3], None, None),
        ("between", [0, 2], None, False),
    ],
)
def test_a_number_that_can_still_grow_is_judged_once_it_cannot_matter(tables, op, value, two, three):
    rule = {"events": "asthma", "op": op, "value": value, "within": {"after": "diabetes", "months": 6}}
    visits = [("asthma", date(2025, 3, n)) for n in (1, 2, 3)]
    assert asked(tables, rule, ("diabetes", date(2025, 2, 1)), *visits[:2]) is two
    assert asked(tables, rule, ("diabetes", date(2025, 2, 1)), *visits) is three


def test_a_window_from_an_event_that_begins_before_the_data_is_not_known(tables):
    rule = {"has not": "ed_attendances", "within": {"after": "diabetes", "which": "first", "months": 12}}
    source = {"ecds_attendance": {"first_date": date(2022, 4, 10)}}  # the month as a whole counts as covered
    assert asked(tables, rule, ("diabetes", date(2022, 4, 1)), **source) is True
    assert asked(tables, rule, ("diabetes", date(2022, 3, 31)), **source) is None


def test_a_window_is_counted_from_the_first_or_by_default_from_the_last_event(tables):
    events = (("diabetes", date(2020, 1, 1)), ("diabetes", date(2024, 1, 1)), ("asthma", date(2020, 2, 1)))
    within = {"after": "diabetes", "months": 6}
    assert asked(tables, {"has": "asthma", "within": within | {"which": "first"}}, *events) is True
    assert asked(tables, {"has": "asthma", "within": within | {"which": "last"}}, *events) is False
    assert asked(tables, {"has": "asthma", "within": within}, *events) is False


def test_between_two_birthdays_is_a_window_from_birth(tables):
    # Born in March 2019 (the first counts): from 1 March 2020 to 1 March 2024.
    window = {"after": "born", "which": "first", "starting": {"months": 12}, "months": 60}
    rule = {"events": "mmr_vaccination", "distinct": "day", "op": "less than", "value": 2, "within": window}
    born = ("born", date(2019, 3, 1))
    doses = [("mmr_vaccination", day) for day in (date(2020, 2, 29), date(2020, 3, 1), date(2024, 3, 1))]
    assert asked(tables, rule, born, *doses[:2]) is True  # the first was too early
    assert asked(tables, rule, born, *doses) is False
    assert asked(tables, rule, ("born", date(2021, 3, 1)), *doses[:1]) is None  # the fifth birthday is to come
    assert asked(tables, rule, *doses) is None


def test_of_two_values_on_one_day_the_larger_is_the_latest(tables):
    rule = {"latest": "bmi", "op": "is", "value": 31}
    day = date(2024, 6, 1)
    assert asked(tables, rule, ("bmi", day, 29.0), ("bmi", day, 31.0), ("bmi", date(2024, 5, 31), 40.0)) is True


def test_an_entry_whose_value_cannot_be_believed_is_passed_over_for_the_one_before(tables):
    events = (("bmi", date(2024, 6, 1), None), ("bmi", date(2024, 5, 1), 31.0))
    assert asked(tables, {"latest": "bmi", "op": "is", "value": 31}, *events) is True
    assert asked(tables, {"has": "bmi", "within": {"from": date(2024, 6, 1)}}, *events) is True  # it is an entry
    assert asked(tables, {"latest": "bmi", "op": "is", "value": 31}, events[0]) is None


@pytest.mark.parametrize(
    ("day", "index_date", "months"),
    [
        (date(2025, 3, 31), INDEX, 0),
        (date(2025, 3, 1), INDEX, 0),
        (date(2025, 2, 28), INDEX, 1),
        (date(2024, 4, 1), INDEX, 11),
        (date(2024, 3, 31), INDEX, 12),
        (date(2024, 2, 29), date(2025, 2, 28), 12),  # as the window of twelve months begins on 1 March
        (date(2024, 3, 1), date(2025, 2, 28), 11),
        (date(2023, 2, 28), date(2024, 2, 29), 12),
        (date(2022, 12, 15), date(2023, 1, 15), 1),
        (date(2022, 12, 16), date(2023, 1, 15), 0),
    ],
)
def test_the_age_of_a_value_is_in_completed_months(tables, day, index_date, months):
    found = asked(
        tables, {"latest": "bmi", "age": {"op": "is", "months": months}}, ("bmi", day, 30.0), index_date=index_date
    )
    assert found is True


def test_a_value_on_the_boundary_day_belongs_to_one_of_two_windows(tables):
    now, before = {"months": 12}, {"months": 12, "ending": {"months": 12}}
    rule = {"change": "hba1c", "of": "latest", "from": before, "to": now, "op": "is", "value": 10}
    assert asked(tables, rule, ("hba1c", date(2024, 3, 31), 48.0), ("hba1c", date(2024, 4, 1), 58.0)) is True
    assert asked(tables, rule, ("hba1c", date(2024, 4, 1), 48.0), ("hba1c", date(2024, 4, 2), 58.0)) is None


@pytest.mark.parametrize(
    ("earlier", "later", "by", "op", "value", "answer"),
    [
        (1, 4, "difference", "at least", 3, True),
        (4, 1, "difference", "at most", -3, True),
        (0, 3, "difference", "is", 3, True),
        (0, 3, "ratio", "at least", 2, None),  # a ratio to nothing
        (0, 0, "ratio", "is", 1, None),
        (2, 3, "ratio", "is", 1.5, True),
        (10, 11, "ratio", "at least", 1.1, True),  # exactly: of floats, 11 is less than 1.1 x 10
        (3, 0, "ratio", "is", 0, True),
        (3, 1, "ratio", "less than", 0.34, True),
        (2, 4, "ratio", "between", [2, 2], True),
        (8, 9, "ratio", "at least", 2**62, False),
    ],
)
def test_change_of_the_number_of_events(tables, earlier, later, by, op, value, answer):
    events = [("asthma", date(2024, 1, n + 1)) for n in range(earlier)]
    events += [("asthma", date(2025, 1, n + 1)) for n in range(later)]
    windows = {"from": {"months": 12, "ending": {"months": 12}}, "to": {"months": 12}}
    assert asked(tables, {"change": "asthma", "by": by, "op": op, "value": value} | windows, *events) is answer


def test_a_change_of_values_is_exact(tables):
    windows = {"from": {"months": 12, "ending": {"months": 12}}, "to": {"months": 12}}
    values = (("bmi", date(2024, 1, 1), 30.3), ("bmi", date(2025, 1, 1), 30.4))  # of floats, .0999...
    rule = {"change": "bmi", "of": "latest", "op": "at least", "value": 0.1} | windows
    assert asked(tables, rule, *values) is True
    assert (
        asked(tables, rule | {"by": "ratio", "value": 1.1}, ("bmi", date(2024, 1, 1), 30.0), ("bmi", INDEX, 33.0))
        is True
    )


def test_sums_add_amounts_and_are_unknown_where_one_is(tables):
    rule = {"sum": "emergency_admissions", "op": "at least", "value": 14, "within": {"months": 12}}
    stays = [("emergency_admissions", date(2024, 6, 1), 7), ("emergency_admissions", date(2024, 7, 1), 7)]
    assert asked(tables, rule, *stays) is True
    assert asked(tables, rule, stays[0]) is False
    assert asked(tables, rule) is False
    assert asked(tables, rule | {"op": "is", "value": 0}) is True
    assert asked(tables, rule, *stays, ("emergency_admissions", date(2024, 8, 1), None)) is None
    after = {"sum": "emergency_admissions", "op": "is", "value": 0, "within": {"after": "diabetes", "months": 1}}
    assert asked(tables, after, ("diabetes", date(2024, 1, 1))) is True  # no stay in it


def test_days_and_codes_are_counted_once_each(tables):
    events = [("asthma", date(2024, 6, 1)), ("asthma", date(2024, 6, 1)), ("asthma", date(2024, 6, 2))]
    rule = {"events": ["asthma", "asthma"], "op": "is"}  # named twice, counted once
    assert asked(tables, rule | {"value": 3}, *events) is True
    assert asked(tables, rule | {"value": 2, "distinct": "day"}, *events) is True
    assert asked(tables, rule | {"value": 0, "distinct": "code"}, *events) is True  # these have none


HOMES = {
    "one of two": [("h", True), ("h", False)],
    "alone": [("h", True)],
    "not known of the other": [("h", False), ("h", None)],
    "known of one other": [("h", False), ("h", None), ("h", True)],
    "no household": [(None, True), (None, False)],
    "communal": [("h", True)] * 11,
    "two small areas": [("h", True), ("h", False)],
}


@pytest.mark.parametrize(
    ("home", "answers"),
    [
        ("one of two", [False, True]),
        ("alone", [False]),
        ("not known of the other", [None, False]),
        ("known of one other", [True, True, None]),
        ("no household", [None, None]),
        ("communal", [None] * 11),
        ("two small areas", [None, None]),  # strangers share the pseudonym of an address
    ],
)
def test_somebody_else_in_the_household(tables, home, answers):
    alike = dict.fromkeys(COLUMNS) | {"practice_code": "A", "pcn_code": "U"}
    people = [
        alike
        | {"smi": smi, "household_token": token, "household_size": None if token is None else len(HOMES[home])}
        | {"person_id": f"person-{n:04d}", "person_no": n + 1, "lsoa": f"E{n}" if home == "two small areas" else "E0"}
        for n, (token, smi) in enumerate(HOMES[home])
    ]
    make(tables, {"index_date": INDEX, "people": people, "events": [], "sources": {}})
    content = {"household": {"column": "smi", "op": "is", "value": True}}
    query = query_of(tables)
    assert by_sql(query, content) == answers
    assert by_sql(query, {"not": content}) == [None if answer is None else not answer for answer in answers]


def test_members_of_a_cohort_whom_it_cannot_judge_are_neither_in_it_nor_out(tables):
    # OTHER: diabetes or a BMI of 30 or more, and no attendance. Without either the BMI is not known.
    assert asked(tables, {"cohort": "other"}, ("diabetes", INDEX)) is True
    assert asked(tables, {"cohort": "other"}) is None
    assert asked(tables, {"not": {"cohort": "other"}}) is None
    assert asked(tables, {"not": {"cohort": "other"}}, ("ed_attendances", INDEX)) is True


ED = "emergency department attendances"


def test_a_window_of_days_that_a_source_does_not_reach_is_lacking_and_not_empty(tables):
    asked(tables, {"has": "diabetes"}, ecds_attendance={"to_date": date(2025, 2, 28)})
    run = query_of(tables).run
    march = {"from": date(2025, 3, 1), "to": date(2025, 3, 31)}
    assert run.lacking([parse({"has not": "ed_attendances", "within": march})]) == [f"{ED} after 2025-02-28"]
    assert run.lacking([parse({"has not": "ed_attendances", "within": march | {"from": date(2025, 2, 1)}})]) == []


def test_a_look_back_that_begins_before_the_data_is_lacking(tables):
    asked(tables, {"has": "diabetes"}, ecds_attendance={"first_date": date(2022, 4, 10)})
    run = query_of(tables).run
    for content in ({"has": "ed_attendances"}, {"household": {"not": {"has": "ed_attendances"}}}):
        inner = content.get("household", {"not": content})["not"]
        inner["within"] = {"months": 36}  # from 1 April 2022
        assert run.lacking([parse(content)]) == []
        inner["within"] = {"months": 37}
        assert run.lacking([parse(content)]) == [f"{ED} before 2022-04-10"]
