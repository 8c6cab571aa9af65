"""Proportions, rates and standardised rates with their intervals.

Counts may be nullable Series in which <NA> is a suppressed count: the answer
there is missing too. Nullable in, nullable out; the index is kept.
`confidence` is always the coverage of the interval: 0.95, never 0.05.
"""

import numpy as np
import pandas as pd
from scipy import stats

from phm_utils.errors import InputError

MIN_EVENTS = 10  # fewer are unstable: exact limits for rates, standardised rates withheld
Limits = tuple[np.ndarray, np.ndarray]


def wilson(numerator: pd.Series, denominator: pd.Series, confidence: float = 0.95) -> pd.DataFrame:
    """Proportions with Wilson's score limits.

    numerator: people with it, 0 to `denominator`. denominator: people.
    Returns `value`, `lower`, `upper` as fractions, missing where a count is
    missing or nobody is at risk.
    Raises InputError where a count is negative or exceeds its denominator.
    Source: Wilson 1927, doi:10.1080/01621459.1927.10502953.

    >>> wilson(pd.Series([20]), pd.Series([100])).round(3)
       value  lower  upper
    0    0.2  0.133  0.289
    """
    x, n = _counts(numerator, "numerator"), _counts(denominator, "denominator")
    if (over := x > n).any():
        raise InputError(f"{over.sum()} of {len(x)} numerators exceed their denominators. Check the pair of columns.")
    n = np.where(n > 0, n, np.nan)
    z = _z(confidence)
    centre = x + z**2 / 2
    spread = z * np.sqrt(z**2 / 4 + x * (1 - x / n))
    # Rounding may push the limits of 0 and of n a hair past the proportion itself.
    lower = np.where(x == 0, x * 0, (centre - spread) / (n + z**2))
    upper = np.where(x == n, 1.0, (centre + spread) / (n + z**2))
    return _frame(numerator, denominator, value=x / n, lower=lower, upper=upper)


def exact_limits(events: np.ndarray, confidence: float = 0.95) -> Limits:
    """Exact Poisson limits of counts; the lower limit of 0 is 0.

    >>> lower, upper = exact_limits(np.array([5]))
    >>> lower.round(2), upper.round(2)
    (array([1.62]), array([11.67]))
    """
    x = np.asarray(events, dtype=float)
    tail = _tail(confidence)
    lower = np.where(x > 0, stats.chi2.ppf(tail, 2 * np.where(x > 0, x, 1)) / 2, x * 0)
    return lower, stats.chi2.isf(tail, 2 * x + 2) / 2


def byar_limits(events: np.ndarray, confidence: float = 0.95) -> Limits:
    """Byar's approximate Poisson limits, for any count; the lower limit of 0 is 0.

    Source: Breslow and Day 1987, Statistical Methods in Cancer Research II.

    >>> lower, upper = byar_limits(np.array([40]))
    >>> lower.round(2), upper.round(2)
    (array([28.57]), array([54.47]))
    """
    x = np.asarray(events, dtype=float)
    z = _z(confidence)
    safe = np.where(x > 0, x, 1)
    lower = safe * (1 - 1 / (9 * safe) - z / (3 * np.sqrt(safe))) ** 3
    upper = (x + 1) * (1 - 1 / (9 * (x + 1)) + z / (3 * np.sqrt(x + 1))) ** 3
    return np.where(x > 0, np.maximum(lower, 0), x * 0), upper


def byar(events: pd.Series, confidence: float = 0.95) -> Limits:
    """Limits of counts as published in England: exact below 10 events, else Byar's.

    Returns two float arrays, NaN where the count is missing.

    >>> lower, upper = byar(pd.Series([5, 40]))
    >>> lower.round(2), upper.round(2)
    (array([ 1.62, 28.57]), array([11.67, 54.47]))
    """
    x = _counts(events, "events")
    few = x < MIN_EVENTS
    exact, approximate = exact_limits(x, confidence), byar_limits(x, confidence)
    return np.where(few, exact[0], approximate[0]), np.where(few, exact[1], approximate[1])


def crude_rate(
    events: pd.Series, person_years: pd.Series, per: float = 1_000, confidence: float = 0.95
) -> pd.DataFrame:
    """Events per `per` person-years with `byar` limits.

    person_years: time at risk; where it is 0 there is no rate.
    Returns `value`, `lower`, `upper`. Assumes independent events: repeat
    admissions of the same people need wider limits.

    >>> crude_rate(pd.Series([40]), person_years=pd.Series([2_000])).round(1)
       value  lower  upper
    0   20.0   14.3   27.2
    """
    time = _counts(person_years, "person_years")
    time = np.where(time > 0, time, np.nan)
    lower, upper = byar(events, confidence)
    scale = per / time
    value = _counts(events, "events") * scale
    return _frame(events, person_years, value=value, lower=lower * scale, upper=upper * scale)


