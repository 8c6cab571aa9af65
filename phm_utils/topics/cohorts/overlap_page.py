"""Members of several cohorts, and of programmes: who would be met twice."""

from collections.abc import Mapping

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.reports.comparisons import percent
from phm_utils.reports.findings import finding
from phm_utils.topics.cohorts.cohort_releases import NEEDS

TURNED = {"cohort": "other", "other": "cohort", "in_cohort": "in_other", "in_other": "in_cohort"}
MOST = 3  # other cohorts named for each


@if_present
def shared(pairs: pd.DataFrame, chosen: Mapping[str, Cohort], cohorts: Mapping[str, Cohort]) -> pd.DataFrame | Absent:
    """One row per chosen cohort and other cohort: the share of the first's members who are in the second."""
    turned = pairs.rename(
        columns={"cohort": "other", "other": "cohort", "in_cohort": "in_other", "in_other": "in_cohort"}
    )
    both = pd.concat([pairs, turned], ignore_index=True)
    both = both[both["cohort"].isin(list(chosen)) & both["other"].isin(list(cohorts))]
    if both.empty:
        return Absent("People in several cohorts", NEEDS)
    both = both.assign(
        short=both["cohort"].map(lambda name: chosen[name].short),
        also=both["other"].map(lambda name: cohorts[name].short),
        share=(both["people"] / both["in_cohort"].where(both["in_cohort"] > 0)).clip(upper=1),
    )
    order = {name: place for place, name in enumerate(chosen)}
    return both.sort_values(["cohort", "other"], key=lambda c: c.map(order) if c.name == "cohort" else c).reset_index(
        drop=True
    )


@finding("detail")
def shared_said(frame: pd.DataFrame) -> list[str]:
    """For each chosen cohort the other cohorts with the largest shares of its members."""
    parts = []
    for short, rows in frame.groupby("short", sort=False):
        known = rows[rows["people"].notna() & (rows["share"] > 0)].sort_values(
            ["share", "also"], ascending=[False, True], kind="stable"
        )
        listed = "; ".join(
            f"{row.also} {percent(row.share)} ({int(row.people):,})" for row in known.head(MOST).itertuples()
        )
        parts.append(f"{short}: {listed}." if listed else f"{short}: too few with any other to show.")
    return parts


@finding("detail")
def programmes_said(frame: pd.DataFrame) -> str:
    """For each cohort how many of its members were ever in each programme."""
    parts = []
    for short, rows in frame.groupby("short", sort=False):
        listed = "; ".join(
            f"{row.programme.replace('_', ' ')} {int(row.people):,} ({percent(row.share)})"
            for row in rows.itertuples()
            if pd.notna(row.people) and row.people > 0
        )
        parts.append(f"{short}: {listed}" if listed else f"{short}: none, or too few to show")
    return f"Members ever enrolled in a programme. {'. '.join(parts)}."
