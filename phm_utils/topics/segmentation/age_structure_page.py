"""The age pyramid, and what it says of children and older people."""

import pandas as pd

from phm_utils.reports.findings import TOO_FEW, finding
from phm_utils.reports.reading import ICS


def age_pyramid(mine: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """Female and male shares of everybody registered, by age band, with the ICS's share as a column of its own."""
    keys = ["age_band", "sex"]
    frame = mine.merge(whole[[*keys, "share"]].rename(columns={"share": ICS}), on=keys)
    return frame[frame["sex"].isin(["Female", "Male"])].sort_values("place", ignore_index=True)


@finding
def age_mix(ages: pd.DataFrame, whole: pd.DataFrame | None = None) -> str:
    """Shares of children and of older people; `whole`, the ICS's rows, to compare a PCN with."""
    own = _young_and_old(ages)
    if own is None:
        return TOO_FEW
    note = " at least, because small numbers are left out" if ages["people"].isna().any() else ""
    ics = None if whole is None else _young_and_old(whole)
    against = f"; in the ICS {ics[0]:.0%} and {ics[1]:.0%}" if ics else ""
    return f"{own[0]:.0%} of people are under 20 and {own[1]:.0%} are 65 or over{note}{against}."


def _young_and_old(ages: pd.DataFrame) -> tuple[float, float] | None:
    bands = ages[ages["people"].notna() & ages["registered"].notna() & ages["age_band"].str[0].str.isdigit()]
    total = int(bands["registered"].max()) if len(bands) else 0
    if not total:
        return None
    start = bands["age_band"].str.extract(r"(\d+)")[0].astype(int)
    young, old = (int(bands.loc[chosen, "people"].sum()) / total for chosen in (start < 20, start >= 65))
    return young, old
