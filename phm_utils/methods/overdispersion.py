"""Units that stand out from how much units usually vary.

Which unit stands out is decided from the others: each is compared with the
distribution that the rest predict for it, chance and usual variation included, and the p-values then go through
`discovery`. The published phi is there to be printed; the corrected one decides.
Source: Spiegelhalter 2005, doi:10.1136/qshc.2005.013755; Higgins, Thompson and Spiegelhalter 2009,
doi:10.1111/j.1467-985X.2008.00552.x, for the prediction.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from phm_utils.errors import InputError
from phm_utils.methods.discovery import benjamini_hochberg
from phm_utils.methods.funnels import Kind, known_pairs, pooled_target
from phm_utils.methods.validation import counts, matched, numbers

WINSORISED = 0.1  # of the z-scores at either end, so that outliers do not widen the limits meant to find them
MIN_UNITS = 10  # fewer say too little about how much units usually vary
ONE_BY_ONE = 500  # units; among more, one alone moves what all predict by next to nothing, and all stand for the others
BISECTIONS = 16
INFORMATION = 0.6  # of the degrees of freedom; judged from simulations (benchmarks/README.md)


@dataclass(frozen=True)
class Overdispersion:
    """Variation between units.

    phi: mean of squared winsorised z, as published; its expectation is .679 where there is
        chance alone. corrected: phi over that expectation: 1 is chance alone. It is a ratio of variances.
    tau: standard deviation between units from the corrected phi, in the value's own unit; 0 where it shows
        nothing beyond chance.
    """

    phi: float
    corrected: float
    tau: float


def winsorised_expectation(share: float = WINSORISED) -> float:
    """The mean of squared standard normal values of which `share` at each end are winsorised.

    The middle part's mean of squares, 1 - 2 share - 2 q f(q), and q squared for both ends, where q
    is the normal quantile and f the density.

    >>> round(winsorised_expectation(0.1), 3)
    0.679
    """
    edge = stats.norm.isf(share)
    return float(1 - 2 * share - 2 * edge * stats.norm.pdf(edge) + 2 * share * edge**2)


def overdispersion(z: pd.Series, errors: pd.Series) -> Overdispersion:
    """Variation between units beyond chance, from at least 10 units.

    z: (value - target) / error of each unit. errors: standard errors, in the value's unit. Units without
        either are left out.
    Raises InputError for fewer than MIN_UNITS units, and negative errors.

    >>> found = overdispersion(pd.Series([-3, -2, -1, 0, 1, 2, 3] * 2), errors=pd.Series([0.01] * 14))
    >>> round(found.phi, 2), round(found.corrected, 2), round(found.tau, 3)
    (3.51, 5.17, 0.021)
    """
    pair = matched(z=z, errors=errors)
    scores, s = numbers(pair[0], "z"), counts(pair[1], "errors")
    keep = ~np.isnan(scores) & (s > 0)
    if (units := int(keep.sum())) < MIN_UNITS:
        raise InputError(
            f"{units} units are too few to estimate usual variation; {MIN_UNITS} or more are needed. "
            "Take the units of a larger area, such as the ICS."
        )
    scores, s = scores[keep], s[keep]
    phi = float(_winsorised_phi(scores[None, :])[0])
    corrected = phi / winsorised_expectation()
    return Overdispersion(phi, corrected, float(np.sqrt(_tau_squared(corrected, s**-2))))


def between_units(events: pd.Series, sizes: pd.Series, *, kind: Kind, target: float | None = None) -> Overdispersion:
    """`overdispersion` of counts about a target, by default that of all units together.

    kind, sizes and the unit of `tau`: see `funnels`.

    >>> sizes = pd.Series([100] * 12)
    >>> round(between_units(pd.Series([5, 10, 20, 30, 35, 20] * 2), sizes, kind="proportion").tau, 3)
    0.123
    """
    x, n, _ = known_pairs(events, sizes, kind)
    centre = pooled_target(x, n, kind) if target is None else target
    value, error = _on_scale(x, n, centre, kind)
    middle = centre if kind == "proportion" else np.sqrt(centre)
    return overdispersion(pd.Series((value - middle) / error), pd.Series(error))


def outliers(events: pd.Series, sizes: pd.Series, *, kind: Kind, rate: float = 0.05) -> pd.DataFrame:
    """Units that differ from what the others predict for them, after false-discovery control over all of them.

    events, sizes, kind: see `funnels`; a unit whose events are missing has no answer, and counts for no other.
    rate: the expected share of false ones among those named.

    For each unit the others give their usual variation (winsorised, corrected) and their
    mean; it is compared with Student's t times the root of its own error squared, tau squared
    and the mean's error squared. A winsorised variance is worth INFORMATION of the degrees of freedom.
    Returns on the given index: `value` (proportion, rate or ratio), `predicted` (by the others), `lower`
    and `upper` (of that prediction, at 1 - rate), `z` (normal score, above 0 where the value is higher),
    `p` (two-sided), `p_adjusted` and `named`. With fewer than MIN_UNITS + 1 known units all but `value` are
    missing and none is named.

    >>> deaths = pd.Series([48, 52, 55, 45, 50, 47, 53, 51, 49, 46, 54, 120])
    >>> outliers(deaths, pd.Series([50.0] * 12), kind="ratio")["named"].tolist().index(True)
    11
    """
    x, n, index = known_pairs(events, sizes, kind)
    known = np.flatnonzero(~np.isnan(x))
    table = pd.DataFrame(np.nan, index=index, columns=["value", "predicted", "lower", "upper", "z", "p"])
    table["value"] = x / n
    if len(known) > MIN_UNITS:
        found = _leave_one_out(x[known], n[known], kind, rate)
        table.iloc[known, 1:] = np.column_stack(found)
    return table.join(benjamini_hochberg(table["p"], rate).rename(columns={"found": "named"}))


def _leave_one_out(x: np.ndarray, n: np.ndarray, kind: Kind, rate: float) -> list[np.ndarray]:
    mean, spread = _predictions(x, n, kind)
    degrees = INFORMATION * (len(x) - 2)
    reach = stats.t.isf(rate / 2, degrees)
    if kind == "proportion":
        width = np.sqrt(mean * (1 - mean) / n + spread)
        t = (x / n - mean) / width
        predicted, lower, upper = mean, np.maximum(mean - reach * width, 0), np.minimum(mean + reach * width, 1)
    else:
        predicted = np.maximum(mean, 1e-6) ** 2
        relative = np.sqrt(np.maximum(4 * spread / predicted, 1e-12))  # standard deviation of the logarithm
        middle = _stable(n * predicted, relative)
        t = _stable(x, relative) - middle
        lower, upper = (_count(np.maximum(middle + sign * reach, 0), relative) / n for sign in (-1, 1))
    p = 2 * stats.t.sf(np.abs(t), degrees)
    return [predicted, lower, upper, np.sign(t) * stats.norm.isf(p / 2), p]


def _stable(count: np.ndarray, relative: np.ndarray) -> np.ndarray:
    """Counts on the scale on which their variance, count + (relative count) squared, is 1 whatever the count.

    A square root where chance dominates and a logarithm where usual variation does. A quarter makes it unbiased.
    """
    return 2 / relative * np.arcsinh(relative * np.sqrt(count + 0.25))


def _count(stable: np.ndarray, relative: np.ndarray) -> np.ndarray:
    return np.maximum((np.sinh(np.minimum(relative * stable / 2, 300)) / relative) ** 2 - 0.25, 0)


def _predictions(x: np.ndarray, n: np.ndarray, kind: Kind) -> tuple[np.ndarray, np.ndarray]:
    """The mean of each unit's others on the scale, and the variance to add to its own: theirs and the mean's."""
    size = len(x)
    others = np.array([np.delete(np.arange(size), row) for row in range(size)]) if size <= ONE_BY_ONE else None
    events, sizes = (x[others], n[others]) if others is not None else (x[None, :], n[None, :])
    target = events.sum(axis=1, keepdims=True) / sizes.sum(axis=1, keepdims=True)
    value, error = _on_scale(events, sizes, np.clip(target, 1e-12, None), kind)
    tau_squared = _usual_variance(value, error)
    weight = 1 / (error**2 + tau_squared)
    mean = (value * weight).sum(axis=1) / weight.sum(axis=1)
    spread = tau_squared[:, 0] + 1 / weight.sum(axis=1)
    return np.broadcast_to(mean, size), np.broadcast_to(spread, size)


def _usual_variance(value: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Tau squared of each row: where the corrected phi of z, tau included in its error, is what chance gives.

    Paule and Mandel's equation with winsorised squares: errors that differ between units do not bias it.
    """
    units = value.shape[1]
    expected = winsorised_expectation() * (units - 1) / units

    def too_small(tau_squared: np.ndarray) -> np.ndarray:
        weight = 1 / (error**2 + tau_squared)
        mean = (value * weight).sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
        return (_winsorised_phi((value - mean) * np.sqrt(weight)) > expected)[:, None]

    low = np.zeros((len(value), 1))
    high = np.var(value, axis=1, keepdims=True) * 4 + 1e-300
    none = ~too_small(low)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        small = too_small(middle)
        low, high = np.where(small, middle, low), np.where(small, high, middle)
    return np.where(none, 0.0, high)


def _on_scale(x: np.ndarray, n: np.ndarray, target, kind: Kind) -> tuple[np.ndarray, np.ndarray]:
    """Values and their standard errors on the scale on which units are compared."""
    if kind == "proportion":
        return x / n, np.sqrt(target * (1 - target) / n)
    return np.sqrt(x / n), 0.5 / np.sqrt(n)


def _winsorised_phi(z: np.ndarray) -> np.ndarray:
    """Mean of squared winsorised z of each row."""
    low, high = np.quantile(z, [WINSORISED, 1 - WINSORISED], axis=1, keepdims=True)
    return np.mean(np.clip(z, low, high) ** 2, axis=1)


def _tau_squared(corrected, weight: np.ndarray):
    """Moment estimate of the variance between units (Spiegelhalter 2005); weights along the last axis."""
    size = weight.shape[-1]
    spread = weight.sum(axis=-1) - (weight**2).sum(axis=-1) / weight.sum(axis=-1)
    return np.maximum(0.0, (size * corrected - (size - 1)) / spread)
