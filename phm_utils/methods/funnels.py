"""Funnel plots: areas that differ from a target by more than chance, or more than areas usually differ.

Plain limits answer "more than chance?". Real practices differ for many
reasons that no list records, so plain limits flag many of them;
the overdispersed limits add the usual variation between areas.
Source: Spiegelhalter 2005, doi:10.1002/sim.1970 and doi:10.1136/qshc.2005.013755.
"""

import numpy as np
import pandas as pd
from scipy import special, stats

from phm_utils.errors import InputError
from phm_utils.methods.count_limits import exact_limits

LEVELS = {"95": 0.025, "998": 0.001}  # each tail of the warning and the action limits
WINSORISED = 0.1  # of the z-scores at either end, so that outliers do not widen the limits meant to find them


def proportion_limits(target: float, sizes: pd.Series) -> pd.DataFrame:
    """Control limits of a proportion for areas of `sizes` people.

    Wilson's test inverted: a proportion is outside exactly when its own
    Wilson limits exclude the target. Returns `size`, `lower_95`,
    `upper_95`, `lower_998`, `upper_998`, cut at 0 and 1.

    >>> proportion_limits(0.2, pd.Series([100, 1_000]))[["size", "lower_95", "upper_95"]].round(3)
         size  lower_95  upper_95
    0   100.0     0.122     0.278
    1  1000.0     0.175     0.225
    """
    n = pd.to_numeric(sizes).to_numpy(float)
    error = np.sqrt(target * (1 - target) / np.where(n > 0, n, np.nan))
    return _band(n, target, {name: stats.norm.isf(tail) * error for name, tail in LEVELS.items()}, highest=1.0)


def ratio_limits(expected: pd.Series) -> pd.DataFrame:
    """Control limits of observed over expected events, target 1.

    Exact Poisson, so that a ratio is outside exactly when the exact limits
    of its observed count exclude the expected one. Columns as `proportion_limits`.

    >>> ratio_limits(pd.Series([10, 100]))[["size", "lower_95", "upper_95"]].round(2)
        size  lower_95  upper_95
    0   10.0      0.38      1.71
    1  100.0      0.80      1.21
    """
    e = pd.to_numeric(expected).to_numpy(float)
    columns = {"size": e}
    for name, tail in LEVELS.items():
        columns[f"lower_{name}"] = np.maximum(special.chdtriv(1 - tail, 2 * e) / 2 - 1, 0) / e
        columns[f"upper_{name}"] = special.chdtriv(tail, 2 * e) / 2 / e
    return pd.DataFrame(columns)


def proportion_signals(numerator: pd.Series, denominator: pd.Series, target: float | None = None) -> pd.Series:
    """`low 99.8`, `low 95`, `within`, `high 95` or `high 99.8` for each area.

    target: by default the proportion of all areas together.

    >>> proportion_signals(pd.Series([20, 30, 45]), pd.Series([100, 100, 100]), target=0.2).tolist()
    ['within', 'high 95', 'high 99.8']
    """
    x, n = numerator.astype(float), denominator.astype(float)
    target = x.sum() / n.sum() if target is None else target
    z = (x / n - target) / np.sqrt(target * (1 - target) / n)
    return _signal(z > 0, stats.norm.sf(z.abs()))


def ratio_signals(observed: pd.Series, expected: pd.Series) -> pd.Series:
    """The same signals for observed against expected events, exact Poisson.

    >>> ratio_signals(pd.Series([10, 20]), expected=pd.Series([10.0, 10.0])).tolist()
    ['within', 'high 95']
    """
    above = observed > expected
    tail = np.full(len(observed), 1.0)
    for level in LEVELS.values():
        lower, upper = exact_limits(observed.to_numpy(float), 1 - 2 * level)
        out = np.where(above, lower > expected, upper < expected)
        tail = np.where(out, level / 2, tail)
    return _signal(above, tail)


def overdispersion(z: pd.Series, errors: pd.Series) -> tuple[float, float]:
    """Variation between areas beyond chance.

    z: (value - target) / error of each area. errors: standard errors.
    Returns phi, the mean of squared winsorised z (1 is chance alone), and
    tau, the standard deviation between areas in the value's own unit; tau
    is 0 where phi shows nothing beyond chance.

    >>> phi, tau = overdispersion(pd.Series([-3, -2, 0, 2, 3]), errors=pd.Series([0.01] * 5))
    >>> round(phi, 2), round(tau, 3)
    (4.3, 0.021)
    """
    scores, s = z.astype(float).to_numpy(), errors.astype(float).to_numpy()
    keep = np.isfinite(scores) & np.isfinite(s) & (s > 0)
    scores, s = scores[keep], s[keep]
    count = len(scores)
    if count < 2:
        raise InputError(f"{count} areas are too few to estimate variation; two or more are needed.")
    scores = np.clip(scores, *np.quantile(scores, [WINSORISED, 1 - WINSORISED]))
    phi = float(np.mean(scores**2))
    weight = s**-2
    spread = weight.sum() - (weight**2).sum() / weight.sum()
    tau_squared = max(0.0, (count * phi - (count - 1)) / spread)
    return phi, float(np.sqrt(tau_squared))


def proportion_overdispersion(
    numerator: pd.Series, denominator: pd.Series, target: float | None = None
) -> tuple[float, float]:
    """`overdispersion` of proportions about a target, by default that of all areas together.

    >>> phi, tau = proportion_overdispersion(pd.Series([10, 20, 30]), pd.Series([100, 100, 100]))
    >>> round(phi, 2), round(tau, 3)
    (2.67, 0.069)
    """
    x, n = numerator.astype(float), denominator.astype(float)
    target = x.sum() / n.sum() if target is None else target
    errors = np.sqrt(target * (1 - target) / n)
    return overdispersion((x / n - target) / errors, errors)


def overdispersed_limits(target: float, sizes: pd.Series, tau: float) -> pd.DataFrame:
    """`proportion_limits` widened by `tau`, the usual standard deviation between areas.

    >>> overdispersed_limits(0.2, pd.Series([1_000]), tau=0.03)[["lower_95", "upper_95"]].round(3)
       lower_95  upper_95
    0     0.136     0.264
    """
    n = pd.to_numeric(sizes).to_numpy(float)
    error = np.sqrt(target * (1 - target) / np.where(n > 0, n, np.nan) + tau**2)
    return _band(n, target, {name: stats.norm.isf(tail) * error for name, tail in LEVELS.items()}, highest=1.0)


def _band(size: np.ndarray, target: float, reach: dict[str, np.ndarray], highest: float) -> pd.DataFrame:
    columns = {"size": size}
    for name, width in reach.items():
        columns[f"lower_{name}"] = np.maximum(target - width, 0)
        columns[f"upper_{name}"] = np.minimum(target + width, highest)
    return pd.DataFrame(columns)


def _signal(above: pd.Series, tail: np.ndarray) -> pd.Series:
    side = np.where(above, "high", "low").astype(object)
    words = np.select([tail < LEVELS["998"], tail < LEVELS["95"]], [side + " 99.8", side + " 95"], "within")
    return pd.Series(words, index=above.index, name="signal")
