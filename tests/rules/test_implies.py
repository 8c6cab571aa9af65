"""Rules that contain each other by definition: what is shown, and what must not be."""

from datetime import date

import pytest

from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.implies import all_imply, contained, implies
from phm_utils.rules.tree import Rule, parse

COLUMNS = {
    "age": RuleColumn("age", "int", "Age"),
    "bmi": RuleColumn("bmi", "float", "BMI"),
    "smi": RuleColumn("smi", "bool", "Severe mental illness"),
    "sex": RuleColumn("sex", "text", "Sex", words=("Female", "Male")),
    "since": RuleColumn("since", "date", "Registered since"),
}
COHORTS = {
    "frail": (
        parse({"column": "age", "op": "at least", "value": 65}),
        parse({"has not": "medication_review", "within": {"months": 12}}),
    )
}
ASTHMA, COPD, GOUT = {"has": "asthma"}, {"has": "copd"}, {"has": "gout"}


def column(name: str, op: str, value: object = None) -> dict:
    return {"column": name, "op": op} | ({} if value is None else {"value": value})


def visits(op: str, value: object, **more: object) -> dict:
    return {"events": "ed_attendances", "op": op, "value": value, "within": {"months": 12}} | more


def latest(op: str, value: object, within: dict | None = None) -> dict:
    return {"latest": "bmi", "op": op, "value": value} | ({"within": within} if within else {})


def change(value: float, by: str = "difference", **more: object) -> dict:
    windows = {"from": {"months": 12, "ending": {"months": 12}}, "to": {"months": 12}}
    return {"change": "bmi", "by": by, "op": "at least", "value": value} | windows | more


def count(parts: list, op: str, value: int) -> dict:
    return {"count": parts, "op": op, "value": value}


def within(content: dict, **window: object) -> dict:
    return content | {"within": window}


