"""Entropy balancing: weights that give controls the covariate means of the treated.

Among all weights whose means equal the treated people's, these stay closest
to equal weights (Kullback-Leibler), so no control counts more than balance
needs. Source: Hainmueller 2012, doi:10.1093/pan/mpr025; the dual is convex,
so its optimum is unique and Newton's method finds it in a few steps.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from phm_utils.errors import InputError

TOLERANCE = 1e-8  # largest gap between the means, in standard deviations
MAX_STEPS = 200


class NoSolution(Exception):
    """No positive masses give the target: it is outside the range of the rows."""


@dataclass(frozen=True)
class Tilt:
    """Masses proportional to base x exp(covariates x slopes) within each stratum.

    mass: one per row, > 0; sums to the stratum's total in each stratum.
    slopes: one per covariate. log_scale: one per stratum, log(total / sum of base x exp).
    """

    mass: np.ndarray
    slopes: np.ndarray
    log_scale: np.ndarray


def tilt(covariates: np.ndarray, base: np.ndarray, stratum: np.ndarray, totals: np.ndarray, target: np.ndarray) -> Tilt:
    """Find the exponential tilt of `base` whose covariate sums equal `target`.

    covariates: rows x columns, finite. base: > 0 per row.
    stratum: whole numbers from 0 per row. totals: mass of each stratum, >= 0.
    target: sum of mass x covariate wanted for each column.

    Two problems have this one dual: entropy balancing (totals are the treated
    in each stratum) and a Poisson regression with an intercept per stratum
    (totals are its events, base is exposure). Newton's method with the
    analytic gradient and Hessian, damped by halving until the dual falls.
    Raises NoSolution where the dual has no minimum.

    >>> rows, one_stratum = np.array([[0.0], [1.0]]), np.zeros(2, int)
    >>> tilt(rows, np.ones(2), one_stratum, totals=np.array([10.0]), target=np.array([7.0])).mass.round(3)
    array([3., 7.])
    """
    order = np.argsort(stratum, kind="stable")
    rows, log_base, place = covariates[order], np.log(base[order]), stratum[order]
    starts = np.searchsorted(place, np.arange(len(totals)))
    total = totals.sum()
    slopes = np.zeros(rows.shape[1])
    # Where a solution exists the mean divergence is at most log(all base / smallest base).
    floor = -(np.logaddexp.reduce(log_base) - log_base.min()) - 1
    value, mass, log_scale = _dual(rows, log_base, place, starts, totals, target, slopes)
    start = value
    for _ in range(MAX_STEPS):
        gradient = mass @ rows - target
        if np.abs(gradient).max(initial=0) <= TOLERANCE * total:
            result = np.empty_like(mass)
            result[order] = mass
            return Tilt(result, slopes, log_scale)
        step = _newton_step(rows, mass, starts, totals, gradient)
        size = 1.0
        while True:
            trial = _dual(rows, log_base, place, starts, totals, target, slopes - size * step)
            if trial[0] <= value - 1e-4 * size * (gradient @ step) + 1e-13 * total or size < 1e-6:
                break
            size /= 2
        slopes = slopes - size * step
        value, mass, log_scale = trial
        if (value - start) / total < floor:
            break
    raise NoSolution


def _dual(rows, log_base, place, starts, totals, target, slopes):
    """The dual's value, the masses and the log scale of each stratum, at `slopes`."""
    score = rows @ slopes + log_base
    highest = np.maximum.reduceat(score, starts)
    mass = np.exp(score - highest[place])
    sums = np.add.reduceat(mass, starts)
    mass *= (totals / sums)[place]
    log_sum = highest + np.log(sums)
    with np.errstate(divide="ignore"):
        log_scale = np.log(totals) - log_sum
    return totals @ log_sum - slopes @ target, mass, log_scale


def _newton_step(rows, mass, starts, totals, gradient):
    """Solve Hessian x step = gradient; the Hessian is the covariance within strata."""
    hessian = np.zeros((rows.shape[1], rows.shape[1]))
    for start, end, total in zip(starts, [*starts[1:], len(rows)], totals, strict=True):
        part = rows[start:end]  # one stratum at a time stays in the processor's cache
        weighted = part * mass[start:end, None]
        hessian += part.T @ weighted
        if total > 0:
            middle = weighted.sum(axis=0)
            hessian -= np.outer(middle, middle) / total
    ridge = 1e-10 * max(np.trace(hessian) / len(hessian), 1e-12)  # collinear columns share one slope
    return np.linalg.solve(hessian + ridge * np.eye(len(hessian)), gradient)


