"""Emergency admissions, standardised for age: by practice or network, and by deprivation.

One person can be admitted again and again, so admissions are not
independent: limits use the variance of each person's number of
admissions, and a rate needs enough people who were admitted. Everybody
registered at any time in the year counts, up to death or leaving, with the
days that they were registered.
"""

from collections.abc import Collection, Iterator

import pandas as pd

from phm_utils.engine import Model
from phm_utils.privacy.relations import AcrossAreas, AcrossUnits, AtMost, Relation
from phm_utils.privacy.release import AREA, Column, Release, aggregate, count, counts, derived, estimate, keys
from phm_utils.topics.inequalities.prevalence import QUINTILES
from phm_utils.topics.inequalities.standard import INDICES, esp2013, gradient, standardised

PER = 1_000  # person-years
COUNTS = ["person_years", "people", "events", "people_admitted", "died"]
YEAR = "a year of admitted patient care"
RESTS_ON = ("emergency_admissions_12m", "age")


def _with_crude(shown: pd.DataFrame) -> pd.DataFrame:
    """Crude rates from protected counts; without limits, which would need the unreleased strata."""
    time = shown["person_years"].astype("Float64")
    return shown.assign(crude=PER * shown["admissions"] / time.mask(time == 0))


def _rate_release(
    name: str,
    title: str,
    *about: str,
    part: str = "Emergency admissions",
    rests_on: tuple[str, ...] = RESTS_ON,
    relations: tuple[Relation, ...],
) -> Release:
    """A release of admissions by what `about` names."""
    columns: tuple[Column, ...] = (
        *(AREA, *keys(*about), count("person_years", "years"), *counts("people")),
        count("admissions", "events", people="people_admitted"),
        *(count("people_admitted"), count("died", optional=True)),
        *(estimate(part, "admissions", people="people_admitted") for part in ("value", "lower", "upper")),
        derived("crude"),
    )
    words = f"{title}: counts, and the rate per {PER:,} people a year standardised for age"
    return Release(name, words, columns, relations, _with_crude, part=part, needs=YEAR, rests_on=rests_on)


PEOPLE_COUNTED = ("people", "admissions", "people_admitted", "died")
ADMITTED = (AtMost("people_admitted", "people"), AtMost("people_admitted", "admissions"), AtMost("died", "people"))
AREAS = _rate_release(
    "emergency_areas", "Emergency admissions of each area", relations=(AcrossAreas(PEOPLE_COUNTED), *ADMITTED)
)
UNITS = _rate_release(
    "emergency_units",
    "Emergency admissions by practice in a network and by network in the ICS",
    *("unit_code", "unit_name"),
    relations=(AcrossUnits(PEOPLE_COUNTED), *ADMITTED),
)
DEPRIVATION = _rate_release(
    "emergency_deprivation",
    "Emergency admissions by deprivation",
    *("imd_quintile", "category"),
    part="Emergency admissions by deprivation",
    rests_on=(*RESTS_ON, "imd_quintile"),
    relations=(AcrossAreas(PEOPLE_COUNTED), *ADMITTED),
)
GRADIENT = Release(
    "emergency_gradient",
    f"Difference (per {PER:,} people a year) and ratio of emergency admissions, most over least deprived",
    (AREA, *(estimate(name, "events", people="people_admitted") for name in INDICES)),
    part="The gradient of admissions",
    needs=YEAR,
    rests_on=(*RESTS_ON, "imd_quintile"),
)
RELEASES = (AREAS, UNITS, DEPRIVATION, GRADIENT)


def emergency_models(
    strata: pd.DataFrame, practices: pd.DataFrame, ics_code: str, confidence: float, missing: Collection[str] = ()
) -> Iterator[Model]:
    """True figures of `RELEASES`. strata: `strata.emergency_strata` by practice and fifth of deprivation.

    missing: columns that are null throughout: without `imd_quintile` there is no deprivation, without `died` nobody
    is counted as dead.
    """
    strata = strata.drop(columns=[name for name in ("died",) if name in missing])
    rows = strata.merge(practices, on="practice_code", suffixes=("_then", ""))
    areas = pd.concat([rows.assign(area_code=rows["pcn_code"]), rows.assign(area_code=ics_code)])
    inner = {"practice_code": "unit_code", "practice_name": "unit_name"}
    outer = {"pcn_code": "unit_code", "pcn_name": "unit_name"}
    of_practices = rows.assign(area_code=rows["pcn_code"]).rename(columns=inner)
    units = pd.concat([of_practices, rows.assign(area_code=ics_code).rename(columns=outer)])
    yield aggregate(AREAS, _rates(areas, ["area_code"], confidence))
    yield aggregate(UNITS, _rates(units, ["area_code", "unit_code", "unit_name"], confidence))
    if "imd_quintile" in missing:
        return
    fifths = _rates(areas, ["area_code", "imd_quintile"], confidence)
    yield aggregate(DEPRIVATION, fifths.assign(category=fifths["imd_quintile"].map(QUINTILES)))
    yield aggregate(GRADIENT, _gradient(fifths, confidence))


def _rates(rows: pd.DataFrame, keys: list[str], confidence: float) -> pd.DataFrame:
    """Counts of each group, whole person-years, and its rate standardised for age."""
    rates = standardised(rows, keys, esp2013(), per=PER, confidence=confidence).drop(columns="events")
    sums = rows.groupby(keys, as_index=False)[[name for name in COUNTS if name in rows]].sum()
    sums["person_years"] = sums["person_years"].round()
    return sums.merge(rates, how="left", on=keys).rename(columns={"events": "admissions"})


def _gradient(fifths: pd.DataFrame, confidence: float) -> pd.DataFrame:
    rows = fifths[fifths["imd_quintile"] != "Not known"].rename(columns={"admissions": "events"})
    rows = rows.assign(quantile=rows["imd_quintile"].astype(int), population=rows["person_years"])
    return gradient(rows, ["area_code"], confidence=confidence)
