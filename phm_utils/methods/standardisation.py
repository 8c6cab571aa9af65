"""Standardised rates: what each area's rate would be, had it the standard's age structure."""

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.methods.count_limits import MIN_EVENTS, weighted_limits
from phm_utils.methods.validation import Confidence, counts, has_columns, levels

STRATUM = ["area_code", "age_band"]


def direct_rate(
    strata: pd.DataFrame,
    standard: pd.Series,
    *,
    per: int = 100_000,
    confidence: Confidence = 0.95,
    min_events: int = MIN_EVENTS,
) -> pd.DataFrame:
    """Standardise event rates to one age structure.

    strata: one row per `area_code` x `age_band`: `events` (>= 0) and
        `person_years` (> 0). No events is a row of 0, never a missing row.
        Repeat events (admissions of the same people) are not independent:
        use `direct_rate_nonindependent`, or give `event_variance` too.
    standard: population weights indexed by `age_band`.
    per: unit of the answer; 100_000 is per 100,000 person-years.
    min_events: with fewer events value and limits are withheld. A line through several groups that was decided on by
        expected events takes 1: dropping the groups that had few by chance would bias it.

    Returns one row per `area_code`: `events`, and `value`, `lower`, `upper`
    in units of `per`, all three NaN where events < min_events. Limits: see
    `count_limits.weighted_limits`; none is below 0.
    Raises InputError where the grid has gaps or a count is unusable.

    >>> strata = pd.DataFrame({"area_code": "E1", "age_band": ["0-64", "65+"], "events": [10, 30]})
    >>> direct_rate(strata.assign(person_years=1_000), standard=pd.Series({"0-64": 3, "65+": 1})).round(0)
               events   value   lower   upper
    area_code
    E1           40.0  1500.0  1005.0  2127.0
    """
    repeats = "event_variance" in strata
    has_columns(strata, *STRATUM, "events", "person_years")
    weights = _weights(standard)
    area, areas, band = _grid(strata, weights)
    events, years = _stratum_counts(strata, "events"), _stratum_counts(strata, "person_years", above_zero=True)
    variance = _stratum_counts(strata, "event_variance") if repeats else events
    weight = weights.to_numpy()[band] / years

    def total(column: np.ndarray) -> pd.Series:
        return pd.Series(np.bincount(area, weights=column, minlength=len(areas)), index=areas)

    number, value, spread = total(events), total(events * weight), total(variance * weight**2)
    columns = {"value": value}
    for suffix, level in levels(confidence).items():
        lower, upper = weighted_limits(number, value, spread, level, repeats=repeats)
        columns |= {f"lower{suffix}": lower, f"upper{suffix}": upper}
    rates = per * pd.DataFrame(columns, index=areas)
    return pd.concat([number.rename("events"), rates.where(number >= min_events)], axis=1)


def direct_rate_nonindependent(
    repeats: pd.DataFrame,
    strata: pd.DataFrame,
    standard: pd.Series,
    *,
    per: int = 100_000,
    confidence: Confidence = 0.95,
    min_people: int = MIN_EVENTS,
) -> pd.DataFrame:
    """`direct_rate` of events of which one person can have several, with limits that allow for it.

    repeats: one row per `area_code` x `age_band` x `events_each`, as in `variance_of_repeats`.
    strata: one row per `area_code` x `age_band` with its `person_years`.
    min_people: a rate on the events of fewer is withheld, as on fewer than MIN_EVENTS events: one
        person's ten admissions are no rate. 1 withholds by events alone.

    Returns `direct_rate` with `people`, those who had an event.
    Raises InputError where people with events are in no stratum.

    >>> strata = pd.DataFrame({"area_code": "E1", "age_band": ["0-64", "65+"], "person_years": 1_000})
    >>> repeats = pd.DataFrame({"area_code": "E1", "age_band": "65+", "events_each": [1, 3], "people": [15, 5]})
    >>> direct_rate_nonindependent(repeats, strata, standard=pd.Series({"0-64": 3, "65+": 1})).round(0)
               people  events  value  lower   upper
    area_code
    E1           20.0    30.0  750.0  405.0  1204.0
    """
    sums = variance_of_repeats(repeats)
    both = strata[[*STRATUM, "person_years"]].merge(sums, how="outer", on=STRATUM, indicator=True)
    if (stray := both["_merge"] == "right_only").any():
        first = both.loc[stray, "area_code"].iloc[0]
        raise InputError(
            f"{stray.sum()} of {len(sums)} groups of people with events are in no stratum (first area: {first}). "
            "Give the person-years of every area and age band."
        )
    grid = both.drop(columns="_merge").fillna({"events": 0, "event_variance": 0, "people": 0})
    people = grid.groupby("area_code")["people"].sum()
    answer = direct_rate(grid, standard, per=per, confidence=confidence)
    rates = answer.drop(columns="events").where(people >= min_people)
    return pd.concat([people, answer["events"], rates], axis=1)


