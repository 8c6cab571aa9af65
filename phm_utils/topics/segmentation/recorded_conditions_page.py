"""The most frequent long-term conditions, and those recorded more or less than in the ICS."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.findings import TOO_FEW, beyond_chance, finding, furthest, shown
from phm_utils.wording import in_sentence


@if_present
def leading_conditions(conditions: pd.DataFrame, count: int = 12) -> pd.DataFrame:
    """The rows of the ICS's most frequent conditions, most frequent first."""
    by = "ics_share" if "ics_share" in conditions else "share"
    return conditions.sort_values(by, ascending=False, kind="stable").head(count).reset_index(drop=True)


@finding
def condition_gap(conditions: pd.DataFrame) -> str:
    """The conditions recorded more, and less, than in the ICS, beyond chance; for the ICS, the most frequent."""
    if "ics_share" not in conditions:
        top = shown(conditions, "share").nlargest(3, "share")
        parts = [f"{in_sentence(r.condition)} {r.share:.1%}" for r in top.itertuples()]
        return f"Most often recorded: {', '.join(parts)}." if parts else TOO_FEW
    known = shown(shown(conditions, "share"), "ics_share")
    beyond = beyond_chance(known, "ics_share")
    more, less = beyond[beyond["share"] > beyond["ics_share"]], beyond[beyond["share"] < beyond["ics_share"]]
    return (
        f"Of {len(known)} conditions, recorded more often here than in the ICS, beyond chance: {_most(more)}; "
        f"less often: {_most(less)}. Not adjusted for age."
    )


def _most(rows: pd.DataFrame) -> str:
    """How many conditions, and the one furthest from the ICS."""
    if rows.empty:
        return "none"
    row = furthest(rows, "share", "ics_share")
    most = f"{in_sentence(row['condition'])}, {row['share']:.1%} against {row['ics_share']:.1%}"
    return f"{len(rows)} ({'most ' if len(rows) > 1 else ''}{most})"
