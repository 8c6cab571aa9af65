"""Registered patients in the most deprived fifth of England."""

import pandas as pd
from matplotlib.figure import Figure

from phm_utils.absent import if_present
from phm_utils.figures import charts
from phm_utils.measures.usual_variation import daggers
from phm_utils.reports.comparisons import percent
from phm_utils.reports.findings import finding
from phm_utils.topics.published.comparisons import EVERYBODY

MIN_KNOWN = 0.75  # of a practice's patients: with fewer placed, those not placed could move it by a fifth and more
ENGLAND = 0.20  # of small areas, by definition of the most deprived fifth


@if_present
def units(practices: pd.DataFrame, whole_ics: bool) -> pd.DataFrame:
    """Deprivation of registered patients by practice, or by PCN for the whole ICB, largest Core20 share first.

    Returns `unit`, `patients`, `with_imd`, `known_share`, `core20`, `core20_share`, `imd_score`; the last two are of
    patients whose small area has an IMD 2019, and missing where these are fewer than MIN_KNOWN of all. A practice
    of another kind or that has changed carries a dagger.
    """
    keyed = practices.assign(
        unit=practices["pcn_name"] if whole_ics else practices["practice_name"] + daggers(practices["mark"]),
        weighed=practices["imd_score"] * practices["with_imd"].astype(float),
    )
    sums = keyed.groupby("unit", as_index=False)[["patients", "with_imd", "core20", "weighed"]].sum()
    sums["known_share"] = sums["with_imd"].astype(float) / sums["patients"].where(sums["patients"] > 0).astype(float)
    known = sums["with_imd"].astype(float).where(sums["known_share"] >= MIN_KNOWN)
    sums = sums.assign(core20_share=sums["core20"] / known, imd_score=sums["weighed"] / known)
    sums = sums.drop(columns="weighed").sort_values(["core20_share", "unit"], ascending=[False, True])
    return sums.reset_index(drop=True)


@if_present
def draw_core20(units: pd.DataFrame, everybody: pd.DataFrame) -> Figure:
    """Share of registered patients living in Core20 areas, by practice or PCN (`units`); of all practices as a line."""
    unit = "Share of registered patients living in Core20 areas"
    return charts.bars(
        units, "core20_share", "unit", percent=True, unit=unit, reference={"All practices": _core20(everybody)}
    )


@finding
def deprivation(units: pd.DataFrame, everyone: pd.DataFrame, kind: str, is_ics: bool) -> str:
    """Share of registered patients in the most deprived fifth of England, and in how many units it is above a fifth."""
    placed = units["with_imd"].sum() / units["patients"].sum()
    text = (
        f"{units['core20'].sum():,} of {units['with_imd'].sum():,} registered patients ({percent(_core20(units))}) "
        "live in the most deprived fifth of England (Core20, IMD 2019)"
    )
    text += "" if is_ics else f", against {percent(_core20(everyone))} over {EVERYBODY}"
    text += f"; {percent(float(placed))} of patients could be placed."
    shown, few = units.dropna(subset="core20_share"), int(units["core20_share"].isna().sum())
    if len(shown) > 1:
        above = int((shown["core20_share"] > ENGLAND).sum())
        verb = "has" if above <= 1 else "have"
        text += f" {above or 'None'} of {len(shown)} {kind}s {verb} more than the fifth that England has."
    if few:
        whose = "practice has no share: under" if few == 1 else "practices have no share: under"
        text += f" {few} {whose.replace('practice', kind)} {MIN_KNOWN:.0%} of the patients could be placed."
    return text


def _core20(units: pd.DataFrame) -> float:
    return float(units["core20"].sum() / units["with_imd"].sum())
