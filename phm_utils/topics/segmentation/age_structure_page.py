"""The age pyramid, and shares of children and older people."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.findings import TOO_FEW, finding


@if_present
def age_pyramid(ages: pd.DataFrame) -> pd.DataFrame:
    """Female and male shares of everybody registered, by age band."""
    return ages[ages["sex"].isin(["Female", "Male"])].reset_index(drop=True)


@finding
def age_mix(ages: pd.DataFrame) -> str:
    """Shares of children and of older people, for a PCN compared with the ICS's."""
    own = _young_and_old(ages, "people", "registered")
    if own is None:
        return TOO_FEW
    note = " at least, because small numbers are left out" if ages["people"].isna().any() else ""
    ics = _young_and_old(ages, "ics_people", "ics_registered") if "ics_people" in ages else None
    against = f"; in the ICS {ics[0]:.0%} and {ics[1]:.0%}" if ics else ""
    return f"{own[0]:.0%} of people are under 20 and {own[1]:.0%} are 65 or over{note}{against}."


def _young_and_old(ages: pd.DataFrame, people: str, registered: str) -> tuple[float, float] | None:
    bands = ages[ages[people].notna() & ages[registered].notna() & ages["age_band"].str[0].str.isdigit()]
    total = int(bands[registered].max()) if len(bands) else 0
    if not total:
        return None
    start = bands["age_band"].str.extract(r"(\d+)")[0].astype(int)
    young, old = (int(bands.loc[chosen, people].sum()) / total for chosen in (start < 20, start >= 65))
    return young, old