# Each pair: the first implies the second, and never the other way round.
IMPLIED = {
    "a higher threshold": (column("age", "at least", 75), column("age", "at least", 65)),
    "more than, of whole numbers": (column("age", "more than", 64), column("age", "more than", 63.5)),
    "the bound is left out": (column("bmi", "more than", 30), column("bmi", "at least", 30)),
    "a lower upper threshold": (column("age", "less than", 50), column("age", "at most", 50)),
    "a range": (column("age", "between", [20, 30]), column("age", "between", [18, 30])),
    "a range has a lower end": (column("age", "between", [20, 30]), column("age", "at least", 18)),
    "a number": (column("bmi", "is", 30), column("bmi", "between", [30, 35])),
    "a number is not another": (column("bmi", "is", 30), column("bmi", "is not", 31)),
    "a range is not what lies outside": (column("age", "at least", 65), column("age", "is not", 64)),
    "of the list": (column("sex", "is", "Female"), column("sex", "one of", ["Female", "Male"])),
    "none of more": (column("age", "none of", [1, 2]), column("age", "is not", 2)),
    "a value is known": (column("bmi", "less than", 20), column("bmi", "is known")),
    "so long ago": (column("since", "at most", "2 years ago"), column("since", "at most", "12 months ago")),
    "a later day": (column("since", "at least", date(2025, 3, 1)), column("since", "at least", date(2024, 3, 1))),
    "all of more": ({"all": [ASTHMA, COPD]}, ASTHMA),
    "all, each by another": ({"all": [ASTHMA, GOUT, COPD]}, {"all": [COPD, ASTHMA]}),
    "any of fewer": ({"any": [ASTHMA, COPD]}, {"any": [GOUT, COPD, ASTHMA]}),
    "any of what implies": ({"any": [visits("is", 3), visits("at least", 7)]}, visits("at least", 3)),
    "not turns it round": ({"not": column("age", "at least", 65)}, {"not": column("age", "at least", 75)}),
    "not all": ({"not": ASTHMA}, {"not": {"all": [COPD, ASTHMA]}}),
    "not any": ({"not": {"any": [ASTHMA, COPD]}}, {"not": COPD}),
    "more of the same": (count([ASTHMA, COPD, GOUT], "at least", 2), count([GOUT, ASTHMA, COPD], "at least", 1)),
    "all of a count": (count([ASTHMA, COPD], "is", 2), COPD),
    "one of a count": (count([ASTHMA, COPD], "at least", 1), {"any": [GOUT, ASTHMA, COPD]}),
    "counted in full": ({"all": [ASTHMA, COPD, {"not": GOUT}]}, count([COPD, GOUT, ASTHMA], "at least", 2)),
    "a count of what implies": (
        count([within({"has not": "asthma"}, months=15), within({"has not": "copd"}, months=15)], "at least", 1),
        count([within({"has not": "asthma"}, months=12), within({"has not": "copd"}, months=12)], "at least", 1),
    ),
    "few of what is implied": (
        count([visits("at least", 3), COPD], "at most", 1),
        count([visits("at least", 5), COPD], "at most", 1),
    ),
    "one of more concepts": (ASTHMA, {"has": ["copd", "asthma"]}),
    "in a longer window": (within(ASTHMA, months=6), within(ASTHMA, years=1)),
    "in any window": (within(ASTHMA, after="copd", months=6), ASTHMA),
    "in days that no months are shorter than": (within(ASTHMA, days=393), within(ASTHMA, months=13)),
    "between days": (
        within(ASTHMA, **{"from": date(2024, 9, 1), "to": date(2025, 1, 31)}),
        within(ASTHMA, **{"from": date(2024, 8, 31)}),
    ),
    "up to a day": (
        within(ASTHMA, **{"from": date(2024, 9, 1), "to": date(2025, 1, 31)}),
        within(ASTHMA, to=date(2025, 2, 28)),
    ),
    "so long before": (within(ASTHMA, ending={"months": 12}), within(ASTHMA, ending={"months": 6})),
    "none in a longer window": (within({"has not": "asthma"}, months=24), within({"has not": "asthma"}, months=12)),
    "none of more concepts": ({"has not": ["asthma", "copd"]}, {"has not": "copd"}),
    "more events": (visits("at least", 7), visits("more than", 4)),
    "events enough to have one": (visits("at least", 2), {"has": "ed_attendances"}),
    "events on different days": (visits("at least", 3, distinct="day"), visits("at least", 3)),
    "no more days than events": (visits("at most", 2), visits("at most", 2, distinct="day")),
    "one event is one day": (
        within({"has": "ed_attendances"}, months=12), visits("at least", 0.5, within={"months": 13}, distinct="day")),
    "another number of events": (visits("at least", 4), visits("is not", 3)),
    "no event has no code": (
        within({"has not": "ed_attendances"}, months=12), visits("at most", 0, distinct="code")),
    "an event need not have a code": (visits("at least", 1, distinct="code"), visits("at least", 1)),
    "fewer events": (visits("less than", 3), visits("at most", 3)),
    "of a latest value": (latest("more than", 35), latest("at least", 35)),
    "the latest in a shorter window": (latest("at least", 35, {"months": 12}), latest("at least", 30)),
    "the latest in half of the months": (latest("at least", 35, {"months": 6}), latest("at least", 35, {"months": 12})),
    "a value is an entry": (latest("less than", 20, {"months": 12}), within({"has": ["bmi", "asthma"]}, months=12)),
    "a value so lately": (
        {"latest": "bmi", "op": "at least", "value": 35, "age": {"op": "at most", "months": 6}},
        {"latest": "bmi", "age": {"op": "less than", "months": 12}},
    ),
    "a larger sum": (
        {"sum": "stay_fall", "op": "more than", "value": 13},
        {"sum": "stay_fall", "op": "more than", "value": 12.5},
    ),
    "a larger change": (change(3), change(2.5)),
    "a larger ratio of events": (change(3, "ratio"), change(2, "ratio")),
    "a segment": ({"segment": "Frail"}, {"segment": ["Frail", "Dying"]}),
    "a list": ({"list": "Outreach"}, {"list": ["Outreach", "Council"]}),
    "a programme, lately": (within({"programme": "P1"}, months=6), {"programme": ["P1", "P2"]}),
    "a cohort": ({"cohort": "frail"}, column("age", "at least", 60)),
    "what makes a cohort": (
        {"all": [within({"has not": "medication_review"}, years=2), column("age", "at least", 75)]},
        {"cohort": "frail"},
    ),
    "of others at home": (
        {"household": {"all": [ASTHMA, COPD]}},
        {"household": {"any": [COPD, GOUT]}},
    ),
    "of nobody at home": ({"not": {"household": {"any": [ASTHMA, COPD]}}}, {"not": {"household": COPD}}),
}  # fmt: skip
# Neither implies the other.
UNLIKE = {
    "other columns": (column("age", "at least", 75), column("bmi", "at least", 20)),
    "a range and part of another": (column("age", "between", [20, 30]), column("age", "between", [25, 35])),
    "is missing": (column("bmi", "is missing"), column("bmi", "less than", 20)),
    "not of a threshold, where unknown": ({"not": column("bmi", "is known")}, column("bmi", "less than", 20)),
    "days of units that differ": (
        column("since", "at least", "365 days ago"), column("since", "at least", "1 year ago")),
    "a day and one so long ago": (
        column("since", "at least", "1 month ago"), column("since", "at least", date(1900, 1, 1))),
    "a day and another so long ago": (
        column("since", "at least", "1 month ago"), column("since", "is not", date(1900, 1, 1))),
    "two words for a day": (column("since", "is", "1 year ago"), column("since", "is not", "12 months ago")),
    "words of a column of text": (column("lsoa", "is", "1 year ago"), column("lsoa", "is", "12 months ago")),
    "numbers that floats cannot tell apart": (
        column("bmi", "at least", 0.30000000000000004), column("bmi", "at least", 0.29999999999999998)),
    "not the opposite where it may be unknown": (
        within({"has not": "asthma"}, after="copd", months=6), {"not": {"has": "asthma"}}),
    "any is no count where a part may be unknown": (
        count([column("smi", "is", True), COPD], "at least", 2), count([column("smi", "is", False), COPD], "is", 2)),
    # The first part of the wider count may be unknown where that of the narrower one is false.
    "a count of columns": (
        count([column("age", "at least", 75), COPD], "at least", 1),
        count([{"any": [column("age", "at least", 65), column("bmi", "at least", 30)]}, COPD], "at least", 1)),
    "a count of parts of which one may be unknown": (
        count([{"all": [ASTHMA, column("smi", "is", True), GOUT]}, COPD], "at least", 1),
        count([{"all": [ASTHMA, column("smi", "is", True)]}, COPD], "at least", 1)),
    "a count of windows from events": (
        count([{"all": [within(ASTHMA, after="copd", months=6), GOUT]}, COPD], "at least", 1),
        count([within(ASTHMA, after="copd", months=6), COPD], "at least", 1)),
    "at most so many and so many": (
        count([visits("at least", 3), COPD], "at most", 1), count([visits("at least", 5), COPD], "is", 1)),
    "at most one and any": (count([ASTHMA, COPD], "at most", 1), {"any": [ASTHMA, COPD]}),
    "at least one and not all": (count([ASTHMA, COPD], "at least", 1), {"not": {"all": [ASTHMA, COPD]}}),
    "windows from events": (within(ASTHMA, after="copd", months=6), within(ASTHMA, after="gout", months=6)),
    # February is shorter; and a month without data makes a window of months longer than any of days.
    "months and days": (within(ASTHMA, days=29), within(ASTHMA, months=1)),
    "years and days": (within(ASTHMA, days=366), within(ASTHMA, years=1)),
    "days of the calendar and of a run": (within(ASTHMA, **{"from": date(2025, 1, 1)}), within(ASTHMA, months=12)),
    "a window that ended": (within(ASTHMA, months=12), within(ASTHMA, months=6, ending={"months": 1})),
    "latest values of windows that end apart": (
        latest("at least", 30, {"ending": {"months": 12}}), latest("at least", 30, {"ending": {"months": 6}})),
    "the latest up to a day": (latest("at least", 30, {"to": date(2024, 3, 31)}), latest("at least", 30)),
    "the latest after an event": (latest("at least", 30, {"after": "copd", "months": 6}), latest("at least", 30)),
    "a value and two entries": (latest("at least", 30), {"events": "bmi", "op": "at least", "value": 2}),
    "a value and no entry": (latest("at least", 30), {"has not": "bmi"}),
    "a value and its code": (
        latest("at least", 30), {"events": "bmi", "distinct": "code", "op": "at least", "value": 1}),
    "a value and another entry": (latest("at least", 30), ASTHMA),
    "a difference and a ratio": (change(3), change(2, "ratio")),
    "a ratio of values, which may be negative": (
        change(3, "ratio", of="latest"), change(2, "ratio", of="latest")),
    "changes in other windows": (change(3), change(2, to={"months": 6})),
    "a sum and a number": (
        {"sum": "stay_fall", "op": "at most", "value": 3}, {"events": "stay_fall", "op": "at most", "value": 3}),
    "segments": ({"segment": ["Frail", "Healthy"]}, {"segment": ["Frail", "Dying"]}),
    "a list and a programme of one name": ({"list": "P1"}, {"programme": "P1"}),
    "a person and another at home": (ASTHMA, {"household": ASTHMA}),
    "all at home and one at home": ({"not": {"household": {"not": ASTHMA}}}, {"household": ASTHMA}),
    "files of people": ({"ids": "one.csv"}, {"ids": "other.csv"}),
    "cohorts that are not known": ({"cohort": "somebody"}, {"cohort": "else"}),
}  # fmt: skip


