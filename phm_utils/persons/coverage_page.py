"""Days counted by source, values by unit and what is left out, for readers."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.comparisons import percent
from phm_utils.reports.findings import TOO_FEW, Level, finding
from phm_utils.tables import TABLES
from phm_utils.wording import in_sentence, joined, lacking

USED = {"as_recorded": "In its unit", "converted": "Converted", "without_unit": "Without a unit"}
NOT_USED = {"unit_refused": "Other unit, not used", "out_of_range": "Out of range, not used"}
MANY_LOST = 0.05  # of a concept's values, from which the finding names it


@if_present
def left_out(columns: pd.DataFrame) -> pd.DataFrame:
    """One row per table that is absent or too short, or field without values, and what is left out with it."""
    title = columns["table_name"].map(lacking)
    grouped = columns.assign(table=title).groupby("table", sort=True)["what"].agg("; ".join)
    return grouped.reset_index().rename(columns={"table": "Absent, too short or empty", "what": "Not known"})


@if_present
def windows(days: pd.DataFrame) -> pd.DataFrame:
    """The days over which each source is counted, as a table for readers."""
    return pd.DataFrame(
        {
            "Source": days["source"].map(lambda name: TABLES[name].title),
            "Last 12 months": days["from_date"] + " to " + days["to_date"],
            "The 12 before": days["prior_from"] + " to " + days["prior_to"],
        }
    )


@if_present
def values(counts: pd.DataFrame) -> pd.DataFrame:
    """One row per value concept, for readers: how many values, and what became of them."""
    shown = counts.assign(Value=counts["title"] + " (" + counts["unit"] + ")")
    names = {"Value": "Value", "entries": "Recorded"} | USED | NOT_USED
    return shown[list(names)].rename(columns=names)


@finding
def values_finding(counts: pd.DataFrame) -> tuple[str, Level] | str:
    """The share of values that are used, the concepts that lose MANY_LOST or more, and those left out."""
    if counts.empty:
        return "No GP entry has a value.", "limit"
    known = counts.dropna(subset="entries")
    total = int(known["entries"].sum())
    if not total:
        return TOO_FEW
    kinds = {kind: int(known[kind].fillna(0).sum()) for kind in (*USED, *NOT_USED)}
    used = sum(kinds[kind] for kind in USED)
    text = (
        f"{percent(used / total).capitalize()} of about {total:,} values are used: {kinds['as_recorded']:,} in their "
        f"concept's unit, {kinds['converted']:,} converted and {kinds['without_unit']:,} without a unit."
    )
    lost = known[list(NOT_USED)].fillna(0).sum(axis=1) / known["entries"].where(known["entries"] > 0)
    named = [
        f"{in_sentence(t)} ({percent(s)})"
        for t, s in zip(known["title"], lost.fillna(0), strict=True)
        if s >= MANY_LOST
    ]
    if named:
        text += f" Not used for their unit or size: {joined(named)}."
    if left := [in_sentence(title) for title in counts.loc[counts["left_out"], "title"]]:
        text += f" Most values of {joined(left)} cannot be used: nobody's is shown, and rules on it are left out."
    return text, "warning" if named or left else "finding"
