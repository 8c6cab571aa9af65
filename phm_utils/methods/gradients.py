"""Slope and relative index of inequality: the difference across the whole range of deprivation.

A line is fitted through all groups, weighted by their people, and read at
its two ends, so that every group counts, not only the extremes. Rates are fitted
on the log scale and proportions on the logit scale, where a line cannot fall below 0.
"""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import special, stats

from phm_utils.errors import InputError
from phm_utils.methods.validation import Confidence, has_columns, levels, numbers, one_of, tail

Scale = Literal["linear", "log", "logit"]
FEWEST, MOST = 5, 100  # groups: fewer give no line, more are areas and need a model of their own
FORWARD: dict[str, Callable] = {"linear": np.asarray, "log": np.log, "logit": special.logit}
BACK: dict[str, Callable] = {"linear": np.asarray, "log": np.exp, "logit": special.expit}
HIGHEST = {"linear": np.inf, "log": np.inf, "logit": 1.0}
NO_RATIO = (
    "the fitted line reaches 0 within the range of deprivation; fit rates on the log, proportions on the logit scale"
)
NO_LIMIT = "a limit of the ratio is at a line that reaches 0"
Ends = tuple[np.ndarray, np.ndarray]  # fitted values at rank 0 and at rank 1


def slope_index(
    groups: pd.DataFrame,
    *,
    scale: Scale = "linear",
    transform: bool = True,
    multiplier: float = 1,
    confidence: Confidence = 0.95,
    repetitions: int = 10_000,
    seed: int = 0,
    repeats: int = 0,
) -> pd.DataFrame:
    """Slope (SII) and relative (RII) index of inequality of each area, from one fit.

    groups: one row per `area_code` x `quantile` (1 is one end of the range,
        usually the most deprived; whole numbers, also as text): `population` (> 0), `value`, and either
        `se` (standard error on `scale`) or 95% limits `lower`, `upper`.
    scale: where errors are normal and the line is straight: linear for means, log for rates, logit
        for proportions. transform: False fits a straight line through the values
        themselves and takes the errors alone on that scale, as many published indices
        do; it misleads where the gradient is steep.
    multiplier: of the SII, such as 100 for percentage points; a negative one
        reverses the direction, and inverts the RII.
    repetitions, seed: of the simulated limits, the percentiles of lines
        through values drawn from their own sampling errors. They do not include
        the scatter of the groups about the line: see `area_gradients.line_limits` for that.
    repeats: as many more simulations show how far the limits move between seeds:
        `sii_mad` and `rii_mad`, mean absolute differences from the first. Raise
        `repetitions` where they show in the printed digits.

    Returns one row per `area_code`: `sii`, `sii_lower`, `sii_upper`, `rii`,
    `rii_lower`, `rii_upper`, `intercept` (value at rank 0), `clear` (the SII's limits
    exclude 0; at the first level of confidence) and `rii_withheld`: why a ratio, or its limit, has no
    meaning and is NaN; else None.
    Raises InputError where a quantile is missing or repeats, a value is outside its scale
    or its limits, or a standard error is negative.
    Source: Mackenbach and Kunst 1997, doi:10.1016/S0277-9536(96)00073-1; Low
    and Low 2004, doi:10.1093/pubmed/fdh175.

    >>> groups = pd.DataFrame({"area_code": "E1", "quantile": range(1, 6), "population": 100, "se": 0.1})
    >>> slope_index(groups.assign(value=[150, 117.5, 85, 52.5, 20]), scale="log")[["sii", "rii"]].round(2)
                  sii   rii
    area_code
    E1        -210.77  0.09
    """
    one_of(scale, get_args(Scale), "scale")
    if not np.isfinite(multiplier) or multiplier == 0:
        raise InputError(f"multiplier is {multiplier}; it is a number other than 0, such as 100, or -1 to reverse.")
    asked, ordered = levels(confidence), _checked(groups, scale)
    seeds = np.arange(seed, seed + 1 + repeats)
    noise = {size: _noise(size, repetitions, seeds) for size in ordered.groupby("area_code").size().unique()}
    rows = {}
    for area, part in ordered.groupby("area_code"):
        share, rank = midranks(part["population"])
        centre, value = FORWARD[scale](part["value"].to_numpy()), part["value"].to_numpy()
        draws = centre + standard_errors(part, scale) * noise[len(part)]
        point = _fitted_ends(centre if transform else value, share, rank, scale, transform)
        simulated = _fitted_ends(draws if transform else BACK[scale](draws), share, rank, scale, transform)
        rows[area] = _indices(point, simulated, multiplier, asked)
    found = pd.DataFrame.from_dict(rows, orient="index").rename_axis("area_code")
    return found if repeats else found.drop(columns=["sii_mad", "rii_mad"])


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


def _noise(size: int, repetitions: int, seeds: np.ndarray) -> np.ndarray:
    """Standard normal draws: seeds x repetitions x groups, the same for every area of this many groups."""
    if repetitions < 100:
        raise InputError(f"{repetitions} repetitions are too few for limits; 100 or more are needed (10,000).")
    return np.stack([np.random.default_rng(s).normal(size=(repetitions, size)) for s in seeds])