def said(one: dict, other: dict, columns: dict | None = COLUMNS) -> bool:
    return implies(parse(one), parse(other), COHORTS, columns)


@pytest.mark.parametrize("case", IMPLIED)
def test_a_rule_implies_a_wider_one_and_not_the_other_way_round(case):
    assert said(*IMPLIED[case])
    assert not said(*reversed(IMPLIED[case]))


@pytest.mark.parametrize("case", UNLIKE)
def test_rules_of_which_neither_contains_the_other(case):
    one, other = UNLIKE[case]
    assert not said(one, other)
    assert not said(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (column("smi", "is not", True), column("smi", "is", False)),
        (within(ASTHMA, years=1), within(ASTHMA, months=12, ending={"days": 0})),
        (within(ASTHMA, after="copd", years=1), within(ASTHMA, after="copd", which="last", months=12)),
        ({"not": within(ASTHMA, after="copd", months=6)}, within({"has not": "asthma"}, after="copd", months=6)),
        ({"not": {"not": ASTHMA}}, {"events": "asthma", "op": "more than", "value": 0, "distinct": "day"}),
        ({"not": {"any": [ASTHMA, COPD]}}, {"all": [{"has not": "copd"}, {"has not": "asthma"}]}),
        ({"cohort": "frail"}, {"all": list(COHORTS["frail"])}),
        (column("bmi", "at least", 1e300), column("bmi", "at least", 1e300) | {"says": "Very heavy"}),
        (count([ASTHMA, COPD], "at least", 1), count([COPD, ASTHMA], "more than", 0)),
        ({"not": count([ASTHMA, COPD], "at least", 2)}, count([ASTHMA, COPD], "at most", 1)),
        (
            {"not": column("bmi", "between", [20, 30])},
            {"any": [column("bmi", "less than", 20), column("bmi", "more than", 30)]},
        ),
        (
            {"not": latest("at least", 35) | {"age": {"op": "at most", "months": 6}}},
            {"any": [latest("less than", 35), {"latest": "bmi", "age": {"op": "more than", "months": 6}}]},
        ),
    ],
)  # fmt: skip
def test_two_rules_that_are_the_same_people_imply_each_other(one, other):
    assert said(one, other)
    assert said(other, one)


