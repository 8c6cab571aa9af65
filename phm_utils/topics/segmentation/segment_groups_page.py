"""Where segments differ between places and groups of people, in words."""

import pandas as pd

from phm_utils.reports.findings import TOO_FEW, finding, shown
from phm_utils.rules.groups import LEAST_DEPRIVED, MOST_DEPRIVED, NO_ETHNIC_GROUP


@finding
def ethnic_gap(frame: pd.DataFrame) -> str:
    """The segment and ethnic group furthest from everybody's share, and for how many people no group is recorded."""
    sizes = frame.drop_duplicates("ethnic_group").set_index("ethnic_group")["registered"]
    blank = sizes.reindex(NO_ETHNIC_GROUP).sum()
    total = sizes.sum()
    gaps = f" No group is recorded for {blank / total:.1%} of people." if total else ""
    everybody = frame.groupby("segment")["people"].sum() / total if total else pd.Series(dtype="Float64")
    known = shown(frame[~frame["ethnic_group"].isin(NO_ETHNIC_GROUP)], "share")
    known = known.assign(all=known["segment"].map(everybody).astype("Float64")).dropna(subset=["all"])
    beyond = known[(known["lower"] > known["all"]) | (known["upper"] < known["all"])]
    if beyond.empty:
        return f"No ethnic group's mix of segments differs from everybody's beyond chance, as far as shown.{gaps}"
    row = beyond.loc[(beyond["share"] - beyond["all"]).abs().idxmax()]
    return (
        f"{row['segment']} differs most: {row['share']:.1%} of people of the {row['ethnic_group']} group, "
        f"{row['all']:.1%} of everybody. Not adjusted for age.{gaps}"
    )


@finding
def deprivation_gap(frame: pd.DataFrame) -> str:
    """The segment whose share differs most between the most and the least deprived fifth."""
    wide = frame.pivot(index="segment", columns="quintile", values="share")
    if not {MOST_DEPRIVED, LEAST_DEPRIVED} <= set(wide):
        return TOO_FEW
    wide = wide[[MOST_DEPRIVED, LEAST_DEPRIVED]].dropna()
    if wide.empty:
        return TOO_FEW
    gap = (wide[MOST_DEPRIVED] - wide[LEAST_DEPRIVED]).abs()
    row, segment = wide.loc[gap.idxmax()], gap.idxmax()
    return (
        f"{segment} differs most by deprivation: {row[MOST_DEPRIVED]:.1%} of people in the most deprived fifth of "
        f"small areas, {row[LEAST_DEPRIVED]:.1%} in the least deprived. Not adjusted for age."
    )


@finding
def unit_gap(frame: pd.DataFrame, kind: str) -> str:
    """The segment whose share differs most between practices, or PCNs."""
    known = shown(frame, "share")
    spans = known.groupby("segment")["share"].agg(["min", "max", "count"])
    spans = spans[spans["count"] > 1]
    if spans.empty:
        return TOO_FEW
    segment = (spans["max"] - spans["min"]).idxmax()
    rows = known[known["segment"] == segment]
    low, high = rows.loc[rows["share"].idxmin()], rows.loc[rows["share"].idxmax()]
    return (
        f"{kind[0].upper()}{kind[1:]} differ most in {segment}: from {low['share']:.1%} of people ({low['unit_name']}) "
        f"to {high['share']:.1%} ({high['unit_name']})."
    )
