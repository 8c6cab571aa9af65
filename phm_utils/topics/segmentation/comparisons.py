"""A PCN's shares beside the whole ICS's, and shares listed in their declared order: what the pages have in common."""

from collections.abc import Callable

import pandas as pd

from phm_utils.methods.comparisons import shares_against
from phm_utils.reports.comparisons import Form, percent
from phm_utils.topics.segmentation.segment_groups import RATE
from phm_utils.wording import joined

WHOLE_ICS = "the whole ICS"  # which contains the PCN
NOT_FOR_AGE = "Not adjusted for age."


def beside_ics(rows: pd.DataFrame, unit: Callable[[pd.Series], str], rate: float = RATE) -> pd.DataFrame:
    """A PCN's rows as `reports.comparisons` takes them: one family, each share against the ICS's of the same row.

    rows: `people`, `registered` (that they are a share of) and `ics_share`; missing where suppressed. unit: the name
        of a row in a sentence. rate: of false names; of a figure that names what differs, the page's for each family.
    """
    rows = rows.reset_index(drop=True)
    found = shares_against(rows["people"], rows["registered"], rows["ics_share"].astype("Float64"), rate=rate)
    names = [unit(row) for _, row in rows.iterrows()]
    return rows.drop(columns=found.columns, errors="ignore").assign(
        unit=pd.Series(names, dtype="str"), events=rows["people"], **found
    )


def in_order(rows: pd.DataFrame, label: str, *values: str, form: Form = percent) -> str:
    """Rows in their own order, each with its values; one that is suppressed is said to be too small to show."""
    words = [
        f"{row[label]} " + " and ".join(form(float(row[v])) if pd.notna(row[v]) else "too few to show" for v in values)
        for _, row in rows.iterrows()
    ]
    return joined(words)
