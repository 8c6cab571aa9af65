"""Proportions, rates and means with their limits; the public names of the statistics that describe a population.

Counts may be nullable Series in which <NA> is a suppressed count: the answer
there is missing too. Nullable in, nullable out; the index is kept.
`confidence` is always the coverage of the interval: 0.95, never 0.05. Several
levels, `(0.95, 0.998)`, give `lower`, `upper`, `lower_998` and `upper_998`.
"""

import numpy as np
import pandas as pd
from scipy import stats

from phm_utils.errors import InputError
from phm_utils.methods.count_limits import byar
from phm_utils.methods.life_tables import life_expectancy
from phm_utils.methods.quantiles import quantile
from phm_utils.methods.standardisation import (
    direct_rate,
    direct_rate_nonindependent,
    expected_events,
    variance_of_repeats,
)
from phm_utils.methods.validation import Confidence, counts, frame, levels, matched, numbers, tail, z_value

__all__ = [
    "crude_rate",
    "direct_rate",
    "direct_rate_nonindependent",
    "expected_events",
    "indirect_rate",
    "indirect_ratio",
    "life_expectancy",
    "mean",
    "proportion",
    "quantile",
    "variance_of_repeats",
    "with_rates",
    "with_shares",
]
PER = 1_000  # people: the unit of every crude rate of protected counts


def proportion(numerator: pd.Series, denominator: pd.Series, confidence: Confidence = 0.95) -> pd.DataFrame:
    """Proportions with Wilson's score limits.

    numerator: people with it, 0 to `denominator`. denominator: people.
    Returns `value`, `lower`, `upper` as fractions, missing where a count is
    missing or nobody is at risk.
    Raises InputError where a count is negative or exceeds its denominator.
    Source: Wilson 1927, doi:10.1080/01621459.1927.10502953.

    >>> proportion(pd.Series([20]), pd.Series([100])).round(3)
       value  lower  upper
    0    0.2  0.133  0.289
    """
    pair = matched(numerator=numerator, denominator=denominator)
    x, n = (counts(column, name) for column, name in zip(pair, ("numerator", "denominator"), strict=True))
    if (over := x > n).any():
        raise InputError(f"{over.sum()} of {len(x)} numerators exceed their denominators. Check the pair of columns.")
    n = np.where(n > 0, n, np.nan)
    x = np.where(np.isnan(n), np.nan, x)
    columns = {"value": x / n}
    for suffix, level in levels(confidence).items():
        z = z_value(level)
        centre, spread = x + z**2 / 2, z * np.sqrt(z**2 / 4 + x * (1 - x / n))
        # Rounding may push the limits of 0 and of n a hair past the proportion itself.
        columns[f"lower{suffix}"] = np.where(x == 0, 0.0, (centre - spread) / (n + z**2))
        columns[f"upper{suffix}"] = np.where(x == n, 1.0, (centre + spread) / (n + z**2))
    return frame(pair, **columns)


def crude_rate(
    events: pd.Series, person_years: pd.Series, per: float = 1_000, confidence: Confidence = 0.95
) -> pd.DataFrame:
    """Events per `per` person-years with limits of `count_limits.byar`.

    person_years: time at risk; where it is 0 there is no rate.
    Returns `value`, `lower`, `upper`. Assumes independent events: repeat
    admissions of the same people need wider limits.

    >>> crude_rate(pd.Series([40]), person_years=pd.Series([2_000])).round(1)
       value  lower  upper
    0   20.0   14.3   27.2
    """
    pair = matched(events=events, person_years=person_years)
    number, time = counts(pair[0], "events"), counts(pair[1], "person_years")
    scale = per / np.where(time > 0, time, np.nan)
    columns = {"value": number * scale}
    for suffix, level in levels(confidence).items():
        lower, upper = byar(pd.Series(number), level)
        columns |= {f"lower{suffix}": lower * scale, f"upper{suffix}": upper * scale}
    return frame(pair, **columns)


