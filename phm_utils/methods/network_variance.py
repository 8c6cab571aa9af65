"""Limits of an effect that allow for differences between networks, and what a negative control leaves open.

People of one network share its clinicians, access and winters. Where a whole network has
the programme or not, errors clustered by person miss what networks differ by anyhow, and a programme that does
nothing is often "significant". The control networks show how much that is.
"""

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
import pandas as pd
from scipy import optimize, stats

from phm_utils.errors import InputError
from phm_utils.methods.validation import counts, matched, numbers, tail, z_value

MIN_CONTROLS = 6  # networks; fewer say too little about how much networks differ


@dataclass(frozen=True)
class NetworkRatio:
    """A rate ratio with limits for differences between networks.

    value: the rate ratio. lower, upper, p: NaN where `verdict` is False.
    tau: standard deviation between networks, of the ratio's logarithm; NaN without a verdict.
    verdict: are there MIN_CONTROLS control networks or more?
    overturning_tau: the difference between networks (standard deviation of the logarithm) from which the limits
        would include 1; 0 where those clustered by person do already.
    error: the standard error of the ratio's logarithm, networks included. controls: how many control networks.
    """

    value: float
    lower: float
    upper: float
    p: float
    tau: float
    verdict: bool
    overturning_tau: float
    error: float
    controls: int

    def power(self, rate_ratio: float) -> float:
        """The chance (0-1) that the limits exclude 1, if this is the true rate ratio; NaN without a verdict.

        >>> people = pd.Series([500] * 12)
        >>> found = network_ratio(1.02, 0.06, treated=people.iloc[:3], controls=people, variance=0.01)
        >>> round(found.power(0.75), 2), round(found.power(0.85), 2)
        (0.84, 0.39)
        """
        if not self.verdict or not self.error:
            return float("nan")
        freedom, distance = self.controls - 1, abs(log(rate_ratio)) / self.error
        critical = stats.t.isf(0.025, freedom)
        return float(stats.nct.sf(critical, freedom, distance) + stats.nct.cdf(-critical, freedom, distance))


def network_differences(
    events: np.ndarray, expected: np.ndarray, weights: np.ndarray, *, person: np.ndarray, network: np.ndarray
) -> pd.DataFrame:
    """Placebo effects of control networks: each one's weighted events over those expected of it, less 1.

    events, expected: of each control row; what a model of all controls expects of it, > 0. weights: of the headline,
        so that each network counts with the people that the headline compares. person, network: of each row.

    Returns by `network`: `people`, `expected` (weighted, what its difference weighs in the headline), `difference` (to
    first order the logarithm of the rate ratio, and unlike it unbiased where events are few) and `error`, clustered by
    person, from the variation of all controls together. For `between_networks` with `against_others=False`.

    >>> count, people = np.array([3, 1, 2, 2]), np.arange(4)
    >>> network = np.array(["U1", "U1", "U2", "U2"])
    >>> network_differences(count, np.full(4, 2.0), np.ones(4), person=people, network=network).reset_index()
      network  people  expected  difference  error
    0      U1       2       4.0         0.0   0.25
    1      U2       2       4.0         0.0   0.25
    """
    _, who = np.unique(person, return_inverse=True)
    names, where = np.unique(network, return_inverse=True)
    off = np.bincount(who, weights=weights * (events - expected))  # by person
    dispersion = (off**2).sum() / (weights**2 * expected).sum()
    parts = {"observed": weights * events, "expected": weights * expected, "noise": weights**2 * expected}
    table = pd.DataFrame({name: np.bincount(where, weights=part) for name, part in parts.items()}, index=names)
    table["people"] = np.bincount(np.unique(np.stack([where, who]), axis=1)[0])
    table["difference"] = table["observed"] / table["expected"] - 1
    table["error"] = np.sqrt(dispersion * table["noise"]) / table["expected"]
    table = table.rename_axis("network")
    return table[["people", "expected", "difference", "error"]]


