"""Partial pooling: rates and proportions of many small units, each drawn towards what its kind has.

A small unit's own value is mostly chance. Empirical Bayes weighs it against the value
expected of a unit with its deprivation, by how much units differ beyond chance. What is not known about
that difference and about the expected value is carried into the limits: a grid over the first, a
normal (Laplace) step over the second.
Source: Clayton and Kaldor 1987, doi:10.2307/2532003; Carlin and Louis 2000, Bayes and Empirical Bayes Methods, 3.5.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.methods.posteriors import BetaBinomial, GammaPoisson, Model
from phm_utils.methods.validation import counts, frame, matched, numbers, tail

MIN_UNITS = 10  # fewer say too little about how much units differ
SPREADS = np.geomspace(0.005, 2.0, 32)  # of units on the log or logit scale, to find where the likelihood lies
FINE = 21  # points of the grid that is then used
NEGLIGIBLE = 1e-4  # of the greatest weight
NODES = np.array([0.0, np.sqrt(3), -np.sqrt(3)]), np.array([2 / 3, 1 / 6, 1 / 6])  # of a normal: Gauss and Hermite's


def pool_rates(
    events: pd.Series,
    expected: pd.Series,
    covariate: pd.Series | pd.DataFrame | None = None,
    *,
    above: float = 1.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Pooled ratios of events to those expected, or rates per person-year where `expected` holds person-years.

    events: counts of each unit, missing where suppressed: such a unit has no answer, and counts for no other.
    expected: events expected, or person-years (> 0). covariate: one or more numbers of
        each unit, such as its deprivation score. above: the ratio or rate whose exceedance is asked for.

    Returns on the given index: `value` (posterior mean), `lower`, `upper` (credible limits), `exceedance`
    (probability of lying above `above`) and `prior` (what a unit with its covariate is expected to have).
    Model: Poisson counts, ratios gamma-distributed about a log-linear mean.
    Raises InputError for fewer than 10 known units, no events at all, or a covariate that is missing or constant.

    >>> pooled = pool_rates(pd.Series([2, 8, 10, 11, 9, 12, 10, 8, 13, 20]), pd.Series([10.0] * 10))
    >>> pooled["value"].iloc[[0, -1]].round(2).tolist()
    [0.51, 1.63]
    """
    return _pool(GammaPoisson(), matched(events=events, expected=expected), covariate, above, confidence)


