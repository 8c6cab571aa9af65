"""What leaves the store: nothing small, nothing exact, nothing undeclared."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.params import Disclosure
from phm_utils.privacy.disclosure import protect, protect_counts, protect_estimates
from phm_utils.privacy.relations import AtMost
from phm_utils.privacy.release import AREA, Release, aggregate, count, derived, estimate, key

POLICY = Disclosure()
LENIENT = Disclosure(min_people_for_estimate=2)
ADMISSIONS = count("admissions", "events", people="admitted")
NOT_FINITE = [float("nan"), float("inf"), float("-inf")]
COUNTS = st.lists(st.one_of(st.integers(0, 30), st.integers(0, 10**9), st.none()), min_size=1, max_size=40)
POLICIES = st.builds(Disclosure, suppress_below=st.integers(2, 100), round_to=st.integers(1, 100))


def series(values, name="people"):
    return pd.Series(values, dtype="Int64", name=name)


FRAME = pd.DataFrame({"area_code": ["U99002", "U99001"], "people": [3, 43], "name": ["Ann", "Bo"]})


def release(*columns, **changes) -> Release:
    return Release("r", "t", (AREA, *(columns or (count("people"),))), **changes)


def shown_of(declared: Release, frame: pd.DataFrame = FRAME, **parameters) -> pd.DataFrame:
    return protect(declared, aggregate(declared, frame).frame, POLICY, parameters)


def test_the_policy_of_hes_by_hand():
    shown = protect_counts(series([0, 1, 7, 8, 12, 13, 42, 43, None]), POLICY)
    assert shown.tolist() == [0, pd.NA, pd.NA, 10, 10, 15, 40, 45, pd.NA]


@given(COUNTS, POLICIES)
def test_a_shown_count_is_true_to_half_a_rounding_and_never_small(values, policy):
    for true, shown in zip(values, protect_counts(series(values), policy), strict=True):
        if shown is pd.NA:
            assert true is None or 0 < true < max(policy.suppress_below, policy.round_to)
        else:
            assert abs(shown - true) <= policy.round_to / 2
            assert shown % policy.round_to == 0
            assert (shown == 0) == (true == 0)
            assert true == 0 or true >= policy.suppress_below


@given(COUNTS)
def test_one_to_seven_are_never_distinguishable(values):
    values = [v for v in values if v is not None and 0 < v < 8] or [1]
    assert protect_counts(series(values), POLICY).isna().all()


@given(
    st.lists(st.integers(0, 60), min_size=2, max_size=20).flatmap(
        lambda v: st.tuples(st.just(v), st.permutations(range(len(v))))
    )
)
@settings(max_examples=50)
def test_a_release_does_not_depend_on_the_order_of_its_rows(drawn):
    values, order = drawn
    frame = pd.DataFrame({"area_code": [f"U{i:05d}" for i in range(len(values))], "people": values})
    first, again = shown_of(release(), frame), shown_of(release(), frame.iloc[order])
    pd.testing.assert_frame_equal(first, again)


@pytest.mark.parametrize("values", [[-1, 4], [1.5, 2.0], ["many", "few"]])
def test_what_is_no_count_is_refused(values):
    with pytest.raises(InputError, match="invalid numbers"):
        protect_counts(pd.Series(values, name="people"), POLICY)


def test_undeclared_columns_stay_behind_and_rows_are_in_key_order():
    shown = shown_of(release())
    assert shown.columns.tolist() == ["area_code", "people"]
    assert shown["area_code"].tolist() == ["U99001", "U99002"]
    assert shown["people"].tolist() == [45, pd.NA]


def test_derive_sees_protected_counts_alone():
    seen = {}

    def rate(shown):
        seen["frame"] = shown.copy()
        return shown.assign(share=shown["people"] / 90)

    shown = shown_of(release(count("people"), derived("share"), derive=rate))
    assert seen["frame"].columns.tolist() == ["area_code", "people"]
    assert seen["frame"]["people"].tolist() == [45, pd.NA]
    assert shown["share"].tolist() == [0.5, pd.NA]


# Numbers below the smallest normal one have no three digits to keep.
ESTIMATES = st.floats(-1e12, 1e12, allow_subnormal=False) | st.sampled_from(NOT_FINITE)


@given(st.lists(st.tuples(ESTIMATES, st.integers(0, 20) | st.none()), min_size=1))
def test_estimates_need_ten_events_and_keep_three_digits(drawn):
    estimates, events = pd.Series([e for e, _ in drawn]), series([n for _, n in drawn])
    shown = protect_estimates(estimates, events, POLICY)
    for true, behind, value in zip(estimates, events, shown, strict=True):
        if behind is pd.NA or behind < 10 or not np.isfinite(true):
            assert np.isnan(value)
        else:
            assert value == pytest.approx(true, rel=0.0051)
            assert len(f"{value:e}".split("e")[0].rstrip("0")) <= len("-1.23")


def test_the_events_behind_an_estimate_are_not_released_with_it():
    frame = pd.DataFrame({"area_code": ["A1", "A2"], "rate": [123.456, 5.0], "events": [10, 9]})
    shown = shown_of(release(estimate("rate", "events")), frame)
    assert shown.columns.tolist() == ["area_code", "rate"]
    assert shown["rate"].iloc[0] == 123
    assert np.isnan(shown["rate"].iloc[1])


def test_the_people_behind_events_stay_behind():
    frame = pd.DataFrame({"area_code": ["A1"], "admissions": [43], "admitted": [12]})
    declared = release(count("admissions", "events", people="admitted"))
    assert aggregate(declared, frame).frame.columns.tolist() == ["area_code", "admissions", "admitted"]
    assert shown_of(declared, frame).columns.tolist() == ["area_code", "admissions"]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).filter(lambda pair: pair[1] <= pair[0]), min_size=1))
def test_estimates_from_events_need_ten_people_who_had_them(drawn):
    events, people = (series(column) for column in zip(*drawn, strict=True))
    frame = pd.DataFrame({"rate": 1.5, "events": events, "admitted": people})
    frame["area_code"] = [f"U{n:05d}" for n in range(len(frame))]
    shown = shown_of(release(estimate("rate", "events", people="admitted")), frame)
    assert shown["rate"].notna().tolist() == [n >= 10 and who >= 10 for n, who in drawn]
    fewer = protect(release(estimate("rate", "events", people="admitted")), frame, LENIENT, {})
    assert fewer["rate"].notna().tolist() == [n >= 10 and who >= 2 for n, who in drawn]


def test_events_of_people_too_few_to_be_shown_are_not_shown():
    # Twelve admissions of one person, of seven, of eight; and none of nobody.
    frame = pd.DataFrame({"area_code": ["A1", "A2", "A3", "A4"], "n": [12, 12, 12, 0], "admitted": [1, 7, 8, 0]})
    declared = release(
        count("n", "events", people="admitted"), derived("crude"), derive=lambda shown: shown.assign(crude=shown["n"])
    )
    shown = shown_of(declared, frame)
    assert shown["n"].tolist() == [pd.NA, pd.NA, 10, 0]
    assert shown["crude"].tolist() == [pd.NA, pd.NA, 10, 0]


def test_published_figures_pass_unchanged():
    shown = shown_of(release(published=True))
    assert shown["people"].tolist() == [43, 3]
    assert "name" not in shown


def test_zeros_are_shown_unless_the_declaration_hides_them():
    frame = pd.DataFrame({"area_code": ["A1", "A2"], "people": [0, 43]})
    assert shown_of(release(), frame)["people"].tolist() == [0, 45]
    assert shown_of(release(zeros_shown=False), frame)["people"].tolist() == [pd.NA, 45]


def test_derive_is_given_the_runs_parameters_that_it_names_and_no_others():
    def limits(shown, confidence):
        return shown.assign(level=confidence)

    declared = release(count("people"), derived("level"), derive=limits, parameters=("confidence",))
    assert shown_of(declared, confidence=0.99, seed=1)["level"].tolist() == [0.99, 0.99]


def test_an_optional_column_may_be_absent():
    declared = release(count("people"), count("contacts", "events", people="users", optional=True))
    assert shown_of(declared).columns.tolist() == ["area_code", "people"]


@pytest.mark.parametrize(
    ("columns", "frame", "reason"),
    [
        ((count("people"), count("deaths")), FRAME, "lacks: deaths"),
        ((estimate("people", "events"),), FRAME, "lacks: events"),
        ((count("people"),), pd.DataFrame({"area_code": ["A1", "A1"], "people": [9, 9]}), "repeated keys"),
    ],
)
def test_figures_that_do_not_fit_their_declaration_are_refused(columns, frame, reason):
    with pytest.raises(InputError, match=reason):
        shown_of(release(*columns), frame)


@pytest.mark.parametrize(
    ("declare", "reason"),
    [
        (lambda: release(count("people"), estimate("people", "people")), "two ways: people"),
        (lambda: Release("r", "t", (key("place"), AREA)), "needs `area_code` as its first key"),
        (lambda: release(relations=(AtMost("people", "everybody"),)), "does not declare: everybody"),
        (lambda: count("admissions", "events"), "name the `people` behind events"),
        (lambda: release(ADMISSIONS, estimate("rate", "admissions")), "name the people of rate"),
        (lambda: release(ADMISSIONS, estimate("rate", "admissions", people="everybody")), "name the people of rate"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(declare, reason):
    with pytest.raises(InputError, match=reason):
        declare()


@pytest.mark.parametrize(
    ("made", "reason"), [({}, "are not made: share"), ({"share": 1.0, "name": "Ann"}, "does not declare: name")]
)
def test_derived_columns_are_those_declared(made, reason):
    declared = release(count("people"), derived("share"), derive=lambda shown: shown.assign(**made))
    with pytest.raises(InputError, match=reason):
        shown_of(declared)
