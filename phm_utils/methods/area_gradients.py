"""The slope across areas that differ by more than chance, such as practices.

Their sampling errors alone would make the limits far too narrow: these limits come
from the scatter of areas about the line.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from phm_utils.errors import InputError
from phm_utils.methods.gradients import BACK, FEWEST, FORWARD, HIGHEST, Scale, midranks
from phm_utils.methods.validation import counts, has_columns, numbers, one_of, tail

ROUNDS = 50  # of a fit, which takes five or six
# What the variance of a value is in proportion to, so that each scale is its distribution's own.
VARIANCE: dict[str, Callable] = {"linear": np.ones_like, "log": np.asarray, "logit": lambda mean: mean * (1 - mean)}


def line_limits(part: pd.DataFrame, confidence: float = 0.95, *, scale: Scale = "linear") -> dict[str, float]:
    """The SII and the RII of one set of areas, with limits from their scatter about the line.

    part: one row per area in order of deprivation: `population` (> 0), `value`.
    scale: on which the line is straight: linear for means, log for rates, logit for
        proportions; fitted to the values themselves, so that a value of 0 is no fault.
    Returns `intercept`, `sii`, `lower`, `upper`, `rii`, `rii_lower`, `rii_upper` (Student t, n - 2, weighted
    by people, with standard errors that allow unequal scatter: HC3), all from one fit. The ratio is
    NaN where a straight line reaches 0. A gradient is clear where the SII's limits exclude 0.
    Raises InputError for fewer than 5 areas, and values missing or outside the scale.

    >>> practices = pd.DataFrame({"population": 1_000, "value": [0.30, 0.28, 0.27, 0.23, 0.22]})
    >>> fit = line_limits(practices, scale="logit")
    >>> [round(fit[name], 3) for name in ("sii", "lower", "upper", "rii")]
    [-0.105, -0.138, -0.072, 0.667]
    """
    share, rank, value = _checked(part, scale)
    design = np.column_stack([np.ones_like(rank), rank])
    line, variance = _fit(design, share, value, scale)
    low, high = (float(BACK[scale](end)) for end in (line[0], line.sum()))
    bend_low, bend_high = (float(VARIANCE[scale](np.array(end))) for end in (low, high))
    reach = stats.t.isf(tail(confidence), len(value) - 2)
    slope = np.array([bend_high - bend_low, bend_high])
    sii, spread = high - low, reach * np.sqrt(slope @ variance @ slope)
    found = {"intercept": low, "sii": sii, "lower": float(sii - spread), "upper": float(sii + spread)}
    if not (low > 0 and high > 0):
        return found | dict.fromkeys(("rii", "rii_lower", "rii_upper"), np.nan)
    relative = np.array([bend_high / high - bend_low / low, bend_high / high])
    factor = float(np.exp(reach * np.sqrt(relative @ variance @ relative)))
    return found | {"rii": high / low, "rii_lower": high / low / factor, "rii_upper": high / low * factor}


def _fit(design: np.ndarray, share: np.ndarray, value: np.ndarray, scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    """The line on its scale, and the variance of its two parameters (HC3)."""
    mean = np.full_like(value, share @ value)
    line = np.array([float(FORWARD[scale](mean[0])), 0.0])
    for _ in range(ROUNDS):
        mean = BACK[scale](design @ line)
        bread = np.linalg.inv(design.T @ (design * (share * VARIANCE[scale](mean))[:, None]))
        step = bread @ (design.T @ (share * (value - mean)))
        line = line + np.clip(step, -4, 4) if scale != "linear" else line + step
        if np.abs(step).max() < 1e-12 * max(1.0, np.abs(line).max()):
            break
    else:
        raise InputError(f"No line fits the {len(value)} areas on the {scale} scale. Look at their values.")
    weight = share * VARIANCE[scale](mean)
    leverage = weight * np.einsum("ij,jk,ik->i", design, bread, design)
    scores = design.T * (share * (value - mean) / (1 - leverage))
    return line, bread @ scores @ scores.T @ bread


def _checked(part: pd.DataFrame, scale: Scale) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    one_of(scale, tuple(BACK), "scale")
    has_columns(part, "population", "value")
    if len(part) < FEWEST:
        raise InputError(f"{len(part)} areas are too few for a line; {FEWEST} are needed.")
    population, value = counts(part["population"], "population"), numbers(part["value"], "value")
    low, high = (0.0, HIGHEST[scale]) if scale != "linear" else (-np.inf, np.inf)
    if (bad := ~((population > 0) & (value >= low) & (value <= high))).any():
        raise InputError(
            f"{bad.sum()} of {len(part)} areas have no population, or a value that is missing or outside {low:g} to "
            f"{high:g}. Leave them out."
        )
    share, rank = midranks(pd.Series(population))
    if scale != "linear" and not low < share @ value < high:
        raise InputError(f"All {len(part)} areas have the value {share @ value:g}: there is no line to fit.")
    return share, rank, value
