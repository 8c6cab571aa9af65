"""Which of many comparisons may be named, so that few of those named are false.

Families of comparisons (an indicator x a kind of unit) are declared before results are
seen. A family is looked into only where it shows heterogeneity as a whole, and the units named within it
get limits that allow for their having been picked.
Source: Benjamini and Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x; Benjamini and Bogomolov 2014,
doi:10.1111/rssb.12028; Benjamini and Yekutieli 2005, doi:10.1198/016214504000001907 (false-coverage rate).
"""

import numpy as np
import pandas as pd
from scipy import stats

from phm_utils.errors import InputError
from phm_utils.methods.validation import counts, has_columns, matched, numbers

RATE = 0.05  # of false ones among those named, on average


def of_one_page(families: int) -> float:
    """The rate for each of several families on one page: where nothing differs, it names a unit as rarely as one would.

    Which families a reader believes is decided by the whole page, so its rate is divided (Bonferroni): their verdicts
    are made in different stages, and no stage sees all of them.

    >>> of_one_page(4)
    0.0125
    """
    return RATE / families


def benjamini_hochberg(p: pd.Series, rate: float = RATE) -> pd.DataFrame:
    """Comparisons that are found, with at most `rate` of them false on average.

    p: p-values; missing ones are no comparisons and are never found.
    Returns on the index of `p`: `p_adjusted` (the rate at which each would be found) and `found`.

    >>> benjamini_hochberg(pd.Series([0.001, 0.02, 0.04, 0.9]), rate=0.05).round(3)
       p_adjusted  found
    0       0.004   True
    1       0.040   True
    2       0.053  False
    3       0.900  False
    """
    values = _p_values(p, rate)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    steps = values[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted = np.full(len(values), np.nan)
    adjusted[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1)
    return pd.DataFrame({"p_adjusted": adjusted, "found": adjusted <= rate}, index=pd.Series(p).index)


def heterogeneity(values: pd.Series, errors: pd.Series) -> float:
    """The p-value of Cochran's Q: do the values of a family differ by more than their errors?

    values: of the units, on a scale where errors are normal. errors: standard errors (> 0). Units
    without either are left out; fewer than two give no p-value.
    Real units nearly always differ by more than chance: where the question is whether one stands out
    from usual variation, take Simes' p-value of `discoveries`, its default.

    >>> round(heterogeneity(pd.Series([1.0, 2.0, 3.0]), errors=pd.Series([1.0, 1.0, 1.0])), 3)
    0.368
    """
    pair = matched(values=values, errors=errors)
    value, error = numbers(pair[0], "values"), counts(pair[1], "errors")
    known = ~np.isnan(value) & (error > 0)
    if known.sum() < 2:
        return float("nan")
    weight = error[known] ** -2
    mean = np.average(value[known], weights=weight)
    return float(stats.chi2.sf((weight * (value[known] - mean) ** 2).sum(), known.sum() - 1))


def discoveries(units: pd.DataFrame, rate: float = RATE, omnibus: pd.Series | None = None) -> pd.DataFrame:
    """Units named within the families that show heterogeneity.

    units: one row per comparison: `family` and `p`. Every family declared belongs here, also those
        that show nothing: leaving them out makes false names likelier.
    omnibus: a p-value by `family`, such as from `heterogeneity`; by default Simes' of its units.

    R of m families are selected (Benjamini-Hochberg at `rate`); within them units are found at R rate / m.
    Returns on the given index: `selected` (its family), `p_adjusted` (within the family), `named`, and
    `confidence`: the coverage of limits of a named unit, 1 - (named / units) R rate / m of its family, which makes at
    most `rate` of the limits of selected units miss on average; missing where none is named.

    >>> units = pd.DataFrame({"family": ["a", "a", "b", "b"], "p": [0.001, 0.6, 0.4, 0.9]})
    >>> discoveries(units)[["selected", "named", "confidence"]]
       selected  named  confidence
    0      True   True      0.9875
    1      True  False      0.9875
    2     False  False         NaN
    3     False  False         NaN
    """
    has_columns(units, "family", "p")
    if missing := int(units["family"].isna().sum()):
        raise InputError(f"{missing} of {len(units)} comparisons have no family. Declare one for each.")
    _p_values(units["p"], rate)
    family = units["family"]
    within = units.groupby(family)["p"].transform(lambda part: benjamini_hochberg(part, rate)["p_adjusted"].to_numpy())
    by_family = within.groupby(family).min() if omnibus is None else _omnibus(omnibus, family)
    chosen = benjamini_hochberg(by_family, rate)["found"]
    level = rate * chosen.sum() / max(int(by_family.notna().sum()), 1)
    selected = family.map(chosen).astype(bool)
    named = selected & (within <= level)
    tested = units["p"].notna().groupby(family).transform("sum")
    share = named.groupby(family).transform("sum") / tested.where(tested > 0)
    confidence = (1 - share * level).where(share > 0)
    return pd.DataFrame({"selected": selected, "p_adjusted": within, "named": named, "confidence": confidence})


def _omnibus(omnibus: pd.Series, family: pd.Series) -> pd.Series:
    if not omnibus.index.is_unique or not family.isin(omnibus.index).all():
        raise InputError(
            f"The omnibus test has {len(omnibus)} p-values for {family.nunique()} families. Give one for each family."
        )
    return omnibus.reindex(sorted(family.unique()))


def _p_values(p: pd.Series, rate: float) -> np.ndarray:
    if not 0 < rate < 1:
        raise InputError(f"rate is {rate}; it is the share of false discoveries allowed, between 0 and 1 (0.05).")
    values = counts(p, "p")
    if above := int((values > 1).sum()):
        raise InputError(f"{above} of {len(values)} values of p are above 1. Give p-values.")
    return values
