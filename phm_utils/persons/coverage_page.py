"""Days counted by source and what is left out, for readers."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.words import lacking
from phm_utils.tables import TABLES


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
