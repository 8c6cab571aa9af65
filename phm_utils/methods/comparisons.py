"""Which units differ from a comparator, and which of a family may be named.

A value's own limits say how exact it is, not whether it may be picked out: among many units that are
equal the most extreme always looks different. Units of one family are compared together, and those
named get limits that allow for their having been picked (see `discovery`).
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd
from scipy import special

from phm_utils.errors import InputError
from phm_utils.methods import rates
from phm_utils.methods.discovery import RATE, discoveries
from phm_utils.methods.funnels import Kind
from phm_utils.methods.overdispersion import outliers
from phm_utils.methods.validation import counts, has_columns, matched, numbers, one_of, z_value

FEWEST = 10  # people expected with and without: with fewer the score test is not exact enough to decide
ABOVE, BELOW, CANNOT_TELL, TOO_FEW, NOT_COMPARED = "above", "below", "cannot tell", "too few", "not compared"
Scale = Literal["log", "logit"]
SCALES = {"log": (np.log, np.exp), "logit": (special.logit, special.expit)}  # there and back
VERDICTS = (ABOVE, BELOW, CANNOT_TELL, TOO_FEW, NOT_COMPARED)


def shares_against(
    numerator: pd.Series,
    denominator: pd.Series,
    comparator: float | pd.Series,
    *,
    family: pd.Series | None = None,
    left_out: pd.Series | None = None,
    confidence: float = 0.95,
    rate: float = RATE,
) -> pd.DataFrame:
    """Shares of people compared with a share that is taken as known.

    numerator, denominator: people of each unit, missing where suppressed. comparator: a share (0 to 1), or one for
        each unit.
    family: to which declared family each comparison belongs; by default all are one.
    left_out: units that are shown and not compared, such as those whose answer follows from a definition.
    rate: the expected share of false ones among those named.

    Returns on the given index: `value`, `lower`, `upper`, `comparator`, `p`, `p_adjusted` and `verdict`: above or
    below, cannot tell, too few (a count is suppressed, or fewer than 10 people are expected with or without), not
    compared. Limits are Wilson's, at `confidence`; of units above or below at the level that allows for
    their having been picked. p: score test, of which Wilson's limits are the inversion.

    >>> people = pd.Series([1_000, 1_000, 1_000, 20])
    >>> found = shares_against(pd.Series([100, 104, 150, 9]), people, 0.1)
    >>> found["verdict"].tolist()
    ['cannot tell', 'cannot tell', 'above', 'too few']
    """
    x, n, against, of, out = matched(
        numerator=numerator,
        denominator=denominator,
        comparator=_each(comparator, numerator),
        family=_each("all" if family is None else family, numerator),
        left_out=_each(False if left_out is None else left_out, numerator),
    )
    people, share = counts(n, "denominator"), _shares(against)
    value = rates.proportion(x, n, confidence)["value"].to_numpy(dtype=float, na_value=np.nan)
    expected = people * np.minimum(share, 1 - share)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (value - share) / np.sqrt(share * (1 - share) / people)
    usable = ~np.isnan(z) & (expected >= FEWEST)
    judged = _judged(x.index, value, share, np.where(usable, z, np.nan), of, out, confidence, rate)

    def limits(level: float) -> pd.DataFrame:
        return rates.proportion(x, n, level)[["lower", "upper"]].astype(float)

    return _with_limits(judged, limits, confidence)


def rates_against(
    units: pd.DataFrame,
    comparator: float | pd.Series | pd.DataFrame,
    *,
    family: pd.Series | None = None,
    left_out: pd.Series | None = None,
    confidence: float = 0.95,
    rate: float = RATE,
    scale: Scale = "log",
) -> pd.DataFrame:
    """Rates or ratios compared with another rate, on the log scale; or shares with another estimate, on the logit's.

    units: `value`, `lower`, `upper` (limits of `confidence`), missing where withheld.
    comparator: a rate taken as known, one for each unit, or a frame of `value`, `lower` and `upper` on the same index:
        another estimate, whose error counts.
    scale: "logit" for shares, whose limits then stay within 0 and 1.
    Other arguments and the answer: see `shares_against`. A unit without a value and limits above 0 (and for shares
    below 1) is too few.

    >>> units = pd.DataFrame({"value": [100, 104, 150], "lower": [90, 94, 138], "upper": [111, 115, 163]})
    >>> rates_against(units, 100)["verdict"].tolist()
    ['cannot tell', 'cannot tell', 'above']
    """
    has_columns(units, "value", "lower", "upper")
    estimated = isinstance(comparator, pd.DataFrame)
    _, of, out, given = matched(
        value=units["value"],
        family=_each("all" if family is None else family, units["value"]),
        left_out=_each(False if left_out is None else left_out, units["value"]),
        comparator=_each(float("nan") if estimated else comparator, units["value"]),
    )
    one_of(scale, tuple(SCALES), "scale")
    to, back = SCALES[scale]
    value, error = _on_scale(units, confidence, scale)
    if isinstance(comparator, pd.DataFrame):
        has_columns(comparator, "value", "lower", "upper")
        against, other = _on_scale(comparator.reindex(units.index), confidence, scale)
    else:
        against, other = to(_inside(numbers(given, "comparator"), scale)), np.zeros(len(units))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (value - against) / np.hypot(error, other)
    judged = _judged(units.index, back(value), back(against), z, of, out, confidence, rate)

    def limits(level: float) -> pd.DataFrame:
        reach = z_value(level) * error
        return pd.DataFrame({"lower": back(value - reach), "upper": back(value + reach)}, index=units.index)

    return _with_limits(judged, limits, confidence)


def units_among_others(events: pd.Series, sizes: pd.Series, *, kind: Kind, rate: float = RATE) -> pd.DataFrame:
    """Units compared with what the others predict for them, usual variation included; see `outliers`.

    Returns on the given index `value`, `lower` and `upper` (of the prediction, not of the value),
    `comparator` (the middle of the prediction), `p`, `p_adjusted` and `verdict`. With fewer than 11 known units
    how much units usually vary is not known, and all are too few.

    >>> events = pd.Series([*range(90, 110), 300])
    >>> units_among_others(events, pd.Series([1_000] * 21), kind="proportion")["verdict"].tolist()[-2:]
    ['cannot tell', 'above']
    """
    found = outliers(events, sizes, kind=kind, rate=rate)
    verdict = np.select(
        [found["p"].isna(), found["named"] & (found["z"] > 0), found["named"]], [TOO_FEW, ABOVE, BELOW], CANNOT_TELL
    )
    columns = ["value", "lower", "upper", "predicted", "p", "p_adjusted"]
    return found[columns].rename(columns={"predicted": "comparator"}).assign(verdict=verdict)


def the_others(
    units: pd.DataFrame, weights: pd.Series, *, family: pd.Series | None = None, confidence: float = 0.95
) -> pd.DataFrame:
    """For each unit the weighted mean of all others of its family: a comparator that does not hold the unit itself.

    units: `value` (0 or more), `lower` and `upper` (limits of `confidence`), of independent units; one without them is
        in nobody's comparator. weights: such as people, so that the mean of shares is the share of all others together.
    Returns on the given index `value`, `lower` and `upper`, missing where the others have nothing.

    >>> units = pd.DataFrame({"value": [0.1, 0.2, 0.4], "lower": [0.08, 0.17, 0.35], "upper": [0.12, 0.23, 0.45]})
    >>> the_others(units, pd.Series([100, 300, 100]))["value"].round(3).tolist()
    [0.25, 0.25, 0.175]
    """
    has_columns(units, "value", "lower", "upper")
    value, weight, lower, upper, of = matched(
        value=units["value"], weights=weights, lower=units["lower"], upper=units["upper"],
        family=_each("all" if family is None else family, units["value"]),
    )  # fmt: skip
    x, w = counts(value, "value"), counts(weight, "weights")
    error = (numbers(upper, "upper") - numbers(lower, "lower")) / 2 / z_value(confidence)
    known = ~np.isnan(x + w + error)
    parts = pd.DataFrame({"w": w, "sum": w * x, "variance": (w * error) ** 2}, index=value.index)
    parts.loc[~known] = 0.0
    together = parts.groupby(of.to_numpy()).transform("sum")
    rest = (together - parts).where(together - parts > 1e-12 * together)  # of nothing a rounding error may be left
    mean = rest["sum"] / rest["w"]
    reach = z_value(confidence) * np.sqrt(rest["variance"]) / rest["sum"]
    return pd.DataFrame({"value": mean, "lower": mean * np.exp(-reach), "upper": mean * np.exp(reach)})


def mirrored(family: pd.Series) -> pd.Series:
    """The second unit of each family of two: compared with each other, they are one comparison and not two.

    >>> mirrored(pd.Series(["Sex", "Sex", "Age", "Age", "Age"])).tolist()
    [False, True, False, False, False]
    """
    return family.map(family.value_counts()).eq(2) & family.duplicated()


def _each(given, like: pd.Series) -> pd.Series:
    """One value for each unit."""
    return given if isinstance(given, pd.Series) else pd.Series(given, index=pd.Series(like).index)


def _shares(comparator: pd.Series) -> np.ndarray:
    share = numbers(comparator, "comparator")
    if outside := int(((share < 0) | (share > 1)).sum()):
        raise InputError(f"{outside} of {len(share)} comparators are no shares: give fractions from 0 to 1.")
    return share


def _on_scale(units: pd.DataFrame, confidence: float, scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    """Values on the scale and their standard errors; missing where a value or a limit is not inside it."""
    value, lower, upper = (_inside(numbers(units[name], name), scale) for name in ("value", "lower", "upper"))
    usable = ~np.isnan(value + lower + upper) & (upper > lower)
    if wrong := int((usable & ((lower > value) | (value > upper))).sum()):
        raise InputError(f"{wrong} of {len(units)} values lie outside their limits. Check `lower`, `value`, `upper`.")
    to = SCALES[scale][0]
    middle, low, high = (to(np.where(usable, part, np.nan)) for part in (value, lower, upper))
    return middle, (high - low) / 2 / z_value(confidence)


def _inside(values: np.ndarray, scale: Scale) -> np.ndarray:
    """The values that the scale has: above 0, and of shares below 1."""
    return np.where((values > 0) & ((values < 1) | (scale == "log")), values, np.nan)


def _judged(index, value, comparator, z, family, left_out, confidence: float, rate: float) -> pd.DataFrame:
    """Verdicts within each family, and `level`: the confidence of the limits of each unit."""
    out = left_out.to_numpy(dtype=bool)
    p = pd.Series(np.where(out, np.nan, special.erfc(np.abs(z) / np.sqrt(2))), index=index)
    found = discoveries(pd.DataFrame({"family": family.to_numpy(), "p": p.to_numpy()}), rate)
    named = found["named"].to_numpy()
    verdict = np.select([out, np.isnan(p), named & (z > 0), named], [NOT_COMPARED, TOO_FEW, ABOVE, BELOW], CANNOT_TELL)
    level = np.where(named, np.maximum(found["confidence"].to_numpy(dtype=float), confidence), confidence)
    parts = {"value": value, "comparator": comparator, "p": p.to_numpy(), "p_adjusted": found["p_adjusted"].to_numpy()}
    return pd.DataFrame({**parts, "verdict": verdict, "level": level}, index=index)


def _with_limits(judged: pd.DataFrame, limits: Callable[[float], pd.DataFrame], confidence: float) -> pd.DataFrame:
    """Limits of each unit at its level."""
    table = limits(confidence).set_axis(judged.index)
    for level in sorted(set(judged["level"]) - {confidence}):
        chosen = (judged["level"] == level).to_numpy()
        table.loc[chosen] = limits(level).to_numpy()[chosen]
    return judged.assign(**table)[["value", "lower", "upper", "comparator", "p", "p_adjusted", "verdict"]]
