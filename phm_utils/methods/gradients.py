"""Slope and relative index of inequality: the difference across the whole range of deprivation.

A line is fitted through all groups, weighted by their people, and read at
its two ends, so that every group counts, not only the extremes.
"""

from typing import Literal

import numpy as np
import pandas as pd
from scipy import special, stats

from phm_utils.errors import InputError

Scale = Literal["linear", "log", "logit"]
FEWEST, MOST = 5, 100  # groups: fewer give no line, more are areas and need a model of their own
FORWARD = {"linear": np.asarray, "log": np.log, "logit": special.logit}
BACK = {"linear": np.asarray, "log": np.exp, "logit": special.expit}


def slope_index(
    groups: pd.DataFrame,
    *,
    scale: Scale = "linear",
    transform: bool = False,
    multiplier: float = 1,
    confidence: float = 0.95,
    repetitions: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Slope (SII) and relative (RII) index of inequality of each area.

    groups: one row per `area_code` x `quantile` (1 is one end of the range,
        usually the most deprived): `population` (> 0), `value`, and either
        `se` (standard error on `scale`) or 95% limits `lower`, `upper`.
    scale: where errors are normal: linear for means, log for rates, logit
        for proportions. transform: fit the line on that scale too.
    multiplier: of the SII, such as 100 for percentage points; a negative one
        reverses the direction, and inverts the RII.
    repetitions, seed: of the simulated limits, the percentiles of lines
        through values drawn from their own sampling errors. They do not include
        the scatter of the groups about the line: see `line_limits` for that.

    Returns one row per `area_code`: `sii`, `sii_lower`, `sii_upper`, `rii`,
    `rii_lower`, `rii_upper`, `intercept` (value at rank 0).
    Source: Mackenbach and Kunst 1997, doi:10.1016/S0277-9536(96)00073-1; Low
    and Low 2004, doi:10.1093/pubmed/fdh175.

    >>> groups = pd.DataFrame({"area_code": "E1", "quantile": range(1, 6), "population": 100, "se": 1.0})
    >>> slope_index(groups.assign(value=[50, 45, 40, 35, 30]))[["sii", "rii"]].round(2)
                sii   rii
    area_code
    E1        -25.0  0.52
    """
    _check(groups)
    rng = np.random.default_rng(seed)
    rows = {}
    for area, part in groups.sort_values(["area_code", "quantile"], kind="stable").groupby("area_code"):
        share, rank = midranks(part["population"])
        value, se = part["value"].to_numpy(float), standard_errors(part, scale)
        draws = rng.normal(FORWARD[scale](value), se, size=(repetitions, len(part)))
        point = _fitted_ends(value if not transform else FORWARD[scale](value), share, rank, scale, transform)
        simulated = _fitted_ends(draws if transform else BACK[scale](draws), share, rank, scale, transform)
        rows[area] = _indices(point, simulated, multiplier, confidence)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("area_code")


def midranks(population: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Each group's share of the people, and the middle of its stretch of the ranked people (0 to 1).

    >>> share, middle = midranks(pd.Series([100, 200, 100]))
    >>> share, middle
    (array([0.25, 0.5 , 0.25]), array([0.125, 0.5  , 0.875]))
    """
    share = population.to_numpy(float) / population.to_numpy(float).sum()
    return share, np.cumsum(share) - share / 2


def standard_errors(part: pd.DataFrame, scale: Scale) -> np.ndarray:
    """Standard errors on `scale`: column `se`, or half the width of the 95% limits over 1.96.

    >>> standard_errors(pd.DataFrame({"lower": [48.04], "upper": [51.96]}), "linear").round(2)
    array([1.])
    """
    if "se" in part:
        return part["se"].to_numpy(float)
    low, high = (FORWARD[scale](part[c].to_numpy(float)) for c in ("lower", "upper"))
    return (high - low) / 2 / stats.norm.isf(0.025)


def reliability(groups: pd.DataFrame, repeats: int = 9, **options) -> pd.Series:
    """The change of simulated SII limits between seeds, in units of the SII.

    Mean absolute difference of both limits between the first run and
    `repeats` more; raise `repetitions` where it shows in the printed digits.

    >>> groups = pd.DataFrame({"area_code": "E1", "quantile": range(1, 6), "population": 100, "se": 1.0})
    >>> moved = reliability(groups.assign(value=[50, 45, 40, 35, 30]), repeats=2, repetitions=1_000)
    >>> bool(moved["E1"] < 0.5)
    True
    """
    limits = ["sii_lower", "sii_upper"]
    seed = options.pop("seed", 0)
    first = slope_index(groups, seed=seed, **options)[limits]
    others = [slope_index(groups, seed=seed + 1 + i, **options)[limits] for i in range(repeats)]
    return sum((other - first).abs() for other in others).mean(axis=1).div(repeats).rename("mean_absolute_difference")


def line_limits(part: pd.DataFrame, confidence: float = 0.95) -> dict[str, float]:
    """The SII of one set of areas with limits from their scatter about the line.

    part: one row per area in order of deprivation: `population`, `value`.
    For areas that differ by more than chance (practices, say), whose
    sampling errors alone would make the limits far too narrow.
    Returns `intercept`, `sii`, `lower`, `upper` (Student t, n - 2, weighted
    by people, with standard errors that allow unequal scatter: HC3).

    >>> practices = pd.DataFrame({"population": 1_000, "value": [30, 28, 27, 23, 22]})
    >>> {name: round(float(value), 1) for name, value in line_limits(practices).items()}
    {'intercept': 31.3, 'sii': -10.5, 'lower': -13.5, 'upper': -7.5}
    """
    if len(part) < FEWEST:
        raise InputError(f"{len(part)} areas are too few for a line; {FEWEST} are needed.")
    share, rank = midranks(part["population"])
    design = np.column_stack([np.ones_like(rank), rank])
    value = part["value"].to_numpy(float)
    bread = np.linalg.inv(design.T @ (design * share[:, None]))
    intercept, slope = bread @ (design.T @ (share * value))
    leverage = share * np.einsum("ij,jk,ik->i", design, bread, design)
    residual = share * (value - intercept - slope * rank) / (1 - leverage)
    se = np.sqrt((bread @ (design.T * residual**2) @ design @ bread)[1, 1])
    reach = stats.t.isf((1 - confidence) / 2, len(part) - 2) * se
    return {"intercept": intercept, "sii": slope, "lower": slope - reach, "upper": slope + reach}


def _fitted_ends(
    y: np.ndarray, share: np.ndarray, rank: np.ndarray, scale: Scale, transform: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The fitted values at rank 0 and rank 1, for one set of values or for simulated (rows)."""
    # Weighted least squares in closed form: y sqrt(a) on sqrt(a) and b sqrt(a).
    centre, y_mean = share @ rank, y @ share
    slope = (y @ (share * (rank - centre))) / (share @ (rank - centre) ** 2)
    low, high = y_mean - slope * centre, y_mean + slope * (1 - centre)
    return (BACK[scale](low), BACK[scale](high)) if transform else (low, high)


def _indices(point: tuple, simulated: tuple, multiplier: float, confidence: float) -> dict[str, float]:
    tails = [(1 - confidence) / 2 * 100, (1 + confidence) / 2 * 100]

    def sii(ends: tuple) -> np.ndarray:
        return (ends[1] - ends[0]) * multiplier

    def rii(ends: tuple) -> np.ndarray:
        return ends[0] / ends[1] if multiplier < 0 else ends[1] / ends[0]

    sii_low, sii_high = np.percentile(sii(simulated), tails)
    rii_low, rii_high = np.percentile(rii(simulated), tails)
    return {
        "sii": sii(point),
        "sii_lower": sii_low,
        "sii_upper": sii_high,
        "rii": rii(point),
        "rii_lower": rii_low,
        "rii_upper": rii_high,
        "intercept": point[0],
    }


def _check(groups: pd.DataFrame) -> None:
    sizes = groups.groupby("area_code")["quantile"].agg(["size", "nunique"])
    if (bad := (sizes["size"] != sizes["nunique"])).any():
        raise InputError(f"{bad.sum()} of {len(sizes)} areas repeat a quantile (first: {sizes.index[bad][0]}).")
    if (bad := ~sizes["size"].between(FEWEST, MOST)).any():
        raise InputError(
            f"{bad.sum()} of {len(sizes)} areas have fewer than {FEWEST} or more than {MOST} groups "
            f"(first: {sizes.index[bad][0]}). Use fifths or tenths of the population."
        )
    needed = ["population", "value", *(["se"] if "se" in groups else ["lower", "upper"])]
    missing = groups[needed].isna().any(axis=1) | ~(groups["population"] > 0)
    if missing.any():
        raise InputError(
            f"{missing.sum()} of {len(groups)} groups lack a value, a population or limits "
            f"(first area: {groups.loc[missing, 'area_code'].iloc[0]}). Leave that area out."
        )