def pool_proportions(
    numerator: pd.Series,
    denominator: pd.Series,
    covariate: pd.Series | pd.DataFrame | None = None,
    *,
    above: float | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Pooled proportions; see `pool_rates`.

    above: by default the proportion of all known units together.
    Model: binomial counts, proportions beta-distributed about a mean that is linear on the logit scale.

    >>> people = pd.Series([100] * 10)
    >>> pooled = pool_proportions(pd.Series([5, 18, 20, 21, 19, 22, 20, 18, 23, 35]), people)
    >>> pooled["value"].iloc[[0, -1]].round(2).tolist()
    [0.08, 0.32]
    """
    pair = matched(numerator=numerator, denominator=denominator)
    x, n = (counts(column, name) for column, name in zip(pair, ("numerator", "denominator"), strict=True))
    if (over := x > n).any():
        raise InputError(f"{over.sum()} of {len(x)} numerators exceed their denominators. Check the pair of columns.")
    known = ~np.isnan(x) & (n > 0)
    if above is None and known.any():
        above = float(x[known].sum() / n[known].sum())
    return _pool(BetaBinomial(), pair, covariate, above or 0.0, confidence)


@dataclass(frozen=True)
class _Fit:
    """The regression at one spread between units: linear predictor, its error, and the log of its evidence."""

    eta: np.ndarray
    error: np.ndarray
    evidence: float


def _pool(model: Model, pair: list[pd.Series], covariate, above: float, confidence: float) -> pd.DataFrame:
    outside = tail(confidence)
    x, n = counts(pair[0], "events"), counts(pair[1], "size")
    known = ~np.isnan(x) & (n > 0)
    if (units := int(known.sum())) < MIN_UNITS:
        raise InputError(
            f"{units} known units are too few to pool; {MIN_UNITS} are needed. Pool those of a larger area."
        )
    if not 0 < x[known].sum() < model.most(n[known].sum()):
        raise InputError(f"The {units} units have no events, or nothing but events: there is nothing to pool.")
    design = _design(covariate, pair[0], known)
    x, n = x[known], n[known]
    grid, fits, weights = _grid(model, x, n, design)
    shifts, chances = NODES
    parts = []  # of the posterior of every unit: one for each spread and each likely error of the expected value
    for spread, fit, weight in zip(grid, fits, weights, strict=True):
        for shift, chance in zip(shifts, chances, strict=True):
            parts.append((weight * chance, model.posterior(x, n, fit.eta + shift * fit.error, spread)))
    mean = sum(weight * part.mean for weight, part in parts)
    variance = sum(weight * (part.variance + part.mean**2) for weight, part in parts) - mean**2
    # Two moments of the mixture fix the limits: its parts differ little from one another.
    whole = model.of_moments(mean, variance)
    columns = {
        "value": mean, "lower": whole.quantile(outside), "upper": whole.quantile(1 - outside),
        "exceedance": sum(weight * part.above(above) for weight, part in parts),
        "prior": sum(weight * model.mean(fit.eta) for fit, weight in zip(fits, weights, strict=True)),
    }  # fmt: skip
    table = {name: np.full(len(known), np.nan) for name in columns}
    for name, values in columns.items():
        table[name][known] = values
    return frame(pair, **table)


def _grid(model: Model, x: np.ndarray, n: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, list[_Fit], np.ndarray]:
    """Spreads between units that are likely, with the fit at each and its weight.

    The prior of the spread rises from 0 as the spread does (Chung et al. 2013, doi:10.1007/s11336-013-9328-2:
    units never differ by nothing, and limits are too narrow where that is believed), and falls off beyond 1 on
    the log or logit scale.
    """

    def weigh(fits: list[_Fit], spreads: np.ndarray) -> np.ndarray:
        log_weight = np.array([fit.evidence for fit in fits]) + np.log(spreads) - spreads**2 / 2
        weight = np.exp(log_weight - log_weight.max()) * np.gradient(spreads)
        return weight / weight.sum()

    rough = weigh([_fit(model, x, n, design, s) for s in SPREADS], SPREADS)
    likely = np.flatnonzero(rough > NEGLIGIBLE * rough.max())
    first, last = max(likely[0] - 1, 0), min(likely[-1] + 1, len(SPREADS) - 1)
    grid = np.linspace(SPREADS[first], SPREADS[last], FINE)
    fits = [_fit(model, x, n, design, s) for s in grid]
    return grid, fits, weigh(fits, grid)


def _fit(model: Model, x: np.ndarray, n: np.ndarray, design: np.ndarray, spread: float) -> _Fit:
    """Iteratively reweighted least squares, and the evidence with the coefficients integrated out (Laplace)."""
    beta = np.zeros(design.shape[1])
    beta[0] = model.link(x.sum() / n.sum())
    for _ in range(100):
        weight, residual = model.working(x, n, design @ beta, spread)
        information = design.T @ (design * weight[:, None])
        step = np.linalg.solve(information, design.T @ (weight * residual))
        beta = beta + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:
            break
    eta = design @ beta
    error = np.sqrt(np.einsum("ij,jk,ik->i", design, np.linalg.inv(information), design))
    evidence = model.log_likelihood(x, n, eta, spread) - np.linalg.slogdet(information)[1] / 2
    return _Fit(eta, error, float(evidence))


def _design(covariate, lead: pd.Series, known: np.ndarray) -> np.ndarray:
    """A column of ones, and each covariate of the known units in standard deviations from its mean."""
    if covariate is None:
        return np.ones((int(known.sum()), 1))
    table = covariate if isinstance(covariate, pd.DataFrame) else pd.DataFrame({"covariate": covariate})
    columns = [np.ones(int(known.sum()))]
    for name in table:
        values = numbers(matched(events=lead, covariate=table[name])[1], str(name))[known]
        if missing := int(np.isnan(values).sum()):
            raise InputError(f"{missing} of {len(values)} units lack {name}. Give it, or leave those units out.")
        if not np.ptp(values) > 0:
            raise InputError(f"All units have one value of {name}: it explains no difference. Leave it out.")
        columns.append((values - values.mean()) / values.std())
    return np.column_stack(columns)