def entropy_balance(
    controls: np.ndarray,
    treated: np.ndarray,
    *,
    control_stratum: np.ndarray | None = None,
    treated_stratum: np.ndarray | None = None,
) -> np.ndarray:
    """Weights for controls whose covariate means equal the treated people's.

    controls, treated: rows x the same covariates, finite.
    control_stratum, treated_stratum: whole numbers from 0, matched exactly:
        in each stratum the weights sum to its number of treated.

    Returns one weight per control, > 0 (0 in a stratum without treated);
    together they sum to the number of treated.
    Raises InputError where no positive weights give balance, or where a
    stratum has treated people and no control.
    Assumes no unmeasured confounding, given these covariates.

    >>> entropy_balance(controls=np.array([[0], [1], [1]]), treated=np.array([[0], [1]])).round(3)
    array([1. , 0.5, 0.5])
    """
    controls, treated = (np.atleast_2d(np.asarray(x, dtype=float)) for x in (controls, treated))
    _check(controls, treated)
    where_control = np.zeros(len(controls), int) if control_stratum is None else np.asarray(control_stratum)
    where_treated = np.zeros(len(treated), int) if treated_stratum is None else np.asarray(treated_stratum)
    totals = np.bincount(where_treated, minlength=where_control.max() + 1).astype(float)
    control_counts = np.bincount(where_control, minlength=len(totals))
    if (empty := (totals > 0) & (control_counts == 0)).any():
        raise InputError(
            f"{empty.sum()} of {(totals > 0).sum()} strata have treated people and no control. "
            "Leave those treated out, or make the strata wider."
        )
    used = totals[where_control] > 0
    strata, compact = np.unique(where_control[used], return_inverse=True)
    centre, spread = treated.mean(axis=0), controls[used].std(axis=0)
    spread = np.where(spread > 1e-12, spread, 1.0)
    target = ((treated - centre) / spread).sum(axis=0)
    try:
        found = tilt((controls[used] - centre) / spread, np.ones(used.sum()), compact, totals[strata], target)
    except NoSolution:
        raise InputError(
            f"No weights make {used.sum()} controls equal to {len(treated)} treated on all {treated.shape[1]} "
            "covariates: the treated lie outside the controls' range. Use fewer covariates or a wider control pool."
        ) from None
    weights = np.zeros(len(controls))
    weights[used] = found.mass
    return weights


def _check(controls: np.ndarray, treated: np.ndarray) -> None:
    if not len(controls) or not len(treated):
        raise InputError(f"Balancing needs both groups: {len(treated)} treated and {len(controls)} controls are given.")
    if controls.shape[1] != treated.shape[1]:
        raise InputError(
            f"Controls have {controls.shape[1]} covariates, the treated {treated.shape[1]}: give the same."
        )
    broken = (~np.isfinite(controls)).any(axis=1).sum() + (~np.isfinite(treated)).any(axis=1).sum()
    if broken:
        raise InputError(
            f"{broken} of {len(controls) + len(treated)} rows have a missing or infinite covariate. "
            "Add an indicator for missing values and fill them."
        )


def effective_sample(weights: np.ndarray) -> float:
    """The number of equally weighted rows with as much information (Kish 1965).

    >>> round(effective_sample(np.array([1, 1, 2])), 2)
    2.67
    """
    weights = np.asarray(weights, dtype=float)
    squares = (weights**2).sum()
    return float(weights.sum() ** 2 / squares) if squares else 0.0


def standardised_differences(treated: pd.DataFrame, controls: pd.DataFrame, weights: np.ndarray) -> pd.DataFrame:
    """Standardised mean differences before and after weighting.

    Returns one row per covariate: `covariate`, `smd_before`, `smd_after`:
    treated mean less control mean, in the treated people's standard
    deviations (the controls' where all treated are alike, those of both
    together where the controls are too; 0 where nobody differs).
    Source: Stuart 2010, doi:10.1214/09-STS313.

    >>> treated, controls = pd.DataFrame({"age": [70, 80, 90]}), pd.DataFrame({"age": [60, 70, 80]})
    >>> standardised_differences(treated, controls, weights=np.array([0, 0, 3]))
      covariate  smd_before  smd_after
    0       age         1.0        0.0
    """
    scale = treated.std(ddof=1)
    for wider in (controls, pd.concat([treated, controls])):
        scale = scale.where(scale > 0, wider.std(ddof=1))
    scale = scale.fillna(0)
    mean = treated.mean()
    weighted = pd.Series(np.average(controls.to_numpy(float), axis=0, weights=weights), controls.columns)
    gaps = {"smd_before": mean - controls.mean(), "smd_after": mean - weighted}
    table = pd.DataFrame({name: (gap / scale).where(scale > 0, 0.0) for name, gap in gaps.items()})
    return table.rename_axis("covariate").reset_index()