def test_more_than_four_is_at_least_five_of_whole_numbers_alone():
    for name, whole in (("age", True), ("bmi", False)):
        assert said(column(name, "more than", 4), column(name, "at least", 5)) is whole
        assert said(column(name, "at most", 4), column(name, "less than", 4.5))
        assert said(column(name, "less than", 4.5), column(name, "at most", 4)) is whole
        assert said(column(name, "at most", 4.5), column(name, "at most", 4)) is whole
    assert not said(column("age", "more than", 4), column("age", "at least", 5), None)  # its type is not known


def test_a_threshold_of_unknown_values_is_known_only_where_it_is_false():
    # Of somebody without a BMI, "at least 30" is not true, and not false: nobody may be taken for "less than 35".
    assert said({"not": column("bmi", "at least", 30)}, column("bmi", "less than", 35))
    assert not said({"any": [{"not": column("bmi", "at least", 30)}, column("bmi", "is missing")]},
                    column("bmi", "less than", 35))  # fmt: skip


def test_no_event_in_a_window_from_an_event_is_known_when_the_window_is_over():
    ahead = {"after": "copd", "months": 6}
    none, one = within({"has not": "asthma"}, **ahead), within(ASTHMA, **ahead)
    assert not said({"has not": "asthma"}, none)  # nobody without COPD has such a window
    assert not said({"not": one}, {"has not": "asthma"})
    few, some = (
        {"events": "asthma", "op": op, "value": n, "within": ahead} for op, n in (("at most", 2), ("at least", 0))
    )
    assert said(none, few)
    assert said(one, some)
    assert not said(ASTHMA, some)  # it may not be: somebody without COPD has no such window
    assert said(COPD, {"events": "asthma", "op": "at least", "value": 0})  # everybody has none or more


