"""Pooled rates and proportions: limits of shrinkage, error, coverage, withheld and refused inputs."""

import numpy as np
import pandas as pd
import pytest
from scipy import special

from phm_utils.errors import InputError
from phm_utils.methods.pooling import pool_proportions, pool_rates


def ratios(rng, units=100, expected=30, tau=0.2, slope=0.15):
    deprivation = rng.normal(size=units)
    true = np.exp(slope * deprivation + tau * rng.normal(size=units))
    sizes = expected * rng.uniform(0.5, 1.5, units)
    return true, pd.Series(rng.poisson(sizes * true)), pd.Series(sizes), pd.Series(deprivation)


def test_large_units_keep_their_own_value_and_small_ones_take_that_of_their_kind():
    _, events, expected, deprivation = ratios(np.random.default_rng(1))
    expected.iloc[:2], events.iloc[:2] = [1e6, 0.01], [1_700_000, 0]
    found = pool_rates(events, expected, deprivation)
    assert found.loc[0, "value"] == pytest.approx(1.7, abs=0.01)
    assert found.loc[1, "value"] == pytest.approx(found.loc[1, "prior"], rel=0.02)
    assert (found["lower"] < found["value"]).all()
    assert (found["value"] < found["upper"]).all()
    assert found.loc[0, "exceedance"] == pytest.approx(1)


def test_pooled_values_are_nearer_the_truth_and_their_limits_cover_it():
    # 12 sets of 100 units; the best possible shrinkage and more settings are in benchmarks/statistical_methods.py.
    rng, own, pooled, covered, sure = np.random.default_rng(2), 0.0, 0.0, [], []
    for _ in range(12):
        true, events, expected, deprivation = ratios(rng)
        found = pool_rates(events, expected, deprivation)
        own += ((events / expected - true) ** 2).sum()
        pooled += ((found["value"] - true) ** 2).sum()
        covered.append(((found["lower"] < true) & (true < found["upper"])).mean())
        sure += list(true[found["exceedance"] >= 0.9] > 1)
    assert np.sqrt(pooled / own) < 0.8
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)
    assert np.mean(sure) >= 0.85


def test_pooled_proportions_are_nearer_the_truth_and_their_limits_cover_it():
    rng, own, pooled, covered = np.random.default_rng(3), 0.0, 0.0, []
    for _ in range(10):
        deprivation = rng.normal(size=100)
        true = special.expit(-2 + 0.2 * deprivation + 0.2 * rng.normal(size=100))
        n = pd.Series(rng.integers(100, 500, 100))
        x = pd.Series(rng.binomial(n, true))
        found = pool_proportions(x, n, pd.DataFrame({"score": deprivation}))
        own += ((x / n - true) ** 2).sum()
        pooled += ((found["value"] - true) ** 2).sum()
        covered.append(((found["lower"] < true) & (true < found["upper"])).mean())
    assert np.sqrt(pooled / own) < 0.9
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)


def test_a_suppressed_unit_has_no_answer_and_counts_for_no_other():
    _, events, expected, _ = ratios(np.random.default_rng(4), units=20)
    with_gap = pool_rates(pd.concat([events, pd.Series([np.nan])], ignore_index=True), pd.Series([*expected, 9e9]))
    pd.testing.assert_frame_equal(with_gap.iloc[:-1], pool_rates(events, expected))
    assert with_gap.iloc[-1].isna().all()


def test_index_and_nullable_type_are_kept():
    labels = [f"E{i}" for i in range(12)]
    found = pool_rates(pd.Series([5] * 11 + [None], index=labels, dtype="Int64"), pd.Series([5.0] * 12, index=labels))
    assert found.index.tolist() == labels
    assert found.dtypes.eq("Float64").all()


def test_the_reference_is_a_choice():
    _, events, expected, _ = ratios(np.random.default_rng(5), units=30)
    low, high = (pool_rates(events, expected, above=above)["exceedance"] for above in (0.5, 2.0))
    assert (low > high).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"events": pd.Series([1] * 9 + [None])}, "9 known units are too few to pool"),
        ({"events": pd.Series([0] * 10)}, "nothing to pool"),
        ({"events": pd.Series([-1] * 10)}, "10 of 10 values of events are negative"),
        ({"expected": pd.Series([1.0] * 9)}, "expected has 9 values and events 10"),
        ({"covariate": pd.Series([1.0] * 10)}, "one value of covariate"),
        ({"covariate": pd.Series([1.0] * 9 + [None])}, "1 of 10 units lack covariate"),
        ({"confidence": 95}, "confidence is 95"),
    ],
)
def test_what_cannot_be_pooled_is_refused(change, message):
    given = {"events": pd.Series([3] * 10), "expected": pd.Series([3.0] * 10)} | change
    with pytest.raises(InputError, match=message):
        pool_rates(**given)


def test_more_cases_than_people_are_refused():
    with pytest.raises(InputError, match="1 of 10 numerators exceed"):
        pool_proportions(pd.Series([11] + [3] * 9), pd.Series([10] * 10))
