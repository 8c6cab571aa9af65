"""Funnel plots: units that differ from a target by more than chance, or more than units usually differ.

Plain limits answer "more than chance?". Real practices differ for many
reasons that no list records, so plain limits flag many of them; limits widened by
`tau`, the usual standard deviation between units (see `overdispersion`), allow for that.
Source: Spiegelhalter 2005, doi:10.1002/sim.1970 and doi:10.1136/qshc.2005.013755.

One table holds for every `kind`:
    proportion: events of `size` people; target 0 to 1; tau in the proportion's own unit.
    rate: events in `size` person-years; target per person-year; tau on the square-root scale.
    ratio: observed events of `size` expected; target 1; tau on the square-root scale.
On the square-root scale a count's error does not depend on the count, and 0 is a value like any other.
"""

from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import special, stats

from phm_utils.errors import InputError
from phm_utils.methods.count_limits import exact_limits
from phm_utils.methods.validation import counts, matched, one_of

Kind = Literal["proportion", "rate", "ratio"]
LEVELS = {"": 0.025, "_998": 0.001}  # each tail of the warning and the action limits
WORDS = {"": "95", "_998": "99.8"}
LARGE = 1e6


def limits(sizes: pd.Series, target: float = 1, *, kind: Kind, tau: float = 0, per: float = 1) -> pd.DataFrame:
    """Control limits for units of `sizes`, as lines of a funnel.

    sizes: people, person-years or expected events (> 0). target: see `kind` above.
    tau: 0 gives the limits of chance: for proportions Wilson's test inverted (a proportion is outside
        exactly when its own Wilson limits exclude the target), for rates and ratios exact Poisson.
        Above 0, the variance tau squared is added: the limits of usual variation.
    per: unit of the answer; 1_000 with rates per 1,000 person-years. Not of `target`.

    Returns `size`, `lower`, `upper` (95%), `lower_998`, `upper_998`, none below 0, proportions
    none above 1, on the index of `sizes`; NaN where a size is 0 or missing.

    >>> limits(pd.Series([100, 1_000]), 0.2, kind="proportion")[["size", "lower", "upper"]].round(3)
         size  lower  upper
    0   100.0  0.122  0.278
    1  1000.0  0.175  0.225
    """
    one_of(kind, get_args(Kind), "kind")
    _check_target(target, kind)
    if not 0 <= tau < np.inf:
        raise InputError(f"tau is {tau}; it is a standard deviation between units, 0 or more.")
    given = counts(sizes, "sizes")
    size = np.where(given > 0, given, np.nan)
    columns = {"size": given}
    for suffix, outside in LEVELS.items():
        if kind == "proportion":
            reach = stats.norm.isf(outside) * np.sqrt(target * (1 - target) / size + tau**2)
            lower, upper = target - reach, np.minimum(target + reach, 1)
        elif tau:
            reach = stats.norm.isf(outside) * np.sqrt(0.25 / size + tau**2)
            root = np.sqrt(target)
            lower, upper = np.maximum(root - reach, 0) ** 2, (root + reach) ** 2
        else:
            lower, upper = (limit * target for limit in _poisson_limits(size * target, outside))
        columns |= {f"lower{suffix}": np.maximum(lower, 0) * per, f"upper{suffix}": upper * per}
    return pd.DataFrame(columns, index=pd.Series(sizes).index)


def classify(events: pd.Series, sizes: pd.Series, *, kind: Kind, target: float | None = None) -> pd.Series:
    """`low 99.8`, `low 95`, `within`, `high 95` or `high 99.8` for each unit, by the limits of chance.

    target: by default that of all units together, 1 for ratios; units whose events are
        missing (suppressed) count neither there nor here, and have no class.
    Being outside is no finding by itself: many units vary by more than chance, and of many some
    are outside by chance. See `overdispersion.outliers`.

    >>> classify(pd.Series([20, 30, 45]), pd.Series([100, 100, 100]), kind="proportion", target=0.2).tolist()
    ['within', 'high 95', 'high 99.8']
    """
    x, n, index = known_pairs(events, sizes, kind)
    centre = pooled_target(x, n, kind) if target is None else target
    _check_target(centre, kind)
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind == "proportion":
            z = (x / n - centre) / np.sqrt(centre * (1 - centre) / n)
            above, outside = z > 0, stats.norm.sf(np.abs(z))
        else:
            above, outside = _exact_class(x, n * centre)
    side = np.where(above, "high", "low").astype(object)
    words = [side + f" {WORDS[suffix]}" for suffix in reversed(LEVELS)]
    found = np.select([outside < level for level in reversed(LEVELS.values())], words, "within").astype(object)
    found[np.isnan(x) | np.isnan(n)] = None
    return pd.Series(found, index=index, name="signal")


def known_pairs(events: pd.Series, sizes: pd.Series, kind: Kind) -> tuple[np.ndarray, np.ndarray, pd.Index]:
    """Events and sizes as floats, both NaN where either is missing or the size is 0; and the index.

    >>> known_pairs(pd.Series([1, None, 3]), pd.Series([10, 10, 0]), "rate")[0]
    array([ 1., nan, nan])
    """
    one_of(kind, get_args(Kind), "kind")
    first, second = matched(events=events, sizes=sizes)
    x, n = counts(first, "events"), counts(second, "sizes")
    if kind == "proportion" and (over := x > n).any():
        raise InputError(f"{over.sum()} of {len(x)} units have more events than people. Check the pair of columns.")
    unknown = np.isnan(x) | ~(n > 0)
    return np.where(unknown, np.nan, x), np.where(unknown, np.nan, n), first.index


def pooled_target(events: np.ndarray, sizes: np.ndarray, kind: Kind) -> float:
    """The proportion or rate of all units together whose events are known; 1 for ratios.

    >>> pooled_target(np.array([10.0, np.nan]), np.array([100.0, np.nan]), "proportion")
    0.1
    """
    if kind == "ratio":
        return 1.0
    total = np.nansum(sizes)
    return float(np.nansum(events) / total) if total else float("nan")


def _exact_class(x: np.ndarray, expected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Is each count above what is expected, and beyond which tail (just inside it)?"""
    above, outside = x > expected, np.ones(len(x))
    for level in LEVELS.values():
        lower, upper = exact_limits(x, 1 - 2 * level)
        outside = np.where(np.where(above, lower > expected, upper < expected), level / 2, outside)
    return above, outside


def _poisson_limits(expected: np.ndarray, outside: float) -> tuple[np.ndarray, np.ndarray]:
    """The counts whose exact limits just reach `expected`, over `expected`."""
    lower = np.maximum(_degrees(1 - outside, 2 * expected) / 2 - 1, 0) / expected
    return lower, _degrees(outside, 2 * expected) / 2 / expected


def _degrees(share: float, x: np.ndarray) -> np.ndarray:
    """Degrees of freedom at which chi-square is below `x` with probability `share`."""
    large = x > LARGE  # where the exact inverse loses digits, and ends in NaN, Wilson and Hilferty's has them
    exact, near = special.chdtriv(share, np.where(large, 1.0, x)), np.where(large, x, LARGE)
    x, z = near, stats.norm.ppf(share)
    for _ in range(8):
        near = x / (1 - 2 / (9 * near) + z * np.sqrt(2 / (9 * near))) ** 3
    return np.where(large, near, exact)


def _check_target(target: float, kind: Kind) -> None:
    highest = 1 if kind == "proportion" else np.inf
    if not 0 < target < highest:
        raise InputError(f"target is {target}; of a {kind} it lies above 0 and below {highest:g}.")
