"""Where segments differ between places and groups of people, in words."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.measures.usual_variation import judged, marked
from phm_utils.methods.comparisons import NOT_COMPARED, rates_against, shares_against
from phm_utils.methods.comparisons import TOO_FEW as FEW
from phm_utils.reports.comparisons import Family, percent
from phm_utils.reports.findings import TOO_FEW, finding, shown
from phm_utils.rules.groups import LEAST_DEPRIVED, MOST_DEPRIVED, NO_ETHNIC_GROUP
from phm_utils.topics.segmentation.comparisons import NOT_FOR_AGE
from phm_utils.topics.segmentation.segment_groups import RATE
from phm_utils.wording import uncapitalised


@finding
def ethnic_gap(frame: pd.DataFrame) -> str:
    """Segments of ethnic groups whose share differs from everybody's, and for how many people no group is recorded."""
    sizes = frame.drop_duplicates("ethnic_group").set_index("ethnic_group")["registered"]
    blank, total = sizes.reindex(NO_ETHNIC_GROUP).sum(), sizes.sum()
    if not total:
        return TOO_FEW
    everybody = frame.groupby("segment")["people"].sum() / total
    known = frame[~frame["ethnic_group"].isin(NO_ETHNIC_GROUP)].reset_index(drop=True)
    against = known["segment"].map(everybody).astype("Float64").astype(float).clip(upper=1)
    found = shares_against(known["people"], known["registered"], against, rate=RATE)
    names = known["segment"] + " in the " + known["ethnic_group"] + " group"
    rows = known.drop(columns=found.columns, errors="ignore").assign(unit=names, events=known["people"], **found)
    words = Family(
        "share of people", "segment of a group", "segments of groups", "everybody", percent, counted="people",
        caution=f"{NOT_FOR_AGE} No group is recorded for {percent(float(blank / total))} of people.",
    )  # fmt: skip
    return words.standing_out(rows)


@finding
def deprivation_gap(frame: pd.DataFrame) -> str:
    """Segments whose share differs between the most and the least deprived fifth."""
    shares = frame.set_index("segment")[["quintile", "people", "share", "lower", "upper"]]
    shares = shares.rename(columns={"share": "value"})
    ends = [shares[shares["quintile"] == fifth].drop(columns="quintile") for fifth in (MOST_DEPRIVED, LEAST_DEPRIVED)]
    most, least = (end.astype("Float64").astype(float) for end in ends)
    if most["value"].isna().all() or least["value"].isna().all():
        return TOO_FEW
    found = rates_against(most, least, rate=RATE)
    rows = most[["people"]].rename(columns={"people": "events"}).join(found).rename_axis("unit").reset_index()
    words = Family(
        "share of people", "segment", "segments", "the least deprived fifth", percent, counted="people",
        caution=NOT_FOR_AGE,
    )  # fmt: skip
    return f"In the most deprived fifth of small areas: {uncapitalised(words.standing_out(rows))}"


@if_present
def by_unit(units: pd.DataFrame) -> pd.DataFrame:
    """`segment_unit` with a dagger after the name of a practice that is not compared."""
    return marked(units)


@finding
def unit_gap(frame: pd.DataFrame, kind: str) -> str:
    """Segments of practices, or PCNs, whose share differs from what the others of the ICS predict.

    frame: `segment_unit`, in which what the others predict was made from all of the ICS. kind: practice or PCN.
    """
    if shown(frame, "share").empty:
        return TOO_FEW
    if frame["p_adjusted"].isna().all():
        return f"How much {kind}s usually differ cannot be told: too few of them are in the ICS. None is named."
    rows = judged(frame, value="share", events="people", rate=RATE)
    out = rows["verdict"] == NOT_COMPARED
    few = rows["share"].isna() & ~out
    names = (frame["segment"] + " in " + frame["unit_name"]).mask(out, frame["unit_name"])
    rows = rows.assign(unit=names, verdict=rows["verdict"].mask(few, FEW))
    words = Family(
        "share of people", f"segment of a {kind}", f"segments of {kind}s", "what the others of the ICS predict",
        percent, among_others=True, counted="people", caution=NOT_FOR_AGE,
    )  # fmt: skip
    return words.standing_out(rows)