def _fitted_ends(y: np.ndarray, share: np.ndarray, rank: np.ndarray, scale: Scale, transform: bool) -> Ends:
    """The fitted values at rank 0 and rank 1, for one set of values or for simulated (last axis: groups)."""
    # Weighted least squares in closed form: y sqrt(a) on sqrt(a) and b sqrt(a).
    centre, y_mean = share @ rank, y @ share
    slope = (y @ (share * (rank - centre))) / (share @ (rank - centre) ** 2)
    low, high = y_mean - slope * centre, y_mean + slope * (1 - centre)
    return (BACK[scale](low), BACK[scale](high)) if transform else (low, high)


def _ratio(ends: Ends, multiplier: float) -> np.ndarray:
    """One end over the other; 0 and infinity where a line reaches 0, NaN where both of its ends do."""
    over, under = ends if multiplier < 0 else ends[::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(over > 0, np.where(under > 0, over / under, np.inf), np.where(under > 0, 0.0, np.nan))


def _indices(point: Ends, simulated: Ends, multiplier: float, asked: dict[str, float]) -> dict[str, object]:
    sii, rii = (point[1] - point[0]) * multiplier, float(_ratio(point, multiplier))
    slopes, ratios = (simulated[1] - simulated[0]) * multiplier, _ratio(simulated, multiplier)
    found: dict[str, object] = {"sii": sii, "rii": rii, "intercept": point[0], "rii_withheld": None}
    moved: dict[str, list[float]] = {"sii": [], "rii": []}
    for suffix, level in asked.items():
        ends = np.array([tail(level), 1 - tail(level)])
        for name, draws in (("sii", slopes), ("rii", np.sort(np.nan_to_num(ratios, nan=np.inf)))):
            # A ratio's limits are two of its draws: between a number and infinity there is no percentile.
            method: Literal["linear", "nearest"] = "linear" if np.isfinite(draws).all() else "nearest"
            limits = np.quantile(draws, ends, axis=-1, method=method)
            found |= {f"{name}_lower{suffix}": limits[0, 0], f"{name}_upper{suffix}": limits[1, 0]}
            with np.errstate(invalid="ignore"):
                moved[name].append(
                    float(np.abs(limits[:, 1:] - limits[:, :1]).mean()) if limits.shape[1] > 1 else np.nan
                )
    found["clear"] = bool(found["sii_lower"] > 0 or found["sii_upper"] < 0)  # type: ignore[operator] # floats
    found |= {f"{name}_mad": float(np.mean(values)) for name, values in moved.items()}
    return _with_meaning(found)


def _with_meaning(found: dict[str, object]) -> dict[str, object]:
    """NaN for what is no ratio: at or below 0, or infinite; with the reason."""
    ratios = [name for name in found if name.startswith("rii") and name not in ("rii_withheld", "rii_mad")]
    wrong = [name for name in ratios if not 0 < found[name] < np.inf]  # type: ignore[operator] # floats
    if "rii" in wrong:
        wrong = [*ratios, "rii_mad"]
    return (
        found
        | dict.fromkeys(wrong, np.nan)
        | {"rii_withheld": (NO_RATIO if "rii" in wrong else NO_LIMIT) if wrong else None}
    )


def _checked(groups: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """The groups as numbers, in order of their quantiles."""
    given = ["se"] if "se" in groups else ["lower", "upper"]
    has_columns(groups, "area_code", "quantile", "population", "value", *given)
    table = pd.DataFrame({name: numbers(groups[name], name) for name in ("quantile", "population", "value", *given)})
    table.insert(0, "area_code", groups["area_code"].to_numpy())
    _refuse(table, table.isna().any(axis=1) | ~(table["population"] > 0), "lack a value, a population or limits")
    low, high = 0.0 if scale != "linear" else -np.inf, HIGHEST[scale]
    bounded = table[["value", *given]] if "lower" in given else table[["value"]]
    inside = ((bounded > low) & (bounded < high)).all(axis=1) if scale != "linear" else pd.Series(True, table.index)
    _refuse(table, ~inside, f"have a value or limit outside {low:g} to {high:g}, where the {scale} scale has none")
    if "se" in given:
        _refuse(table, table["se"] < 0, "have a negative standard error")
    else:
        strange = (table["lower"] > table["value"]) | (table["value"] > table["upper"])
        _refuse(table, strange, "have limits that do not enclose the value (lower above upper?)")
    _check_quantiles(table)
    return table.sort_values(["area_code", "quantile"], kind="stable")


def _check_quantiles(table: pd.DataFrame) -> None:
    by = table.groupby("area_code")["quantile"]
    size, first, last = by.size(), by.min(), by.max()
    for bad, fault in (
        (size != by.nunique(), "repeat a quantile"),
        (~size.between(FEWEST, MOST), f"have fewer than {FEWEST} or more than {MOST} groups"),
        ((first != 1) | (last != size) | (size != size.max()), "lack a quantile that others have, or skip one"),
    ):
        if bad.any():
            raise InputError(
                f"{bad.sum()} of {len(bad)} areas {fault} (first: {bad.index[bad][0]}). "
                "Use fifths or tenths of the population, numbered from 1, each once."
            )


def _refuse(table: pd.DataFrame, bad: pd.Series, fault: str) -> None:
    if bad.any():
        first = table.loc[bad, "area_code"].iloc[0]
        raise InputError(f"{bad.sum()} of {len(table)} groups {fault} (first area: {first}). Leave that area out.")
