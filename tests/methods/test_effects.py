"""Rate ratios: hand-worked values, recovery of a known effect, clusters, refusals."""

from dataclasses import replace

import numpy as np
import pytest

from phm_utils.errors import InputError
from phm_utils.methods.effects import (
    Arm,
    RateRatio,
    before_after,
    clustered_error,
    doubly_robust_rate_ratio,
    e_value,
    e_value_of_limit,
    minimum_detectable_rate_ratio,
    power_to_detect,
    weighted_rate_ratio,
)
from phm_utils.methods.weighting import entropy_balance

ESTIMATORS = (weighted_rate_ratio, doubly_robust_rate_ratio)


def arm(events, exposure=None, covariate=None, person=None, stratum=None) -> Arm:
    n = len(events)
    return Arm(
        np.asarray(events, float),
        np.ones(n) if exposure is None else np.asarray(exposure, float),
        (np.arange(n) % 2 if covariate is None else np.asarray(covariate)).astype(float).reshape(n, -1),
        np.zeros(n, int) if stratum is None else np.asarray(stratum),
        np.arange(n) if person is None else np.asarray(person),
    )


def drawn(random, people=4000, share=0.1, ratio=0.6) -> tuple[Arm, Arm]:
    """People whose enrolment and events both depend on two covariates."""
    x = random.normal(size=(people, 2))
    treated = random.random(people) < share * np.exp(0.5 * x[:, 0]) / 1.2
    exposure = np.where(random.random(people) < 0.1, 3.0, 6.0)
    mean = exposure * np.exp(-1 + 0.4 * x[:, 0] - 0.3 * x[:, 1]) * np.where(treated, ratio, 1)
    events = random.poisson(mean * random.gamma(2, 0.5, people))
    stratum, person = np.arange(people) % 3, np.arange(people)
    both = Arm(events.astype(float), exposure, x, stratum, person)
    return tuple(
        Arm(*(getattr(both, f)[k] for f in ("events", "exposure", "covariates", "stratum", "person")))
        for k in (treated, ~treated)
    )


def balanced(treated: Arm, controls: Arm) -> np.ndarray:
    return entropy_balance(
        controls.covariates, treated.covariates, control_stratum=controls.stratum, treated_stratum=treated.stratum
    )


def test_rate_ratio_by_hand():
    # Treated: 6 events in 4 units. Controls, weights 3 and 1: 3 x 2 + 1 x 4 = 10 events in 3 x 1 + 1 x 2 = 5 units.
    # Ratio (6 / 4) / (10 / 5) = 0.75; expected 2 x 4 = 8 events.
    treated = arm([1, 2, 2, 1], covariate=[0, 0, 0, 1])
    controls = arm([2, 4], exposure=[1, 2], covariate=[0, 1])
    result = weighted_rate_ratio(treated, controls, np.array([3.0, 1]))
    assert result.rate_ratio == pytest.approx(0.75)
    assert (result.events, result.expected) == (6, pytest.approx(8))


def test_two_equal_groups_give_the_poisson_error_of_textbooks():
    # Constant covariate: nothing to calibrate. Overdispersion-free data: var(log) is near 1/events + 1/events.
    random = np.random.default_rng(5)
    treated = arm(random.poisson(2, 5000), covariate=np.ones(5000))
    controls = arm(random.poisson(2, 5000), covariate=np.ones(5000))
    result = weighted_rate_ratio(treated, controls, np.ones(5000))
    expected = np.sqrt(1 / treated.events.sum() + 1 / controls.events.sum())
    assert result.log_se == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("estimate", ESTIMATORS)
def test_the_planted_effect_is_recovered_where_the_plain_ratio_is_wrong(estimate):
    treated, controls = drawn(np.random.default_rng(11), people=60_000)
    plain = (treated.events.sum() / treated.exposure.sum()) / (controls.events.sum() / controls.exposure.sum())
    result = estimate(treated, controls, balanced(treated, controls))
    assert plain > 0.68
    assert result.rate_ratio == pytest.approx(0.6, abs=0.03)
    assert result.lower < 0.6 < result.upper


@pytest.mark.parametrize("estimate", ESTIMATORS)
def test_errors_equal_the_spread_of_repeated_samples(estimate):
    random, found = np.random.default_rng(7), []
    for _ in range(150):
        treated, controls = drawn(random)
        result = estimate(treated, controls, balanced(treated, controls))
        found.append((np.log(result.rate_ratio), result.log_se, result.lower < 0.6 < result.upper))
    logs, errors, covered = np.array(found).T
    assert errors.mean() == pytest.approx(logs.std(), rel=0.15)  # 150 repeats know a spread to 6%
    assert 0.90 <= covered.mean() <= 0.99
    assert logs.mean() == pytest.approx(np.log(0.6), abs=0.03)


