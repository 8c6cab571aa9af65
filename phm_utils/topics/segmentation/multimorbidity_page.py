"""The age by which a given share of people has several conditions, by deprivation."""

from typing import Any

import numpy as np
import pandas as pd

from phm_utils.absent import if_present
from phm_utils.methods.burden import BEFORE, NEVER, age_reached
from phm_utils.reports.findings import TOO_FEW, finding
from phm_utils.rules.groups import LEAST_DEPRIVED, MOST_DEPRIVED
from phm_utils.topics.segmentation.multimorbidity import BANDS


@if_present
def burden_lines(frame: pd.DataFrame) -> pd.DataFrame:
    """`multimorbidity_age` with the middle of each band as `age`, people of unknown deprivation left to the table."""
    known = frame[frame["quintile"].str[0].str.isdigit()]
    return known.assign(age=known["band"].map(BANDS)).sort_values(["quintile", "age"], ignore_index=True)


@if_present
def burden_ages(lines: pd.DataFrame, burden: float) -> pd.DataFrame:
    """One row per fifth: the age at which the share with two or more conditions first reaches `burden`.

    Returns `quintile`, what `age_reached` gives, and `says`: the age and its
    range as text; in a PCN's report the same of the ICS, as `ics_*`.
    """
    frame = _ages(lines, burden)
    if "ics_share" not in lines:
        return frame
    columns = ["share", "lower", "upper"]
    whole = lines.drop(columns=columns).rename(columns={f"ics_{c}": c for c in columns})
    return frame.merge(
        _ages(whole, burden).add_prefix("ics_").rename(columns={"ics_quintile": "quintile"}), on="quintile"
    )


def _ages(lines: pd.DataFrame, burden: float) -> pd.DataFrame:
    rows = [{"quintile": q, **age_reached(part, burden)} for q, part in lines.groupby("quintile", sort=True)]
    frame = pd.DataFrame(rows, columns=["quintile", "age", "earliest", "latest", "first", "last"])
    return frame.assign(says=[_age_in_words(r) for r in frame.itertuples()])


def _age_in_words(row: Any) -> str:
    if np.isnan(row.age):
        return "numbers are too small to say"
    never = "not reached" if row.last == max(BANDS.values()) else f"not reached by {row.last:.0f}"
    before = f"before {row.first:.0f}"
    if row.age == NEVER:
        return never
    if row.age == BEFORE:
        return before
    low = before if row.earliest == BEFORE else f"{row.earliest:.0f}"
    high = never if row.latest == NEVER else f"{row.latest:.0f}"
    return f"{row.age:.0f} ({low} to {high})"


@if_present
def burden_table(ages: pd.DataFrame) -> pd.DataFrame:
    """The ages of `burden_ages` in words, one row per fifth."""
    return ages[[c for c in ("quintile", "says", "ics_says") if c in ages]]


@finding
def burden_gap(ages: pd.DataFrame, burden: float) -> str:
    """How much earlier the most deprived fifth reaches the burden than the least, for a PCN also in the ICS."""
    at = ages.set_index("quintile")
    reached = f"{burden:.0%} have two or more conditions"
    ends = [MOST_DEPRIVED, LEAST_DEPRIVED]
    if not set(ends) <= set(at.index) or at.loc[ends, "age"].isna().any():
        return TOO_FEW
    most, least = at.loc[MOST_DEPRIVED], at.loc[LEAST_DEPRIVED]
    against = f" In the ICS: {_ends(at, 'ics_')}." if "ics_age" in ages else ""
    if np.isfinite(most["age"]) and np.isfinite(least["age"]):
        beyond = most["latest"] < least["earliest"] or least["latest"] < most["earliest"]
        apart = _gap(most["age"], least["age"]) if beyond else "the ranges overlap, so they cannot be told apart"
        return (
            f"In the most deprived fifth {reached} at age {most['says']}, in the least deprived at "
            f"{least['says']}: {apart}.{against}"
        )
    return f"The age at which {reached}: {_ends(at)}.{against}"


def _ends(at: pd.DataFrame, of: str = "") -> str:
    """The ages of the two fifths with their ranges, in words."""
    most, least = (at[f"{of}says"].get(q, "numbers are too small to say") for q in (MOST_DEPRIVED, LEAST_DEPRIVED))
    return f"most deprived fifth {most}, least deprived {least}"


def _gap(most: float, least: float) -> str:
    """Years between the two fifths, in words."""
    years = least - most
    return f"{abs(years):.0f} {'year' if round(abs(years)) == 1 else 'years'} {'earlier' if years > 0 else 'later'}"