def expected_events(strata: pd.DataFrame, reference_rate: pd.Series) -> pd.Series:
    """Events each area would have at the reference's rates, by `area_code`.

    strata: one row per `area_code` x `age_band` with `person_years`.
    reference_rate: events per person-year by `age_band`.

    >>> strata = pd.DataFrame({"area_code": "E1", "age_band": ["0-64", "65+"], "person_years": [1_000, 500]})
    >>> expected_events(strata, pd.Series({"0-64": 0.01, "65+": 0.1})).to_dict()
    {'E1': 60.0}
    """
    has_columns(strata, *STRATUM, "person_years")
    rate = strata["age_band"].map(reference_rate)
    if rate.isna().any():
        bands = strata.loc[rate.isna(), "age_band"].unique()
        raise InputError(f"{len(bands)} age bands lack a reference rate (first: {bands[0]}). Use one set of bands.")
    rate = counts(rate, "reference_rate")
    # Where the reference had no event none is expected, however many people there are.
    years = _stratum_counts(strata.assign(person_years=strata["person_years"].mask(rate == 0, 0)), "person_years")
    return pd.Series(years * rate, index=strata.index).groupby(strata["area_code"]).sum()


def variance_of_repeats(repeats: pd.DataFrame) -> pd.DataFrame:
    """Events and their variance where one person can have several.

    repeats: one row per `area_code` x `age_band` x `events_each`: `people`
        who had exactly that many events in the period.
    Returns one row per `area_code` x `age_band`: `people`, `events` = sum of people x
    events_each, `event_variance` = sum of people x events_each squared
    (people as Poisson counts), ready to join `person_years` for `direct_rate`.

    >>> repeats = pd.DataFrame({"area_code": "E1", "age_band": "65+", "events_each": [1, 2, 3], "people": [50, 10, 2]})
    >>> variance_of_repeats(repeats)
      area_code age_band  people  events  event_variance
    0        E1      65+    62.0    76.0           108.0
    """
    has_columns(repeats, *STRATUM, "events_each", "people")
    each, people = (counts(repeats[name], name, missing=False) for name in ("events_each", "people"))
    products = repeats[STRATUM].assign(people=people, events=people * each, event_variance=people * each**2)
    return products.groupby(STRATUM, as_index=False, sort=False).sum()


def _weights(standard: pd.Series) -> pd.Series:
    if not standard.index.is_unique:
        raise InputError(f"{standard.index.duplicated().sum()} age bands of the standard repeat. Give each one weight.")
    weights = pd.Series(counts(standard, "standard", missing=False), index=standard.index)
    if not weights.sum() > 0:
        raise InputError("The weights of the standard sum to 0. Give the standard population of each age band.")
    return weights / weights.sum()


def _grid(strata: pd.DataFrame, weights: pd.Series) -> tuple[np.ndarray, pd.Index, np.ndarray]:
    """Each row's area number and age band number, once every area is known to have each band once."""
    area, areas = pd.factorize(strata["area_code"], sort=True)
    band = weights.index.get_indexer(pd.Index(strata["age_band"]))
    bands = len(weights)
    seen = np.bincount((area * bands + band)[(area >= 0) & (band >= 0)], minlength=len(areas) * bands)
    wrong = (seen.reshape(len(areas), bands) != 1).any(axis=1)
    wrong[area[(area >= 0) & (band < 0)]] = True
    if wrong.any():
        raise InputError(
            f"{wrong.sum()} of {len(areas)} areas lack one row for each of the {bands} standard age bands "
            f"(first: {areas[wrong][0]}). Add absent bands with events=0; merge repeated ones."
        )
    if unknown := int((area < 0).sum()):
        raise InputError(f"{unknown} of {len(strata)} strata have no area_code. Name their area, or leave them out.")
    return area, pd.Index(areas, name="area_code"), band


def _stratum_counts(strata: pd.DataFrame, name: str, *, above_zero: bool = False) -> np.ndarray:
    """A column of counts, none missing."""
    found = counts(strata[name], name)
    unusable = ~(found > 0) if above_zero else np.isnan(found)
    if unusable.any():
        rule = "no person-years" if above_zero else f"a missing {name}"
        raise InputError(
            f"{unusable.sum()} of {len(strata)} strata have {rule} "
            f"(first area: {strata['area_code'].to_numpy()[unusable][0]}). Merge thin age bands, or leave the area out."
        )
    return found
