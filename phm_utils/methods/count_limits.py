"""Limits of counts: exact Poisson, Byar's, and those of weighted sums of counts.

None is below 0, and the lower limit of 0 is 0.
"""

import numpy as np
import pandas as pd
from scipy import stats

from phm_utils.methods.validation import counts, tail, z_value

MIN_EVENTS = 10  # fewer are unstable: exact limits for rates, standardised rates withheld
Limits = tuple[np.ndarray, np.ndarray]


def exact_limits(events: np.ndarray, confidence: float = 0.95) -> Limits:
    """Exact Poisson limits of counts; the lower limit of 0 is 0.

    >>> lower, upper = exact_limits(np.array([5]))
    >>> lower.round(2), upper.round(2)
    (array([1.62]), array([11.67]))
    """
    x = np.asarray(events, dtype=float)
    outside = tail(confidence)
    lower = np.where(x > 0, stats.chi2.ppf(outside, 2 * np.where(x > 0, x, 1)) / 2, x * 0)
    return lower, stats.chi2.isf(outside, 2 * x + 2) / 2


def byar_limits(events: np.ndarray, confidence: float = 0.95) -> Limits:
    """Byar's approximate Poisson limits, for any count; the lower limit of 0 is 0.

    Source: Breslow and Day 1987, Statistical Methods in Cancer Research II.

    >>> lower, upper = byar_limits(np.array([40]))
    >>> lower.round(2), upper.round(2)
    (array([28.57]), array([54.47]))
    """
    x = np.asarray(events, dtype=float)
    z = z_value(confidence)
    safe = np.where(x > 0, x, 1)
    lower = safe * (1 - 1 / (9 * safe) - z / (3 * np.sqrt(safe))) ** 3
    upper = (x + 1) * (1 - 1 / (9 * (x + 1)) + z / (3 * np.sqrt(x + 1))) ** 3
    return np.where(x > 0, np.maximum(lower, 0), x * 0), upper


def byar(events: pd.Series, confidence: float = 0.95) -> Limits:
    """Limits of counts as published in England: exact below 10 events, else Byar's.

    Returns two float arrays, NaN where the count is missing.

    >>> lower, upper = byar(pd.Series([5, 40]))
    >>> lower.round(2), upper.round(2)
    (array([ 1.62, 28.57]), array([11.67, 54.47]))
    """
    x = counts(events, "events")
    few = x < MIN_EVENTS
    exact, approximate = exact_limits(x, confidence), byar_limits(x, confidence)
    return np.where(few, exact[0], approximate[0]), np.where(few, exact[1], approximate[1])


def weighted_limits(
    events: pd.Series, value: pd.Series, variance: pd.Series, confidence: float = 0.95, *, repeats: bool = False
) -> Limits:
    """Limits of weighted sums of counts, such as standardised rates; the lower one is never below 0.

    events: the unweighted sum. value: the sum of weight x count. variance: of
        `value`: the sum of weight squared x the count's variance, which is the
        count itself where events are independent. repeats: are they not?

    Dobson 1991, doi:10.1002/sim.4780100317: value + sqrt(variance / events) (Byar's limit - events). Its lower limit
    falls to 0 at 3 to 4 effective events (value squared / variance; at 95%), where a few people or a thin stratum
    carry the value. It is used above that number, and for repeat events, whose variance is itself known from a few
    people, above twice that. Else the limits are those of `byar` for the effective events, scaled to the value: as
    Fay and Feuer 1997 (gamma distribution with the value's mean and variance, Statistics in Medicine 16:791-801),
    but for the one event more of the upper limit, which weighs variance / value here and the largest weight there.
    Equal weights and independent events give `byar_limits` of the events by either formula.

    >>> one_person = weighted_limits(pd.Series([12]), pd.Series([12.0]), pd.Series([144.0]), repeats=True)
    >>> [limit.round(2).tolist() for limit in one_person]  # exact limits of one event, times twelve
    [[0.3], [66.86]]
    """
    number, total, spread = (column.to_numpy(float) for column in (events, value, variance))
    byars = byar_limits(number, confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.round(total**2 / spread, 9)  # ten events are ten, whatever their last bits
        dobson = [total + np.sqrt(spread / number) * (limit - number) for limit in byars]
        scaled = [total / effective * limit for limit in byar(pd.Series(effective), confidence)]
        zero_at = (number - byars[0]) ** 2 / number
    enough = effective > zero_at * (2 if repeats else 1)
    lower, upper = (np.where(enough, first, second) for first, second in zip(dobson, scaled, strict=True))
    return lower, upper
