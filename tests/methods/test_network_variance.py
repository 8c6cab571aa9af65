"""Limits for differences between networks: hand-worked, error rates, no verdict, refusals."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from phm_utils.errors import InputError
from phm_utils.methods.network_variance import (
    between_networks,
    compatible_bias,
    effective_number,
    network_differences,
    network_ratio,
)

SIX, TWO = pd.Series([500] * 6), pd.Series([500] * 2)


def test_equal_errors_give_the_variance_of_the_effects_less_theirs():
    # Variance of .3, -.3, .2, -.2, .1, -.1 (n - 1): .056; less .05 squared: .0535; against others x (5 / 6) squared.
    effects, errors = pd.Series([0.3, -0.3, 0.2, -0.2, 0.1, -0.1]), pd.Series([0.05] * 6)
    assert between_networks(effects, errors, against_others=False) == pytest.approx(0.0535)
    assert between_networks(effects, errors) == pytest.approx(0.0535 * 25 / 36)
    assert between_networks(effects, errors * 10) == 0


def test_error_and_t_match_hand_working():
    # .06^2 + .01 (1/2 + 1/6) = .0102667, root .101324; t(5) = 2.570582; log .75 = -.287682
    found = network_ratio(0.75, 0.06, treated=TWO, controls=SIX, variance=0.01)
    assert np.log([found.lower, found.upper]) == pytest.approx([-0.287682 - 0.260463, -0.287682 + 0.260463], abs=1e-5)
    assert found.p == pytest.approx(2 * stats.t.sf(0.287682 / 0.101324, 5), rel=1e-4)
    assert found.verdict
    # ((.287682 / 2.570582)^2 - .06^2) / (2/3) = .0133873, root .115704
    assert found.overturning_tau == pytest.approx(0.115704, abs=1e-5)
    there = network_ratio(0.75, 0.06, treated=TWO, controls=SIX, variance=found.overturning_tau**2)
    assert there.upper == pytest.approx(1)


def test_fewer_than_six_control_networks_give_no_verdict_but_what_would_overturn_one():
    found = network_ratio(0.75, 0.06, treated=TWO, controls=SIX.iloc[:5])
    assert not found.verdict
    assert np.isnan([found.lower, found.upper, found.p, found.tau]).all()
    # ((.287682 / 1.959964)^2 - .0036) / (1/2 + 1/5) = .025635
    assert found.overturning_tau == pytest.approx(np.sqrt(0.025635), abs=1e-5)
    assert network_ratio(0.98, 0.06, treated=TWO, controls=SIX.iloc[:5]).overturning_tau == 0


def test_each_networks_placebo_effect_matches_hand_working():
    # Weighted: U1 has 2 x 3 + 1 = 7 of 6 expected, U2 2 + 2 = 4 of 4. Person 0 (rows 0 and 1) is 7 - 6 = 1 off, the
    # others are not. Dispersion 1 / (4 x 2 + 2 + 2 + 2) = 1/14. Errors: root(10 / 14) / 6 and root(4 / 14) / 4.
    events, weights = np.array([3, 1, 2, 2]), np.array([2, 1, 1, 1])
    person, network = np.array([0, 0, 1, 2]), np.array(["U1", "U1", "U2", "U2"])
    found = network_differences(events, np.full(4, 2.0), weights, person=person, network=network)
    assert found["people"].tolist() == [1, 2]
    assert found["expected"].tolist() == [6, 4]
    assert found["difference"].tolist() == pytest.approx([1 / 6, 0])
    assert found["error"].tolist() == pytest.approx([np.sqrt(10 / 14) / 6, np.sqrt(4 / 14) / 4])


def test_power_is_that_of_a_noncentral_t():
    # Error .101324 as above; with t(5) and a distance of .287682 / .101324 = 2.839.
    found = network_ratio(1, 0.06, treated=TWO, controls=SIX, variance=0.01)
    rng = np.random.default_rng(1)
    drawn = (rng.normal(2.839, 1, 400_000)) / np.sqrt(rng.chisquare(5, 400_000) / 5)
    assert found.power(0.75) == pytest.approx((np.abs(drawn) > 2.570582).mean(), abs=0.003)
    assert np.isnan(network_ratio(0.75, 0.06, treated=TWO, controls=SIX.iloc[:5]).power(0.75))


def test_networks_without_people_are_none():
    with_empty = pd.Series([500] * 5 + [0])
    assert not network_ratio(0.75, 0.06, treated=TWO, controls=with_empty, variance=0.01).verdict
    assert effective_number(with_empty) == pytest.approx(5)


def test_a_programme_that_does_nothing_is_rarely_found_where_networks_differ():
    # 400 evaluations of 3 against 8 networks with 10% between them; see benchmarks/statistical_methods.py.
    rng, found, plain = np.random.default_rng(3), [], []
    people, noise = pd.Series([500] * 8), 0.08
    for _ in range(400):
        own, others = (rng.normal(0, 0.1, size) + rng.normal(0, noise, size) for size in (3, 8))
        placebo = pd.Series([others[i] - np.delete(others, i).mean() for i in range(8)])
        variance = between_networks(placebo, pd.Series([noise * np.sqrt(1 + 1 / 7)] * 8))
        effect, error = own.mean() - others.mean(), noise * np.sqrt(1 / 3 + 1 / 8)
        result = network_ratio(np.exp(effect), error, treated=people[:3], controls=people, variance=variance)
        found.append(result.p < 0.05)
        plain.append(abs(effect) > 1.96 * error)
    assert np.mean(found) <= 0.075
    assert np.mean(plain) > 0.12


def test_a_negative_control_is_compatible_with_the_farther_of_its_limits():
    assert compatible_bias(0.8, 1.1) == pytest.approx(1.25)
    assert compatible_bias(0.95, 1.3) == pytest.approx(1.3)


def test_what_has_no_limits_is_refused():
    with pytest.raises(InputError, match="1 networks"):
        between_networks(pd.Series([0.1]), pd.Series([0.1]))
    with pytest.raises(InputError, match="values of errors are negative"):
        between_networks(pd.Series([0.1, 0.2]), pd.Series([0.1, -0.1]))
    with pytest.raises(InputError, match="variance is None"):
        network_ratio(0.8, 0.1, treated=TWO, controls=SIX)
    with pytest.raises(InputError, match="rate ratio of 0"):
        network_ratio(0, 0.1, treated=TWO, controls=SIX, variance=0.01)
    with pytest.raises(InputError, match="weights of the networks sum to 0"):
        network_ratio(0.8, 0.1, treated=TWO * 0, controls=SIX, variance=0.01)
    with pytest.raises(InputError, match="lower above upper"):
        compatible_bias(1.2, 0.9)
