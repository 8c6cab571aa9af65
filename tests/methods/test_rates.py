"""Proportions, rates and standardised rates: hand-worked values, properties, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from phm_utils.errors import InputError
from phm_utils.methods import rates
from phm_utils.methods.count_limits import byar, byar_limits, exact_limits, weighted_limits

STANDARD = pd.Series({"0-64": 3, "65+": 1})
counts = st.integers(0, 5_000)


def two_bands(young: float, old: float, area: str = "E1") -> pd.DataFrame:
    return pd.DataFrame({"area_code": area, "age_band": ["0-64", "65+"], "events": [young, old], "person_years": 1_000})


def test_wilson_limits_match_hand_working():
    # 20 of 100, z = 1.96: (20 + 1.9208 -+ 1.96 sqrt(0.9604 + 16)) / 103.8416 = 0.13337 and 0.28883
    row = rates.proportion(pd.Series([20]), pd.Series([100])).iloc[0]
    assert row.tolist() == pytest.approx([0.2, 0.133367, 0.288829], abs=1e-6)


def test_few_events_have_exact_limits_and_more_have_byars():
    # Garwood's exact limits of 3: 0.6187 and 8.7673; Byar's of 40, by hand: 28.573 and 54.470.
    lower, upper = byar(pd.Series([3, 40]))
    assert lower == pytest.approx([0.6187, 28.573], abs=1e-3)
    assert upper == pytest.approx([8.7673, 54.470], abs=1e-3)


def test_zero_events_have_a_lower_limit_of_zero_and_a_finite_upper_one():
    # Exact: -ln(0.025) = 3.6889 events
    row = rates.crude_rate(pd.Series([0]), pd.Series([1_000]), per=1_000).iloc[0]
    assert row.tolist() == pytest.approx([0, 0, 3.6889], abs=1e-4)
    assert rates.proportion(pd.Series([0]), pd.Series([50])).iloc[0, 1] == 0


def test_a_suppressed_count_gives_a_missing_rate_and_others_are_untouched():
    events = pd.Series([10, None, 12], dtype="Int64", index=["a", "b", "c"])
    answer = rates.crude_rate(events, pd.Series([100, 100, 0], index=["a", "b", "c"]))
    assert answer["value"].isna().tolist() == [False, True, True]
    assert answer.dtypes.eq("Float64").all()
    assert answer.index.tolist() == ["a", "b", "c"]


@given(st.lists(st.tuples(counts, st.integers(1, 5_000)), min_size=1), st.floats(0.5, 0.99))
def test_wilson_limits_bracket_the_proportion_and_widen_with_confidence(pairs, confidence):
    x = pd.Series([min(a, b) for a, b in pairs])
    n = pd.Series([b for _, b in pairs])
    narrow, wide = rates.proportion(x, n, confidence), rates.proportion(x, n, confidence + 0.009)
    assert (narrow["lower"] <= narrow["value"] + 1e-12).all()
    assert (narrow["value"] <= narrow["upper"] + 1e-12).all()
    assert (wide["lower"] <= narrow["lower"] + 1e-12).all()
    assert (wide["upper"] >= narrow["upper"] - 1e-12).all()
    assert narrow[["lower", "upper"]].stack().between(0, 1).all()


@given(st.lists(counts, min_size=1), st.floats(0.5, 0.99))
def test_count_limits_bracket_the_count_and_widen_with_confidence(events, confidence):
    x = pd.Series(events)
    (low, high), (lower, higher) = byar(x, confidence), byar(x, confidence + 0.009)
    assert (low <= x).all()
    assert (x <= high).all()
    assert (lower <= low).all()
    assert (higher >= high).all()


@given(st.permutations(list(range(6))))
def test_order_of_strata_does_not_change_a_direct_rate(order):
    strata = pd.concat([two_bands(10, 30), two_bands(4, 40, "E2"), two_bands(9, 2, "E3")], ignore_index=True)
    pd.testing.assert_frame_equal(
        rates.direct_rate(strata, STANDARD), rates.direct_rate(strata.iloc[order], STANDARD), rtol=1e-12
    )


def test_direct_rate_and_limits_match_hand_working():
    # (3 x 10/1000 + 1 x 30/1000) / 4 = 0.015; Byar on 40 events: 28.573, 54.470.
    # step = sqrt((9 x 10 + 1 x 30) / 1000**2 / 4**2 / 40) = 0.00043301
    row = rates.direct_rate(two_bands(10, 30), STANDARD).loc["E1"]
    assert row["value"] == pytest.approx(1_500)
    assert row["lower"] == pytest.approx(1_500 - 43.301 * 11.427, abs=0.1)
    assert row["upper"] == pytest.approx(1_500 + 43.301 * 14.470, abs=0.1)


def test_a_direct_rate_on_fewer_than_ten_events_is_withheld():
    answer = rates.direct_rate(pd.concat([two_bands(4, 5), two_bands(0, 0, "E2")]), STANDARD)
    assert answer["events"].tolist() == [9, 0]
    assert answer[["value", "lower", "upper"]].isna().all(axis=None)


def test_repeat_events_widen_the_limits_and_keep_the_rate():
    people = pd.DataFrame(
        {"area_code": "E1", "age_band": ["0-64", "65+", "65+"], "events_each": [1, 1, 4], "people": [10, 10, 5]}
    )
    repeats = rates.variance_of_repeats(people).assign(person_years=1_000)
    # 10 x 1 + 5 x 4 = 30 events; variance 10 x 1 + 5 x 16 = 90
    assert repeats[["events", "event_variance"]].to_numpy().tolist() == [[10, 10], [30, 90]]
    alone, together = rates.direct_rate(two_bands(10, 30), STANDARD), rates.direct_rate(repeats, STANDARD)
    assert together.loc["E1", "value"] == pytest.approx(alone.loc["E1", "value"])
    assert together.loc["E1", "upper"] > alone.loc["E1", "upper"]


def test_limits_of_one_persons_events_are_those_of_one_event():
    # Twelve admissions of one person: one effective event. Exact limits of one, 0.0253 and 5.5716, times twelve.
    lower, upper = weighted_limits(pd.Series([12]), pd.Series([12.0]), pd.Series([144.0]), repeats=True)
    assert [lower.item(), upper.item()] == pytest.approx([12 * 0.025318, 12 * 5.571643], rel=1e-4)
    # Dobson's: 12 + sqrt(144 / 12) (6.194 - 12) = -8.1, which no number of admissions can be.
    low, _ = byar_limits(np.array([12.0]))
    assert 12 + np.sqrt(144 / 12) * (low.item() - 12) < -8


def test_limits_of_few_effective_events_are_a_gamma_distributions():
    # Gamma with the value's mean and variance, and for the upper limit one event more of weight variance / value.
    value, variance = 0.02, 0.0001  # 4 effective events
    lower, upper = weighted_limits(pd.Series([20]), pd.Series([value]), pd.Series([variance]), repeats=True)
    assert lower.item() == pytest.approx(stats.gamma.ppf(0.025, value**2 / variance, scale=variance / value))
    one_more = (value + variance / value) ** 2 / (variance + (variance / value) ** 2)
    assert upper.item() == pytest.approx(stats.gamma.isf(0.025, one_more, scale=variance / value))


def test_dobsons_limits_stay_where_they_are_published_and_end_where_they_reach_0():
    # 40 independent events: Byar's lower limit 28.573, so c = 11.427 / sqrt(40) and the limit is 0 at c squared = 3.26.
    value = 1.0
    for effective, repeats, is_dobson in (
        (3.3, False, True),
        (3.2, False, False),
        (6.6, True, True),
        (6.5, True, False),
    ):
        columns = [pd.Series([n]) for n in (40, value, value**2 / effective)]
        lower, _ = weighted_limits(*columns, repeats=repeats)
        dobson = value - np.sqrt(value**2 / effective / 40) * 11.427
        assert (lower.item() == pytest.approx(dobson, abs=1e-3)) == is_dobson
        assert lower.item() > 0


@given(st.integers(10, 5_000), st.floats(1e-6, 1e3), st.sampled_from([0.8, 0.95, 0.98, 0.998, 0.9999]))
def test_independent_events_of_one_weight_have_byars_limits_by_either_formula(events, weight, confidence):
    counted = pd.Series([events])
    limits = [weight * limit for limit in byar_limits(counted.to_numpy(), confidence)]
    for repeats in (False, True):
        found = weighted_limits(counted, counted * weight, counted * weight**2, confidence, repeats=repeats)
        np.testing.assert_allclose(np.ravel(found), np.ravel(limits), rtol=1e-9)


STRATA = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 60), st.floats(0.01, 1e4)), min_size=2, max_size=2
).filter(lambda bands: sum(people * each for people, each, _ in bands) >= 10)


@given(STRATA, st.floats(0.5, 0.9999))
def test_no_limit_of_a_direct_rate_is_negative_and_each_is_on_its_side(bands, confidence):
    # In each band some people had `each` events, within whatever time.
    people, each, years = (np.array(column, dtype=float) for column in zip(*bands, strict=True))
    strata = two_bands(0, 0).assign(events=people * each, event_variance=people * each**2, person_years=years)
    for rows in (strata, strata.drop(columns="event_variance")):
        row = rates.direct_rate(rows, STANDARD, confidence=confidence).loc["E1"]
        assert 0 <= row["lower"] <= row["value"] <= row["upper"] < np.inf


def test_indirect_ratio_is_observed_over_expected():
    strata = two_bands(10, 30)
    expected = rates.expected_events(strata, pd.Series({"0-64": 0.01, "65+": 0.01}))
    assert expected["E1"] == pytest.approx(20)
    row = rates.indirect_ratio(pd.Series([40], index=["E1"]), expected).loc["E1"]
    assert row["value"] == pytest.approx(2)
    assert row["lower"] == pytest.approx(28.573 / 20, abs=1e-3)


def test_unusable_counts_are_refused_with_the_next_step():
    with pytest.raises(InputError, match="1 of 2 numerators exceed"):
        rates.proportion(pd.Series([3, 11]), pd.Series([10, 10]))
    with pytest.raises(InputError, match="1 of 1 values of events are negative"):
        rates.crude_rate(pd.Series([-1]), pd.Series([10]))
    with pytest.raises(InputError, match="coverage of the interval"):
        rates.proportion(pd.Series([1]), pd.Series([10]), confidence=0.05)
    with pytest.raises(InputError, match=r"1 of 1 areas lack one row .* \(first: E1\)"):
        rates.direct_rate(two_bands(1, 2).iloc[:1], STANDARD)
    with pytest.raises(InputError, match="no person-years"):
        rates.direct_rate(two_bands(1, 2).assign(person_years=[0, 10]), STANDARD)
    with pytest.raises(InputError, match="lack a reference rate"):
        rates.expected_events(two_bands(1, 2), pd.Series({"0-64": 0.1}))


def test_byars_limits_of_a_large_count_approach_the_exact_ones():
    x = np.array([50.0, 500.0, 5_000.0])
    for own, exact in zip(byar_limits(x), exact_limits(x), strict=True):
        assert own == pytest.approx(exact, rel=2e-3)


def test_two_levels_give_two_pairs_of_limits():
    answer = rates.proportion(pd.Series([20]), pd.Series([100]), confidence=(0.95, 0.998))
    assert answer.columns.tolist() == ["value", "lower", "upper", "lower_998", "upper_998"]
    wide = rates.proportion(pd.Series([20]), pd.Series([100]), confidence=0.998)
    assert answer[["lower_998", "upper_998"]].to_numpy().tolist() == wide[["lower", "upper"]].to_numpy().tolist()


def test_a_mean_has_limits_of_students_t_and_one_value_has_none():
    # 4, 5, 6: standard error 1 / sqrt(3) = 0.57735, t(2, 0.975) = 4.30265, reach 2.48414
    answer = rates.mean(pd.Series([4, 5, 6, 9, None]), by=pd.Series(["a", "a", "a", "b", "b"]))
    assert answer.loc["a"].tolist() == pytest.approx([3, 5, 2.51586, 7.48414], abs=1e-5)
    assert answer.loc["b", ["count", "value"]].tolist() == [1, 9]
    assert answer.loc["b", ["lower", "upper"]].isna().all()


def test_an_indirect_rate_is_the_ratio_times_the_references_rate():
    pair = pd.Series([40]), pd.Series([50.0])
    ratio = rates.indirect_ratio(*pair)
    pd.testing.assert_frame_equal(rates.indirect_rate(*pair, reference_rate=500), ratio * 500)


def test_zero_of_zero_has_neither_value_nor_limit():
    for answer in (rates.proportion(pd.Series([0]), pd.Series([0])), rates.crude_rate(pd.Series([0]), pd.Series([0]))):
        assert answer.isna().all(axis=None)


def test_counts_of_a_trillion_have_limits():
    x, n = pd.Series([1e12]), pd.Series([2e12])
    for answer in (rates.proportion(x, n), rates.crude_rate(x, n), rates.indirect_ratio(x, n)):
        row = answer.iloc[0]
        assert row["lower"] < row["value"] < row["upper"]


def test_rows_are_paired_by_label_and_never_by_position():
    x = pd.Series([1, 2], index=["a", "b"])
    answer = rates.proportion(x, pd.Series([20, 10], index=["b", "a"]))
    assert answer["value"].to_dict() == {"a": 0.1, "b": 0.1}
    for others, message in (
        (pd.Series([10, 20], index=["a", "c"]), "1 of 2 labels of numerator are not those of denominator"),
        (pd.Series([10], index=["a"]), "denominator has 1 values and numerator 2"),
    ):
        with pytest.raises(InputError, match=message):
            rates.proportion(x, others)


@pytest.mark.parametrize("confidence", [95, 0.05, "0.95", float("nan"), (0.95, 0.95), ()])
def test_a_confidence_that_is_no_coverage_is_refused(confidence):
    with pytest.raises(InputError, match="confidence"):
        rates.crude_rate(pd.Series([1]), pd.Series([10]), confidence=confidence)


@pytest.mark.parametrize("events", [["many"], [float("inf")], [-0.5]])
def test_events_that_are_no_counts_are_refused_by_name(events):
    with pytest.raises(InputError, match="events"):
        rates.crude_rate(pd.Series(events), pd.Series([10]))


def test_fractional_counts_are_numbers_and_their_limits_lie_between_those_of_whole_ones():
    answer = rates.crude_rate(pd.Series([4, 4.5, 5]), pd.Series([10, 10, 10]))
    assert answer.diff().iloc[1:].gt(0).all(axis=None)
