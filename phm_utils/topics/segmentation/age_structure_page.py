"""The age pyramid, and shares of children and older people."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.methods.discovery import RATE as ALONE
from phm_utils.reports.comparisons import Family, percent
from phm_utils.reports.findings import TOO_FEW, finding
from phm_utils.topics.segmentation.comparisons import WHOLE_ICS, beside_ics


@if_present
def age_pyramid(ages: pd.DataFrame) -> pd.DataFrame:
    """Female and male shares of everybody registered, by age band."""
    return ages[ages["sex"].isin(["Female", "Male"])].reset_index(drop=True)


@finding
def age_mix(ages: pd.DataFrame) -> str:
    """Shares of children and of older people, for a PCN compared with the ICS's where no number is suppressed."""
    own = _young_and_old(ages, "people", "registered")
    if own is None:
        return TOO_FEW
    ics = _young_and_old(ages, "ics_people", "ics_registered") if "ics_people" in ages else None
    said = " and ".join(f"{percent(row.people / row.registered)} are {row.unit}" for row in own.itertuples())
    if ages["people"].isna().any():
        text = f"Of everybody registered at least {said}: small numbers are left out."
        return text if ics is None else f"{text} In the ICS {' and '.join(map(percent, ics['share']))}: not compared."
    if ics is None:
        return f"Of everybody registered {said}."
    judged = beside_ics(own.assign(ics_share=ics["share"]), lambda row: row["unit"].capitalize(), ALONE)
    words = Family("of everybody registered", "age", "ages", WHOLE_ICS, percent, counted="people")
    return " ".join(words.own(row) for _, row in judged.iterrows())


def _young_and_old(ages: pd.DataFrame, people: str, registered: str) -> pd.DataFrame | None:
    """People under 20 and people of 65 and over: `unit`, `people`, `registered`, `share`; None if nobody is shown."""
    bands = ages[ages[people].notna() & ages[registered].notna() & ages["age_band"].str[0].str.isdigit()]
    total = int(bands[registered].max()) if len(bands) else 0
    if not total:
        return None
    start = bands["age_band"].str.extract(r"(\d+)")[0].astype(int)
    chosen = {"under 20": start < 20, "65 or over": start >= 65}
    rows = [(unit, int(bands.loc[those, people].sum()), total) for unit, those in chosen.items()]
    frame = pd.DataFrame(rows, columns=["unit", "people", "registered"])
    return frame.assign(share=frame["people"] / frame["registered"])
