"""The most frequent long-term conditions, and those recorded more or less than in the ICS."""

import pandas as pd

from phm_utils.reports.findings import TOO_FEW, finding, in_sentence, shown
from phm_utils.reports.reading import ICS


def leading_conditions(frame: pd.DataFrame, count: int = 12) -> pd.DataFrame:
    """The rows of the ICS's most frequent conditions, most frequent first."""
    order = frame[frame["area"] == ICS].sort_values("share", ascending=False)["condition"].head(count)
    chosen = frame[frame["condition"].isin(order)]
    return chosen.sort_values("condition", key=lambda c: c.map({n: i for i, n in enumerate(order)}), kind="stable")


@finding
def condition_gap(frame: pd.DataFrame, ics: str) -> str:
    """The conditions recorded more, and less, than in the ICS, beyond chance; for the ICS, the most frequent."""
    own, whole = frame[frame["area"] != ics], frame[frame["area"] == ics].set_index("condition")
    if own.empty:
        top = shown(whole.reset_index(), "share").nlargest(3, "share")
        parts = [f"{in_sentence(r.condition)} {r.share:.1%}" for r in top.itertuples()]
        return f"Most often recorded: {', '.join(parts)}." if parts else TOO_FEW
    own = own.assign(ics_share=own["condition"].map(whole["share"]))
    own = own[own["share"].notna() & own["ics_share"].notna()]
    more, less = own[own["lower"] > own["ics_share"]], own[own["upper"] < own["ics_share"]]
    return (
        f"Of {len(own)} conditions, recorded more often here than in the ICS, beyond chance: {_most(more)}; "
        f"less often: {_most(less)}. Ages differ too."
    )


def _most(rows: pd.DataFrame) -> str:
    """How many conditions, and the one furthest from the ICS."""
    if rows.empty:
        return "none"
    row = rows.loc[(rows["share"] - rows["ics_share"]).abs().idxmax()]
    most = f"{in_sentence(row['condition'])}, {row['share']:.1%} against {row['ics_share']:.1%}"
    return f"{len(rows)} ({'most ' if len(rows) > 1 else ''}{most})"
