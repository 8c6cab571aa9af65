"""Rate ratios of a programme: weighted, doubly robust and before/after, with errors clustered by person.

Both estimators are for the treated: their events, over those expected
without the programme. Standard errors come from each person's
influence on the estimate, the fitting of weights and model included.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from phm_utils.errors import InputError
from phm_utils.methods.counterfactual import Arm, Counterfactual, calibrated, clustered_error, without_programme

NORMAL = NormalDist()


@dataclass(frozen=True)
class RateRatio:
    """A rate ratio with its limits; `log_se` is the standard error of its logarithm.

    expected: events that the treated would have had without the programme.
    """

    rate_ratio: float
    lower: float
    upper: float
    log_se: float
    events: float
    expected: float


def weighted_rate_ratio(treated: Arm, controls: Arm, weights: np.ndarray, *, confidence: float = 0.95) -> RateRatio:
    """Treated rate over the weighted controls' rate: a Poisson model with an exposure offset.

    weights: one per control row, from `entropy_balance` of the same arms.

    A log-linear Poisson model of the programme alone has this ratio as its
    coefficient. Each person's influence allows for the estimated weights (calibration residuals; Deville and
    Sarndal 1992, doi:10.1080/01621459.1992.10475217).
    Raises InputError where an arm has no events: no ratio can be given.

    >>> none, stratum = np.zeros((4, 1)), np.zeros(4, int)
    >>> treated = Arm(np.array([1, 0, 2, 1]), np.ones(4), none, stratum, person=np.arange(4))
    >>> controls = Arm(np.array([2, 1, 2, 3]), np.ones(4), none, stratum, person=np.arange(4, 8))
    >>> weighted_rate_ratio(treated, controls, weights=np.ones(4)).rate_ratio
    0.5
    """
    _check(treated, controls, weights)
    time = treated.exposure.sum()
    rate = (weights @ controls.events) / (weights @ controls.exposure)
    expected, events = rate * time, treated.events.sum()
    residual = controls.events - rate * controls.exposure
    share = time / (weights @ controls.exposure)
    fitted_controls, fitted_treated = calibrated(residual, controls, treated, weights)
    on_treated = (treated.events - events / time * treated.exposure) / events - share * fitted_treated / expected
    on_controls = -share * weights * (residual - fitted_controls) / expected
    return _ratio(events, expected, treated, controls, on_treated, on_controls, confidence)


def doubly_robust_rate_ratio(
    treated: Arm, controls: Arm, weights: np.ndarray, *, confidence: float = 0.95
) -> RateRatio:
    """Treated events over those expected of them: a controls-only Poisson model corrected by weights.

    The model (intercept per stratum, exposure offset, unweighted) predicts
    the events of each treated person without the programme; the weighted mean of its errors
    among the controls corrects it. Right if either the weights or the model
    are right. Augmented inverse probability weighting for the treated, with
    entropy balance in place of a propensity (Zhao and Percival 2017,
    doi:10.1515/jci-2016-0010).
    Raises InputError where an arm has no events or the model has no solution.

    >>> none, stratum = np.zeros((4, 1)), np.zeros(4, int)
    >>> treated = Arm(np.array([1, 0, 2, 1]), np.ones(4), none, stratum, person=np.arange(4))
    >>> controls = Arm(np.array([2, 1, 2, 3]), np.ones(4), none, stratum, person=np.arange(4, 8))
    >>> round(doubly_robust_rate_ratio(treated, controls, weights=np.ones(4)).rate_ratio, 3)
    0.5
    """
    _check(treated, controls, weights)
    return ratio_to(without_programme(treated, controls, weights), treated, controls, confidence=confidence)


def ratio_to(found: Counterfactual, treated: Arm, controls: Arm, *, confidence: float = 0.95) -> RateRatio:
    """Treated events over those expected without the programme; see `doubly_robust_rate_ratio`.

    >>> none, stratum = np.zeros((4, 1)), np.zeros(4, int)
    >>> treated = Arm(np.array([1, 0, 2, 1]), np.ones(4), none, stratum, person=np.arange(4))
    >>> controls = Arm(np.array([2, 1, 2, 3]), np.ones(4), none, stratum, person=np.arange(4, 8))
    >>> round(ratio_to(without_programme(treated, controls, np.ones(4)), treated, controls).rate_ratio, 3)
    0.5
    """
    _check(treated, controls, found.weights)
    events = treated.events.sum()
    on_treated = treated.events / events - (found.treated + found.fitted_treated) / found.expected
    on_controls = -found.on_controls / found.expected
    return _ratio(events, found.expected, treated, controls, on_treated, on_controls, confidence)


def _ratio(events, expected, treated: Arm, controls: Arm, on_treated, on_controls, confidence) -> RateRatio:
    influence = np.concatenate([on_treated, on_controls])
    log_se = clustered_error(influence, np.concatenate([treated.person, controls.person]))
    return _with_limits(events, expected, log_se, confidence)


def _with_limits(events: float, expected: float, log_se: float, confidence: float) -> RateRatio:
    ratio, reach = events / expected, NORMAL.inv_cdf(0.5 + confidence / 2) * log_se
    low, high = ratio * np.exp(-reach), ratio * np.exp(reach)
    return RateRatio(float(ratio), float(low), float(high), float(log_se), float(events), float(expected))


def before_after(
    before: np.ndarray,
    before_exposure: np.ndarray,
    after: np.ndarray,
    after_exposure: np.ndarray,
    person: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    confidence: float = 0.95,
) -> RateRatio:
    """The same people's rate after over their rate before. NOT evidence of an effect.

    People selected for an extreme regress to the mean: with a programme
    without effect this ratio is about 0.6, and "significant".
    before, after: events; exposures in one unit of time; one row per person-trial.

    >>> before, after, year = np.array([2, 1, 3]), np.array([1, 1, 2]), np.ones(3)
    >>> round(before_after(before, year, after, year, person=np.arange(3)).rate_ratio, 2)
    0.67
    """
    weights = np.ones(len(before)) if weights is None else weights
    first, second = weights @ before, weights @ after
    if first <= 0 or second <= 0:
        raise InputError("Before/after needs at least one event before and one after.")
    rate_first, rate_second = first / (weights @ before_exposure), second / (weights @ after_exposure)
    influence = weights * (
        (after - rate_second * after_exposure) / second - (before - rate_first * before_exposure) / first
    )
    expected = rate_first * (weights @ after_exposure)
    return _with_limits(second, expected, clustered_error(influence, person), confidence)


def e_value(rate_ratio: float) -> float:
    """The strength of an unmeasured confounder, on the ratio scale, that would explain the ratio.

    Source: VanderWeele and Ding 2017, doi:10.7326/M16-2607.

    >>> round(e_value(0.8), 2)
    1.81
    """
    ratio = max(rate_ratio, 1 / rate_ratio)
    return float(ratio + np.sqrt(ratio * (ratio - 1)))


def e_value_of_limit(result: RateRatio) -> float:
    """The E-value of the limit nearer to 1; 1 where the interval covers 1.

    >>> result = RateRatio(0.8, lower=0.7, upper=0.9, log_se=0.06, events=80, expected=100)
    >>> round(e_value_of_limit(result), 2)
    1.46
    """
    if result.lower <= 1 <= result.upper:
        return 1.0
    return e_value(result.upper if result.upper < 1 else result.lower)


def minimum_detectable_rate_ratio(log_se: float, *, power: float = 0.8, confidence: float = 0.95) -> float:
    """The rate ratio nearest below 1 that would be found significant with this power.

    >>> round(minimum_detectable_rate_ratio(0.05), 2)
    0.87
    """
    return float(np.exp(-(NORMAL.inv_cdf(0.5 + confidence / 2) + NORMAL.inv_cdf(power)) * log_se))


def power_to_detect(rate_ratio: float, log_se: float, *, confidence: float = 0.95) -> float:
    """Chance (0-1) that the interval excludes 1, if this is the true rate ratio.

    >>> round(power_to_detect(0.87, log_se=0.05), 2)
    0.8
    """
    reach, distance = NORMAL.inv_cdf(0.5 + confidence / 2), abs(np.log(rate_ratio)) / log_se
    return NORMAL.cdf(distance - reach) + NORMAL.cdf(-distance - reach)


def _check(treated: Arm, controls: Arm, weights: np.ndarray) -> None:
    for name, arm in (("treated", treated), ("control", controls)):
        if not len(arm) or (arm.exposure <= 0).any():
            raise InputError(f"Each {name} row needs time at risk above 0; {(arm.exposure <= 0).sum()} have none.")
        if (arm.events < 0).any() or not np.isfinite(arm.events).all():
            raise InputError(f"Events of the {name} rows must be counts of 0 or more, none missing.")
    if len(weights) != len(controls) or (weights < 0).any() or not np.isclose(weights.sum(), len(treated)):
        raise InputError("Weights must be one per control row, 0 or more, and sum to the number of treated rows.")
    if not treated.events.sum() or not weights @ controls.events:
        raise InputError("An arm has no events, so no rate ratio can be given: lengthen follow-up or pool programmes.")