def between_networks(log_ratios: pd.Series, errors: pd.Series, *, against_others: bool = True) -> float:
    """The variance between networks from placebo effects of control networks (Paule and Mandel).

    log_ratios: for each control network, the logarithm of its rate ratio as if it had the
        programme. errors: their person-clustered standard errors (> 0).
    against_others: each was compared with the other control networks, whose own differences widen the
        placebo effects by G / (G - 1); False where all were compared with something outside of them.
    0 where they differ by no more than their errors. Raises InputError for fewer than two networks.
    Source: Paule and Mandel 1982, doi:10.6028/jres.087.022.

    >>> round(between_networks(pd.Series([0.2, -0.2, 0.1, -0.1, 0.2, -0.2]), errors=pd.Series([0.05] * 6)), 4)
    0.0233
    """
    pair = matched(log_ratios=log_ratios, errors=errors)
    value, error = numbers(pair[0], "log_ratios"), counts(pair[1], "errors")
    if len(value) < 2 or np.isnan(value).any() or not (error > 0).all():
        raise InputError(
            f"{len(value)} networks, of which each needs a placebo effect and an error above 0; two or more are needed."
        )
    shrink = (len(value) - 1) / len(value) if against_others else 1.0
    value, error = value * shrink, error * shrink

    def excess(variance: float) -> float:
        weight = 1 / (error**2 + variance)
        mean = np.average(value, weights=weight)
        return float((weight * (value - mean) ** 2).sum() - (len(value) - 1))

    if excess(0.0) <= 0:
        return 0.0
    return float(optimize.brentq(excess, 0.0, 10 * np.var(value) + error.max() ** 2))


def effective_number(weights: pd.Series) -> float:
    """Networks of equal weight that would be as variable as these (Kish): 1 / sum of squared shares.

    >>> effective_number(pd.Series([100, 100, 200])).__round__(2)
    2.67
    """
    share = counts(weights, "weights", missing=False)
    if not share.sum() > 0:
        raise InputError("The weights of the networks sum to 0. Give the people of each network.")
    share = share / share.sum()
    return float(1 / (share**2).sum())


def network_ratio(
    rate_ratio: float,
    log_se: float,
    *,
    treated: pd.Series,
    controls: pd.Series,
    variance: float | None = None,
    confidence: float = 0.95,
) -> NetworkRatio:
    """A rate ratio with limits for differences between networks.

    rate_ratio, log_se: the effect and its person-clustered standard error on the log scale.
    treated, controls: people (or weights) of each network; those of 0 are none.
    variance: between networks, from `between_networks`; not needed for fewer than MIN_CONTROLS controls.

    Error squared: log_se squared + variance x (1 / treated + 1 / controls), in effective numbers; Student's t
    with one degree of freedom less than there are control networks. With fewer than MIN_CONTROLS control
    networks there is no verdict, only the difference between networks that would overturn one.

    >>> people = pd.Series([500] * 12)
    >>> found = network_ratio(0.75, 0.06, treated=people.iloc[:3], controls=people, variance=0.01)
    >>> round(found.lower, 2), round(found.upper, 2), round(found.overturning_tau, 2)
    (0.62, 0.91, 0.18)
    """
    outside = tail(confidence)
    if not 0 < rate_ratio < np.inf or not 0 <= log_se < np.inf:
        raise InputError(
            f"A rate ratio of {rate_ratio} with the error {log_se} has no limits; both are finite numbers."
        )
    networks = int((counts(controls, "controls", missing=False) > 0).sum())
    share = 1 / effective_number(treated) + 1 / effective_number(controls)
    effect, verdict = log(rate_ratio), networks >= MIN_CONTROLS
    critical = float(stats.t.isf(outside, networks - 1)) if verdict else z_value(confidence)
    room = (effect / critical) ** 2 - log_se**2
    overturning = sqrt(room / share) if room > 0 else 0.0
    if not verdict:
        return NetworkRatio(rate_ratio, np.nan, np.nan, np.nan, np.nan, False, overturning, np.nan, networks)
    if variance is None or not 0 <= variance < np.inf:
        raise InputError(f"variance is {variance}; give the variance between networks, 0 or more.")
    error = sqrt(log_se**2 + variance * share)
    p = float(2 * stats.t.sf(abs(effect) / error, networks - 1)) if error else 0.0
    lower, upper = (exp(effect + sign * critical * error) for sign in (-1, 1))
    return NetworkRatio(rate_ratio, lower, upper, p, sqrt(variance), True, overturning, error, networks)


def compatible_bias(lower: float, upper: float) -> float:
    """The largest bias that a negative control's limits are compatible with, as a ratio of 1 or more.

    A negative control is an outcome that the programme cannot change: its rate ratio is bias and chance.
    1.2 means that the effect may be too large or too small by a factor of up to 1.2.

    >>> round(compatible_bias(0.9, 1.05), 2)
    1.11
    """
    if not 0 < lower <= upper < np.inf:
        raise InputError(f"Limits of {lower} and {upper} are no limits of a ratio: lower above upper, or not above 0.")
    return max(1 / lower, upper)