def indirect_ratio(
    observed: pd.Series, expected: pd.Series, multiplier: float = 1, confidence: float = 0.95
) -> pd.DataFrame:
    """Observed over expected events: 1 is as many as at the reference's rates.

    expected: events had each stratum the reference's rate; see `expected_events`.
    multiplier: 1 for a ratio, the reference's crude rate for an indirectly
        standardised rate.
    Returns `value`, `lower`, `upper`. Ratios of two areas compare each with
    the reference, not with one another.

    >>> indirect_ratio(pd.Series([40]), expected=pd.Series([50])).round(2)
       value  lower  upper
    0    0.8   0.57   1.09
    """
    return crude_rate(observed, expected, per=multiplier, confidence=confidence)


def expected_events(strata: pd.DataFrame, reference_rate: pd.Series) -> pd.Series:
    """Events each area would have at the reference's rates, by `area_code`.

    strata: one row per `area_code` x `age_band` with `person_years`.
    reference_rate: events per person-year by `age_band`.

    >>> strata = pd.DataFrame({"area_code": "E1", "age_band": ["0-64", "65+"], "person_years": [1_000, 500]})
    >>> expected_events(strata, pd.Series({"0-64": 0.01, "65+": 0.1})).to_dict()
    {'E1': 60.0}
    """
    rate = strata["age_band"].map(reference_rate)
    if rate.isna().any():
        bands = strata.loc[rate.isna(), "age_band"].unique()
        raise InputError(f"{len(bands)} age bands lack a reference rate (first: {bands[0]}). Use one set of bands.")
    return (strata["person_years"] * rate.astype(float)).groupby(strata["area_code"]).sum()


def direct_rate(
    strata: pd.DataFrame, standard: pd.Series, *, per: int = 100_000, confidence: float = 0.95
) -> pd.DataFrame:
    """Standardise event rates to one age structure.

    strata: one row per `area_code` x `age_band`: `events` (>= 0) and
        `person_years` (> 0). No events is a row of 0, never a missing row.
        Repeat events (admissions of the same people) are not independent:
        give `event_variance` too, from `variance_of_repeats`.
    standard: population weights indexed by `age_band`.
    per: unit of the answer; 100_000 is per 100,000 person-years.

    Returns one row per `area_code`: `events`, and `value`, `lower`, `upper`
    in units of `per`, all three NaN where events < MIN_EVENTS. Limits: see
    `weighted_limits`; none is below 0.
    Raises InputError where the grid has gaps or a count is unusable.

    >>> strata = pd.DataFrame({"area_code": "E1", "age_band": ["0-64", "65+"], "events": [10, 30]})
    >>> direct_rate(strata.assign(person_years=1_000), standard=pd.Series({"0-64": 3, "65+": 1})).round(0)
               events   value   lower   upper
    area_code
    E1           40.0  1500.0  1005.0  2127.0
    """
    _check_strata(strata, standard)
    area, count = strata["area_code"], strata["events"].astype(float)
    variance = strata.get("event_variance", count).astype(float)
    weight = strata["age_band"].map(standard / standard.sum()).astype(float) / strata["person_years"].astype(float)
    events = count.groupby(area).sum()
    value = (count * weight).groupby(area).sum()
    spread, repeats = (variance * weight**2).groupby(area).sum(), "event_variance" in strata
    low, high = weighted_limits(events, value, spread, confidence, repeats=repeats)
    rates = per * pd.DataFrame({"value": value, "lower": low, "upper": high})
    return pd.concat([events.rename("events"), rates.where(events >= MIN_EVENTS)], axis=1)


