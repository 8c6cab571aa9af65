"""Events by month around enrolment."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.findings import finding
from phm_utils.topics.evaluation.programme_page import Evaluation


@if_present
def trend_rows(of: Evaluation) -> pd.DataFrame:
    """The trend with its groups in the order of the legend."""
    return of.trend[["month", "people_group", "rate"]].sort_values(
        ["people_group", "month"], key=lambda c: c.ne("Enrolled") if c.name == "people_group" else c
    )


@finding
def trend(of: Evaluation) -> str:
    """The first and last rate of each line, as alternative text."""
    parts = []
    for group, rows in of.trend.dropna(subset="rate").groupby("people_group", sort=True):
        rate = rows.set_index("month")["rate"].sort_index()
        parts.append(f"{group}: {rate.iloc[0]:.2f} in month {rate.index[0]}, {rate.iloc[-1]:.2f} in {rate.index[-1]}")
    return "Attendances per person and month. " + "; ".join(parts) + "."
