"""Funnel limits agree with tests of each area; overdispersion widens them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.methods import funnels, rates


@given(st.integers(0, 400), st.integers(1, 400), st.floats(0.05, 0.95))
def test_a_proportion_is_outside_when_its_wilson_limits_exclude_the_target(x, n, target):
    x = min(x, n)
    own = rates.proportion(pd.Series([x]), pd.Series([n])).iloc[0]
    signal = funnels.proportion_signals(pd.Series([x]), pd.Series([n]), target)[0]
    if min(abs(own["lower"] - target), abs(own["upper"] - target)) > 1e-9:
        assert (signal != "within") == (target < own["lower"] or target > own["upper"])


@given(st.integers(0, 300), st.floats(1, 300))
def test_ratio_limits_and_signals_say_the_same(observed, expected):
    signal = funnels.ratio_signals(pd.Series([observed]), pd.Series([expected]))[0]
    row = funnels.ratio_limits(pd.Series([expected])).iloc[0]
    ratio = observed / expected
    edges = row[["lower_95", "upper_95"]]
    if (edges - ratio).abs().min() > 1e-6:
        assert (signal != "within") == (ratio < edges["lower_95"] or ratio > edges["upper_95"])


def test_areas_that_vary_by_chance_alone_have_no_variation_between_them():
    rng = np.random.default_rng(5)
    n = pd.Series(rng.integers(2_000, 12_000, 400))
    phi, tau = funnels.proportion_overdispersion(pd.Series(rng.binomial(n, 0.07)), n)
    assert phi == pytest.approx(0.75, abs=0.15)  # winsorised squares of a normal average less than 1
    assert tau == 0


def test_planted_variation_between_areas_is_recovered_and_few_stay_outside():
    rng = np.random.default_rng(6)
    n = pd.Series(rng.integers(2_000, 12_000, 400))
    share = rng.normal(0.07, 0.01, 400)
    x = pd.Series(rng.binomial(n, share))
    phi, tau = funnels.proportion_overdispersion(x, n)
    assert phi > 5
    assert tau == pytest.approx(0.01, rel=0.25)
    target = x.sum() / n.sum()
    for limits, few in ((funnels.proportion_limits(target, n), False), (_wide(target, n, tau), True)):
        outside = ((x / n < limits["lower_998"]) | (x / n > limits["upper_998"])).mean()
        assert (outside < 0.03) == few


def _wide(target, n, tau):
    return funnels.overdispersed_limits(target, n, tau)


def test_no_variation_can_be_seen_in_one_area():
    with pytest.raises(InputError, match="1 areas are too few"):
        funnels.overdispersion(pd.Series([1.0]), pd.Series([0.1]))