def weighted_limits(
    events: pd.Series, value: pd.Series, variance: pd.Series, confidence: float = 0.95, *, repeats: bool = False
) -> Limits:
    """Limits of weighted sums of counts, such as standardised rates; the lower one is never below 0.

    events: the unweighted sum. value: the sum of weight x count. variance: of
        `value`: the sum of weight squared x the count's variance, which is the
        count itself where events are independent. repeats: are they not?

    Dobson 1991, doi:10.1002/sim.4780100317: value + sqrt(variance / events) (Byar's limit - events). Its lower limit
    falls to 0 at 3 to 4 effective events (value squared / variance; at 95%), where a few people or a thin stratum
    carry the value. It is used above that number, and for repeat events, whose variance is itself known from a few
    people, above twice that. Else the limits are those of `byar` for the effective events, scaled to the value: as
    Fay and Feuer 1997 (gamma distribution with the value's mean and variance, Statistics in Medicine 16:791-801),
    but for the one event more of the upper limit, which weighs variance / value here and the largest weight there.
    Equal weights and independent events give `byar_limits` of the events by either formula.

    >>> one_person = weighted_limits(pd.Series([12]), pd.Series([12.0]), pd.Series([144.0]), repeats=True)
    >>> [limit.round(2).tolist() for limit in one_person]  # exact limits of one event, times twelve
    [[0.3], [66.86]]
    """
    number, total, spread = (column.to_numpy(float) for column in (events, value, variance))
    byars = byar_limits(number, confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.round(total**2 / spread, 9)  # ten events are ten, whatever their last bits
        dobson = [total + np.sqrt(spread / number) * (limit - number) for limit in byars]
        scaled = [total / effective * limit for limit in byar(pd.Series(effective), confidence)]
        zero_at = (number - byars[0]) ** 2 / number
    enough = effective > zero_at * (2 if repeats else 1)
    lower, upper = (np.where(enough, first, second) for first, second in zip(dobson, scaled, strict=True))
    return lower, upper


def variance_of_repeats(repeats: pd.DataFrame) -> pd.DataFrame:
    """Events and their variance where one person can have several.

    repeats: one row per `area_code` x `age_band` x `events_each`: `people`
        who had exactly that many events in the period.
    Returns one row per `area_code` x `age_band`: `events` = sum of people x
    events_each, `event_variance` = sum of people x events_each squared
    (people as Poisson counts), ready to join `person_years` for `direct_rate`.

    >>> repeats = pd.DataFrame({"area_code": "E1", "age_band": "65+", "events_each": [1, 2, 3], "people": [50, 10, 2]})
    >>> variance_of_repeats(repeats)
      area_code age_band  events  event_variance
    0        E1      65+    76.0           108.0
    """
    each = repeats["events_each"].astype(float)
    products = repeats[["area_code", "age_band"]].assign(
        events=repeats["people"] * each, event_variance=repeats["people"] * each**2
    )
    return products.groupby(["area_code", "age_band"], as_index=False, sort=False).sum()


def _check_strata(strata: pd.DataFrame, standard: pd.Series) -> None:
    grid = strata.groupby("area_code")["age_band"].agg(lambda bands: sorted(bands) == sorted(standard.index))
    if not grid.all():
        gaps = grid.index[~grid]
        raise InputError(
            f"{len(gaps)} of {len(grid)} areas lack one row for each of the {len(standard)} standard age bands "
            f"(first: {gaps[0]}). Add absent bands with events=0; merge repeated ones."
        )
    unusable = (strata["events"].isna() | (strata["events"] < 0) | ~(strata["person_years"] > 0)).astype(bool)
    if unusable.any():
        raise InputError(
            f"{unusable.sum()} of {len(strata)} strata have missing or negative events or no person-years "
            f"(first area: {strata.loc[unusable, 'area_code'].iloc[0]}). Merge thin age bands, or leave the area out."
        )


def _tail(confidence: float) -> float:
    if not 0.5 <= confidence < 1:
        raise InputError(f"confidence is {confidence}; it is the coverage of the interval, 0.5 to below 1 (0.95).")
    return (1 - confidence) / 2


def _z(confidence: float) -> float:
    return float(stats.norm.isf(_tail(confidence)))


def _counts(counts: pd.Series, name: str) -> np.ndarray:
    """Counts as floats, NaN where missing."""
    values = pd.Series(counts).astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    if (negative := values < 0).any():
        raise InputError(f"{negative.sum()} of {len(values)} values of {name} are negative. A count is 0 or more.")
    return values


def _frame(first: pd.Series, second: pd.Series, **columns: np.ndarray) -> pd.DataFrame:
    """The answer on the first input's index, nullable where either input is."""
    frame = pd.DataFrame(columns, index=pd.Series(first).index)
    nullable = any(isinstance(pd.Series(s).dtype, pd.api.extensions.ExtensionDtype) for s in (first, second))
    return frame.astype("Float64") if nullable else frame


PER = 1_000  # people: the unit of every crude rate here


def with_shares(shown: pd.DataFrame, *, of: str = "registered") -> pd.DataFrame:
    """Protected counts with `share`, `lower`, `upper`: people of `of`, with Wilson's 95% limits.

    >>> with_shares(pd.DataFrame({"people": [20], "registered": [100]})).round(3)
       people  registered  share  lower  upper
    0      20         100    0.2  0.133  0.289
    """
    limits = wilson(shown["people"], shown[of])
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