def test_criteria_are_taken_together():
    def rules(*contents: dict) -> list[Rule]:
        return [parse(content) for content in contents]

    adults = rules(column("age", "at least", 18), column("age", "at most", 64), ASTHMA)
    assert all_imply(adults, rules(column("age", "between", [18, 70])), {}, COLUMNS)
    assert not all_imply(adults, rules(column("age", "between", [20, 70])), {}, COLUMNS)
    # Either way somebody of 18 or over with asthma has had a letter; the age stands outside of the choice.
    choice = rules({"any": [column("sex", "is", "Male"), COPD]}, column("age", "at least", 18))
    wider = rules({"any": [{"all": [column("age", "at least", 16), COPD]}, column("sex", "is", "Male")]})
    assert all_imply(choice, wider, {}, COLUMNS)
    assert not all_imply(wider, choice, {}, COLUMNS)


def test_a_circle_of_cohorts_is_not_followed():
    circle = {"a": (parse({"cohort": "b"}),), "b": (parse({"cohort": "a"}),)}
    assert not implies(parse({"cohort": "a"}), parse(ASTHMA), circle)


def test_rules_that_take_too_long_to_compare_are_not_said_to_imply():
    def choices(size: int, step: int) -> dict:
        """As many choices of as many options, each of another column."""
        return {"all": [{"any": [column(f"c{n}", "is", m) for m in range(size)][::step]} for n in range(size)][::step]}

    assert said(choices(5, 1), choices(5, -1))
    assert not said(choices(40, 1), choices(40, -1))  # it would be true


def test_counts_within_counts_are_compared():
    deep: dict = ASTHMA
    for _ in range(12):
        deep = count([deep, COPD], "at least", 1)
    assert said(deep, deep)


def test_definitions_lie_within_each_other_also_by_a_third():
    older = {f"{age}": [parse(column("age", "at least", age))] for age in (65, 75, 85)}
    assert contained(older, {}, COLUMNS) == [("75", "65"), ("85", "65"), ("85", "75")]
    chain = {"a": [parse({"all": [ASTHMA, COPD, GOUT]})], "b": [parse({"all": [ASTHMA, COPD]})], "c": [parse(ASTHMA)]}
    assert contained(chain, {}) == [("a", "b"), ("a", "c"), ("b", "c")]