def indirect_ratio(observed: pd.Series, expected: pd.Series, confidence: Confidence = 0.95) -> pd.DataFrame:
    """Observed over expected events: 1 is as many as at the reference's rates.

    expected: events had each stratum the reference's rate; see `expected_events`.
    Returns `value`, `lower`, `upper`. Ratios of two areas compare each with
    the reference, not with one another.

    >>> indirect_ratio(pd.Series([40]), expected=pd.Series([50])).round(2)
       value  lower  upper
    0    0.8   0.57   1.09
    """
    x, e = matched(observed=observed, expected=expected)
    counts(x, "observed"), counts(e, "expected")
    return crude_rate(x, e, per=1, confidence=confidence)


def indirect_rate(
    observed: pd.Series, expected: pd.Series, reference_rate: float, confidence: Confidence = 0.95
) -> pd.DataFrame:
    """Indirectly standardised rates: `indirect_ratio` times the reference's crude rate.

    reference_rate: in the unit in which the answer is wanted (per 100,000 people, say).

    >>> indirect_rate(pd.Series([40]), expected=pd.Series([50]), reference_rate=500).round(0)
       value  lower  upper
    0  400.0  286.0  545.0
    """
    if not np.isfinite(reference_rate) or reference_rate < 0:
        raise InputError(f"reference_rate is {reference_rate}; it is the reference's crude rate, 0 or more.")
    return indirect_ratio(observed, expected, confidence) * reference_rate


def mean(values: pd.Series, by: pd.Series | None = None, confidence: Confidence = 0.95) -> pd.DataFrame:
    """Means with limits of Student's t.

    values: one per person or area; missing ones are not counted. by: a grouping
        of the same rows; without it there is one row, "all".
    Returns one row per group: `count`, `value`, `lower`, `upper`. One value alone has no limits.

    >>> mean(pd.Series([4.0, 5.0, 6.0])).round(2)
         count  value  lower  upper
    all      3    5.0   2.52   7.48
    """
    group = pd.Series("all", index=pd.Series(values).index) if by is None else by
    pair = matched(values=values, by=group)
    known = pd.Series(numbers(pair[0], "values"))
    grouped = known.groupby(pair[1].to_numpy())
    count, value = grouped.count(), grouped.mean()
    columns = {"count": count, "value": value}
    with np.errstate(divide="ignore", invalid="ignore"):
        error = grouped.std() / np.sqrt(count)
        for suffix, level in levels(confidence).items():
            reach = error * stats.t.isf(tail(level), np.where(count > 1, count - 1, np.nan))
            columns |= {f"lower{suffix}": value - reach, f"upper{suffix}": value + reach}
    return pd.DataFrame(columns)


def with_shares(shown: pd.DataFrame, *, of: str = "registered") -> pd.DataFrame:
    """Protected counts with `share`, `lower`, `upper`: people of `of`, with Wilson's 95% limits.

    >>> with_shares(pd.DataFrame({"people": [20], "registered": [100]})).round(3)
       people  registered  share  lower  upper
    0      20         100    0.2  0.133  0.289
    """
    limits = proportion(shown["people"], shown[of])
    return shown.assign(share=limits["value"], lower=limits["lower"], upper=limits["upper"])


def with_rates(shown: pd.DataFrame, *, events: tuple[str, ...]) -> pd.DataFrame:
    """Protected counts with rates per 1,000 people; events of a suppressed group are suppressed with it.

    events: columns of counts; those that the run lacks are skipped.

    >>> with_rates(pd.DataFrame({"people": [500], "ed_attendances": [40]}), events=("ed_attendances",))
       people  ed_attendances  ed_attendances_per_1000
    0     500              40                     80.0
    """
    people = shown["people"].astype("Float64")
    at_risk = people.mask(people == 0)
    for column in (name for name in events if name in shown):
        shown[column] = shown[column].mask(people.isna())
        shown[f"{column}_per_1000"] = shown[column] / at_risk * PER
    return shown
