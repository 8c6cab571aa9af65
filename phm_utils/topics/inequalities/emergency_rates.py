"""Emergency admissions, standardised for age: by practice or network, and by deprivation.

One person can be admitted again and again, so admissions are not
independent: limits take their variance from how often each person was
admitted. Everybody registered at any time in the year counts, up to death or
leaving, with the days that they were registered.
"""

from functools import partial

import pandas as pd

from phm_utils.privacy.release import Release
from phm_utils.topics.inequalities.prevalence import QUINTILES
from phm_utils.topics.inequalities.standard import INDICES, esp2013, gradient, standardised

PER = 1_000  # person-years
COUNTS = ["person_years", "people", "events", "people_admitted", "died"]
ESTIMATES = dict.fromkeys(("value", "lower", "upper"), "events")


def emergency_releases(
    strata: pd.DataFrame, practices: pd.DataFrame, ics_code: str, confidence: float
) -> list[Release]:
    """Releases `emergency_areas`, `emergency_units`, `emergency_deprivation` and `emergency_gradient`.

    strata: `strata.emergency_strata` by practice and fifth of deprivation.
    """
    rows = strata.merge(practices, on="practice_code", suffixes=("_then", ""))
    areas = pd.concat([rows.assign(area_code=rows["pcn_code"]), rows.assign(area_code=ics_code)])
    inner = {"practice_code": "unit_code", "practice_name": "unit_name"}
    units = pd.concat(
        [
            rows.assign(area_code=rows["pcn_code"]).rename(columns=inner),
            rows.assign(area_code=ics_code).rename(columns={"pcn_code": "unit_code", "pcn_name": "unit_name"}),
        ]
    )
    rates = partial(_rates, confidence=confidence)
    fifths = rates(areas, ["area_code", "imd_quintile"])
    return [
        _release("emergency_areas", "Emergency admissions of each area", rates(areas, ["area_code"])),
        _release(
            "emergency_units",
            "Emergency admissions by practice in a network and by network in the ICS",
            rates(units, ["area_code", "unit_code", "unit_name"]),
        ),
        _release(
            "emergency_deprivation",
            "Emergency admissions by deprivation",
            fifths.assign(category=fifths["imd_quintile"].map(QUINTILES)),
        ),
        _gradient(fifths, confidence),
    ]


def _rates(rows: pd.DataFrame, keys: list[str], confidence: float) -> pd.DataFrame:
    """Counts of each group, whole person-years, and its rate standardised for age."""
    rates = standardised(rows, keys, esp2013(), per=PER, confidence=confidence).drop(columns="events")
    counts = rows.groupby(keys, as_index=False)[COUNTS].sum()
    counts["person_years"] = counts["person_years"].round()
    return counts.merge(rates, how="left", on=keys)


def _release(name: str, title: str, frame: pd.DataFrame) -> Release:
    keys = [c for c in frame if c not in (*COUNTS, *ESTIMATES)]
    return Release(
        name,
        f"{title}: counts, and the rate per {PER:,} people a year standardised for age",
        frame.rename(columns={"events": "admissions"}),
        keys=tuple(keys),
        counts=tuple("admissions" if c == "events" else c for c in COUNTS),
        estimates=dict.fromkeys(ESTIMATES, "admissions"),
        derive=_with_crude,
    )


def _with_crude(shown: pd.DataFrame) -> pd.DataFrame:
    """Crude rates from protected counts; without limits, which would need the unreleased strata."""
    time = shown["person_years"].astype("Float64")
    return shown.assign(crude=PER * shown["admissions"] / time.mask(time == 0))


def _gradient(fifths: pd.DataFrame, confidence: float) -> Release:
    rows = fifths[fifths["imd_quintile"] != "Not known"]
    rows = rows.assign(quantile=rows["imd_quintile"].astype(int), population=rows["person_years"])
    return Release(
        "emergency_gradient",
        f"Difference (per {PER:,} people a year) and ratio of emergency admissions, most over least deprived",
        gradient(rows, ["area_code"], confidence=confidence),
        estimates=dict.fromkeys(INDICES, "events"),
    )