def test_wrong_weights_are_corrected_by_a_right_model():
    treated, controls = drawn(np.random.default_rng(3), people=60_000)
    useless = np.full(len(controls), len(treated) / len(controls))
    assert weighted_rate_ratio(treated, controls, useless).rate_ratio > 0.68
    assert doubly_robust_rate_ratio(treated, controls, useless).rate_ratio == pytest.approx(0.6, abs=0.03)


def test_a_wrong_model_is_corrected_by_right_weights():
    treated, controls = drawn(np.random.default_rng(4), people=60_000)
    random = np.random.default_rng(0)
    noise = [replace(a, predictors=random.normal(size=(len(a), 1))) for a in (treated, controls)]
    result = doubly_robust_rate_ratio(*noise, balanced(treated, controls))
    assert result.rate_ratio == pytest.approx(0.6, abs=0.03)


@pytest.mark.parametrize("estimate", ESTIMATORS)
def test_a_person_counted_three_times_brings_no_new_information(estimate):
    treated, controls = drawn(np.random.default_rng(9))
    thrice = Arm(
        *(np.concatenate([getattr(controls, f)] * 3) for f in ("events", "exposure", "covariates", "stratum", "person"))
    )
    once = estimate(treated, controls, balanced(treated, controls))
    repeated = estimate(treated, thrice, balanced(treated, thrice))
    assert repeated.rate_ratio == pytest.approx(once.rate_ratio, rel=1e-6)
    assert repeated.log_se == pytest.approx(once.log_se, rel=1e-3)


@pytest.mark.parametrize("estimate", ESTIMATORS)
def test_the_unit_of_time_does_not_matter(estimate):
    treated, controls = drawn(np.random.default_rng(9))
    weights = balanced(treated, controls)
    days = [replace(a, exposure=a.exposure * 30.4) for a in (treated, controls)]
    months, by_day = estimate(treated, controls, weights), estimate(*days, weights)
    assert vars(by_day) == pytest.approx(vars(months))


def test_clusters_are_summed_before_they_are_squared():
    # Two people: 1 + 1 and -2. Sums 2 and -2: 2/1 x 8 = 16, root 4.
    assert clustered_error(np.array([1.0, 1, -2]), np.array([7, 7, 3])) == 4


def test_before_after_by_hand():
    # 8 events in 4 months, then 3 in 3: (3 / 3) / (8 / 4) = 0.5; expected 2 x 3 = 6.
    result = before_after(
        np.array([5.0, 3]), np.array([2.0, 2]), np.array([1.0, 2]), np.array([1.0, 2]), np.array([0, 1])
    )
    assert result.rate_ratio == 0.5
    assert result.expected == 6


def test_e_values_of_the_published_examples():
    # VanderWeele and Ding 2017: 3.9 gives 7.26 and its limit 1.8 gives 3.0; ratios below 1 by their inverse.
    assert e_value(3.9) == pytest.approx(7.26, abs=0.01)
    assert e_value(1.8) == pytest.approx(3.0)
    assert e_value(1 / 1.8) == pytest.approx(3.0)
    assert e_value_of_limit(RateRatio(3.9, 1.8, 8.7, 0.4, 1, 1)) == pytest.approx(3.0)
    assert e_value_of_limit(RateRatio(0.9, 0.7, 1.2, 0.1, 1, 1)) == 1


def test_minimum_detectable_ratio_and_power_by_hand():
    # 1.95996 + 0.84162 = 2.80158; exp(-0.280158) = 0.7557, which is found with a power of 80%.
    least = minimum_detectable_rate_ratio(0.1)
    assert least == pytest.approx(0.7557, abs=0.0001)
    assert power_to_detect(least, 0.1) == pytest.approx(0.8, abs=0.0001)
    assert power_to_detect(1.0, 0.1) == pytest.approx(0.05)


@pytest.mark.parametrize("estimate", ESTIMATORS)
@pytest.mark.parametrize(
    ("treated", "controls", "weights", "says"),
    [
        (arm([0, 0]), arm([1, 2]), [1, 1], "no events"),
        (arm([1, 1]), arm([0, 0]), [1, 1], "no events"),
        (arm([1, 1], exposure=[0, 1]), arm([1, 2]), [1, 1], "time at risk"),
        (arm([1, 1]), arm([1, 2]), [1, 2], "sum to the number of treated"),
        (arm([-1, 1]), arm([1, 2]), [1, 1], "0 or more"),
    ],
)
def test_what_gives_no_ratio_is_refused(estimate, treated, controls, weights, says):
    with pytest.raises(InputError, match=says):
        estimate(treated, controls, np.array(weights, float))
