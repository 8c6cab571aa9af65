"""What leaves the store: nothing small, nothing exact, nothing undeclared."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.params import Disclosure
from phm_utils.privacy.disclosure import protect, protect_counts, protect_estimates
from phm_utils.privacy.release import Release

POLICY = Disclosure()
NOT_FINITE = [float("nan"), float("inf"), float("-inf")]
COUNTS = st.lists(st.one_of(st.integers(0, 30), st.integers(0, 10**9), st.none()), min_size=1, max_size=40)
POLICIES = st.builds(Disclosure, suppress_below=st.integers(2, 100), round_to=st.integers(1, 100))


def series(values, name="people"):
    return pd.Series(values, dtype="Int64", name=name)


def release(**changes):
    frame = pd.DataFrame({"area_code": ["U99002", "U99001"], "people": [3, 43], "name": ["Ann", "Bo"]})
    return Release(**{"name": "r", "title": "t", "frame": frame, "counts": ("people",), **changes})


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
def test_one_to_seven_are_never_told_apart(values):
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
    first = protect(release(frame=frame), POLICY)
    again = protect(release(frame=frame.iloc[order]), POLICY)
    pd.testing.assert_frame_equal(first, again)


@pytest.mark.parametrize("values", [[-1, 4], [1.5, 2.0], ["many", "few"]])
def test_what_is_no_count_is_refused(values):
    with pytest.raises(InputError, match="broken numbers"):
        protect_counts(pd.Series(values, name="people"), POLICY)


def test_undeclared_columns_stay_behind_and_rows_are_in_key_order():
    shown = protect(release(), POLICY)
    assert shown.columns.tolist() == ["area_code", "people"]
    assert shown["area_code"].tolist() == ["U99001", "U99002"]
    assert shown["people"].tolist() == [45, pd.NA]


def test_derive_sees_protected_counts_alone():
    seen = {}

    def rate(shown):
        seen["frame"] = shown.copy()
        return shown.assign(share=shown["people"] / 90)

    shown = protect(release(derive=rate), POLICY)
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
    shown = protect(release(frame=frame, counts=(), estimates={"rate": "events"}), POLICY)
    assert shown.columns.tolist() == ["area_code", "rate"]
    assert shown["rate"].iloc[0] == 123
    assert np.isnan(shown["rate"].iloc[1])


def test_published_figures_pass_unchanged():
    shown = protect(release(published=True), POLICY)
    assert shown["people"].tolist() == [43, 3]
    assert "name" not in shown


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"counts": ("people", "deaths")}, "lacks: deaths"),
        ({"estimates": {"people": "people"}}, "two ways: people"),
        ({"counts": (), "estimates": {"people": "events"}}, "lacks: events"),
        ({"frame": pd.DataFrame({"area_code": ["A1", "A1"], "people": [9, 9]})}, "repeated keys"),
    ],
)
def test_a_declaration_that_does_not_fit_is_refused(changes, reason):
    with pytest.raises(InputError, match=reason):
        protect(release(**changes), POLICY)
