"""Why two rates differ: their age structures, their deprivation, and the rest."""

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.methods.validation import counts, has_columns, z_value

PARTS = ("age", "deprivation", "rest")


def gap_parts(
    first: pd.DataFrame, second: pd.DataFrame, *, per: float = 1_000, confidence: float = 0.95
) -> pd.DataFrame:
    """The gap between two crude rates (first minus second) in parts that add up to it.

    first, second: of either place, one row per `age_band` x `deprivation`: `events` and
        `person_years`, and `event_variance` where one person can have several events (`rates.variance_of_repeats`);
        a stratum that one place lacks has no people there.

    Returns one row each for `gap`, `age`, `deprivation` and `rest`: `value`, `lower`, `upper` in units of `per`. Age:
    what the places' age structures make of it, at rates and deprivation midway between the two; likewise deprivation.
    Rest: the difference of rates within the same age and deprivation, which is what care, need or
    recording may explain. Limits are normal, of Poisson events or people; people count as known. A stratum that one
    place lacks takes the other's rate, so it adds to structure and not to the rest.
    Raises InputError where a place has nobody or strata repeat.
    Source: Das Gupta 1993, Standardization and Decomposition of Rates, US Bureau of the Census P23-186, chapter 5.

    >>> strata = pd.DataFrame({"age_band": ["0-64", "65+"], "deprivation": 1, "person_years": [800, 200]})
    >>> older = strata.assign(person_years=[600, 400], events=[6, 40])
    >>> gap_parts(older, strata.assign(events=[8, 20]))["value"].round(1).abs().to_dict()
    {'gap': 18.0, 'age': 18.0, 'deprivation': 0.0, 'rest': 0.0}
    """
    strata = _strata(first, second)
    years = strata[["years_first", "years_second"]].to_numpy().T
    events = strata[["events_first", "events_second"]].to_numpy().T
    variance = strata[["variance_first", "variance_second"]].to_numpy().T
    share = years / years.sum(axis=1, keepdims=True)
    by_age, by_deprivation = _structures(share, strata.index)
    age = (by_age[0] - by_age[1]) * by_deprivation.mean(axis=0)
    deprivation = (by_deprivation[0] - by_deprivation[1]) * by_age.mean(axis=0)
    # Every part is a weighted sum of the two places' rates: a structure counts at the mean of both rates, and
    # the difference of rates at the mean of both structures.
    half, middle = np.array([[0.5], [0.5]]), share.mean(axis=0)
    weights = {"age": half * age, "deprivation": half * deprivation, "rest": np.array([middle, -middle])}
    on_rate = {"gap": sum(weights.values()), **weights}
    return pd.DataFrame(
        {
            name: _sum(_on_own_rates(weight, years), years, events, variance, per, confidence)
            for name, weight in on_rate.items()
        },
        index=["value", "lower", "upper"],
    ).T


def _structures(share: np.ndarray, index: pd.MultiIndex) -> tuple[np.ndarray, np.ndarray]:
    """Each stratum's share of people as a factor of age and a factor of deprivation, whose product it is."""
    frame = pd.DataFrame(share.T, index=index)
    in_age = frame.groupby(level="age_band").transform("sum").to_numpy().T
    in_deprivation = frame.groupby(level="deprivation").transform("sum").to_numpy().T
    with np.errstate(divide="ignore", invalid="ignore"):
        by_age = np.sqrt(np.where(in_deprivation > 0, share / in_deprivation, 0) * in_age)
        by_deprivation = np.sqrt(np.where(in_age > 0, share / in_age, 0) * in_deprivation)
    return by_age, by_deprivation


def _on_own_rates(weight: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Weights of two rates; where one place has nobody the other's rate stands for both."""
    absent = years == 0
    return np.where(absent, 0, weight + np.where(absent[::-1], weight[::-1], 0))


def _sum(
    weight: np.ndarray, years: np.ndarray, events: np.ndarray, variance: np.ndarray, per: float, confidence: float
) -> list[float]:
    """A weighted sum of rates with its limits."""
    scaled = np.where(years > 0, weight / np.where(years > 0, years, 1), 0) * per
    value, reach = (scaled * events).sum(), z_value(confidence) * np.sqrt((scaled**2 * variance).sum())
    return [float(value), float(value - reach), float(value + reach)]


def _strata(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Both places' events and person-years by age band and deprivation."""
    parts = []
    for name, table in (("first", first), ("second", second)):
        has_columns(table, "age_band", "deprivation", "events", "person_years")
        keys = pd.MultiIndex.from_frame(table[["age_band", "deprivation"]])
        if repeated := int(keys.duplicated().sum()):
            raise InputError(f"{repeated} of {len(keys)} strata of the {name} place repeat another. Add them up.")
        table = table if "event_variance" in table else table.assign(event_variance=table["events"])
        columns = {short: counts(table[long], long, missing=False) for short, long in SHORT.items()}
        part = pd.DataFrame({f"{short}_{name}": column for short, column in columns.items()}, index=keys)
        years, events = part[f"years_{name}"], part[f"events_{name}"]
        if not years.sum() > 0 or (events[years == 0] > 0).any():
            raise InputError(f"The {name} place has no person-years, or events without any. Check its strata.")
        parts.append(part)
    both = pd.concat(parts, axis=1).fillna(0)
    return both[(both["years_first"] > 0) | (both["years_second"] > 0)].sort_index()


SHORT = {"years": "person_years", "events": "events", "variance": "event_variance"}
