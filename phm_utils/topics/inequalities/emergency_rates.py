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
from phm_utils.measures.usual_variation import NO_CAUTIONS, WHY, against_others, usual_columns, with_why
from phm_utils.methods.count_limits import MIN_EVENTS
from phm_utils.privacy.relations import AcrossAreas, AcrossUnits, AtMost, Relation
from phm_utils.privacy.release import AREA, Column, Release, aggregate, count, counts, derived, estimate, keys
from phm_utils.topics.inequalities.gap_parts import GAP_PARTS, gap_parts_model
from phm_utils.topics.inequalities.prevalence import QUINTILES
from phm_utils.topics.inequalities.standard import INDICES, RATE, esp2013, expected, gradient, standardised

PER = 1_000  # person-years
COUNTS = ["person_years", "people", "events", "expected", "people_admitted", "died"]
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
    more: tuple[Column, ...] = (),
) -> Release:
    """A release of admissions by what `about` names; more: further columns."""
    columns: tuple[Column, ...] = (
        *(AREA, *keys(*about), count("person_years", "years"), *counts("people")),
        count("admissions", "events", people="people_admitted"),
        *(count("people_admitted"), count("died", optional=True)),
        *(estimate(part, "admissions", people="people_admitted") for part in ("value", "lower", "upper")),
        *(*more, derived("crude")),
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
    *("unit_code", "unit_name", WHY.name),
    relations=(AcrossUnits(PEOPLE_COUNTED), *ADMITTED),
    more=usual_columns("admissions", people="people_admitted"),
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
RELEASES = (AREAS, UNITS, DEPRIVATION, GRADIENT, GAP_PARTS)


def emergency_models(
    strata: pd.DataFrame,
    practices: pd.DataFrame,
    ics_code: str,
    confidence: float,
    missing: Collection[str] = (),
    *,
    cautions: pd.Series = NO_CAUTIONS,
) -> Iterator[Model]:
    """True figures of `RELEASES`. strata: `strata.emergency_strata` by practice and fifth of deprivation.

    missing: columns that are null throughout: without `imd_quintile` there is no deprivation, without `died` nobody
    is counted as dead. cautions: `why` by code, of practices that are not compared.
    """
    strata = strata.drop(columns=[name for name in ("died",) if name in missing])
    strata = strata.assign(expected=expected(strata, ["age_band"]))
    rows = strata.merge(practices, on="practice_code", suffixes=("_then", ""))
    areas = pd.concat([rows.assign(area_code=rows["pcn_code"]), rows.assign(area_code=ics_code)])
    inner = {"practice_code": "unit_code", "practice_name": "unit_name"}
    outer = {"pcn_code": "unit_code", "pcn_name": "unit_name"}
    of_practices = rows.assign(area_code=rows["pcn_code"]).rename(columns=inner)
    units = pd.concat([of_practices, rows.assign(area_code=ics_code).rename(columns=outer)])
    yield aggregate(AREAS, _rates(areas, ["area_code"], confidence))
    yield aggregate(UNITS, _units(units, areas, ics_code, confidence, cautions))
    if "imd_quintile" in missing:
        return
    fifths = _rates(areas, ["area_code", "imd_quintile"], confidence)
    yield aggregate(DEPRIVATION, fifths.assign(category=fifths["imd_quintile"].map(QUINTILES)))
    yield aggregate(GRADIENT, _gradient(areas, confidence))
    yield gap_parts_model(rows, confidence, per=PER)


def _units(
    units: pd.DataFrame, areas: pd.DataFrame, ics_code: str, confidence: float, cautions: pd.Series
) -> pd.DataFrame:
    """Rates of practices and networks, and what the others predict for each.

    An admission of somebody admitted often says less than one of somebody else: counts
    are divided by what repeats add to the variance, so that chance is what Poisson counts have.
    """
    rates = _rates(units, ["area_code", "unit_code", "unit_name"], confidence)
    whole = areas[areas["area_code"] == ics_code]
    repeats = whole["event_variance"].sum() / max(whole["events"].sum(), 1)
    ics_rate = _rates(whole, ["area_code"], confidence)["value"].iloc[0]
    effective = with_why(rates, cautions, ics_code).assign(
        events=rates["admissions"] / repeats, sizes=rates["expected"] / repeats
    )
    found = against_others(effective, ics_code, "events", "sizes", kind="ratio", scale=ics_rate, rate=RATE)
    return found.drop(columns=["events", "sizes"])


def _rates(rows: pd.DataFrame, keys: list[str], confidence: float, min_events: int = MIN_EVENTS) -> pd.DataFrame:
    """Counts of each group, whole person-years, and its rate standardised for age."""
    rates = standardised(rows, keys, esp2013(), per=PER, confidence=confidence, min_events=min_events)
    rates = rates.drop(columns="events")
    sums = rows.groupby(keys, as_index=False)[[name for name in COUNTS if name in rows]].sum()
    sums["person_years"] = sums["person_years"].round()
    return sums.merge(rates, how="left", on=keys).rename(columns={"events": "admissions"})


def _gradient(areas: pd.DataFrame, confidence: float) -> pd.DataFrame:
    known = areas[areas["imd_quintile"] != "Not known"]
    rows = _rates(known, ["area_code", "imd_quintile"], confidence, min_events=1)
    rows = rows.rename(columns={"admissions": "events"})
    rows = rows.assign(quantile=rows["imd_quintile"].astype(int), population=rows["person_years"])
    return gradient(rows, ["area_code"], confidence=confidence)
