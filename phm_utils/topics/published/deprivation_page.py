"""Registered patients in the most deprived fifth of England."""

import pandas as pd
from matplotlib.figure import Figure

from phm_utils.absent import if_present
from phm_utils.figures import charts
from phm_utils.reports.findings import finding


@if_present
def units(practices: pd.DataFrame, whole_ics: bool) -> pd.DataFrame:
    """Deprivation of registered patients by practice, or by PCN for the whole ICB, largest Core20 share first.

    Returns `unit`, `patients`, `with_imd`, `core20`, `core20_share`, `imd_score`.
    """
    keyed = practices.assign(
        unit=practices["pcn_name" if whole_ics else "practice_name"],
        weighed=practices["imd_score"] * practices["with_imd"].astype(float),
    )
    sums = keyed.groupby("unit", as_index=False)[["patients", "with_imd", "core20", "weighed"]].sum()
    known = sums["with_imd"].astype(float).where(sums["with_imd"] > 0)
    sums = sums.assign(core20_share=sums["core20"] / known, imd_score=sums["weighed"] / known)
    return (
        sums.drop(columns="weighed")
        .sort_values(["core20_share", "unit"], ascending=[False, True])
        .reset_index(drop=True)
    )


@if_present
def draw_core20(units: pd.DataFrame, ics_share: float) -> Figure:
    """Share of registered patients living in Core20 areas, by practice or PCN (`units`)."""
    unit = "Share of registered patients living in Core20 areas"
    return charts.bars(units, "core20_share", "unit", percent=True, unit=unit, reference={"ICB": ics_share})


@finding
def deprivation(units: pd.DataFrame, everyone: pd.DataFrame, kind: str, is_ics: bool) -> str:
    """Share of registered patients in the most deprived fifth of England, and how units differ."""
    own = _core20(units)
    text = (
        f"{units['core20'].sum():,} of {units['with_imd'].sum():,} registered patients ({own:.1%}) live in the most "
        "deprived fifth of England (Core20, IMD 2019)"
    )
    text += "." if is_ics else f", against {_core20(everyone):.1%} in the ICB."
    if len(units) == 1:
        return text
    ordered = units.dropna(subset="core20_share").sort_values("core20_share")
    low, high = ordered.iloc[0], ordered.iloc[-1]
    return text + (
        f" By {kind} from {low['core20_share']:.1%} ({low['unit']}) to {high['core20_share']:.1%} ({high['unit']})."
    )


def _core20(units: pd.DataFrame) -> float:
    return float(units["core20"].sum() / units["with_imd"].sum())
