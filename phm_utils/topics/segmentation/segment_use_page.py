"""Use and cost by segment: figures and sentences from released tables."""

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.reports.findings import TOO_FEW, finding, furthest, shown
from phm_utils.reports.segment_headings import SHORT
from phm_utils.wording import in_sentence

# Settings as a figure of five parts groups them; the table has each.
PARTS = {
    "GP appointments": "GP appointments",
    "Emergency departments": "Emergency care",
    "Emergency admissions": "Emergency care",
    "Planned and other admissions": "Planned care and outpatients",
    "Outpatients": "Planned care and outpatients",
    "Community care": "Community and mental health",
    "Mental health care": "Community and mental health",
    "Adult social care": "Adult social care",
}


@if_present
def priced(sizes: pd.DataFrame) -> pd.DataFrame | Absent:
    """`segment_size` where this run could cost every contact that it counts."""
    return sizes if "cost_share" in sizes else Absent("Cost by segment", "part of the costed contacts")


@if_present
def people_and_cost(sizes: pd.DataFrame) -> pd.DataFrame:
    """One row per segment and measure: its share of people and its share of the cost counted."""
    measures = {"share": "Share of people", "cost_share": "Share of cost"}
    kept = sizes[["segment", "people", "cost_per_person_gbp"]]
    parts = [kept.assign(measure=title, share=sizes[column]) for column, title in measures.items()]
    return pd.concat(parts, ignore_index=True)


@if_present
def contacts(sizes: pd.DataFrame) -> pd.DataFrame | Absent:
    """One row per segment and kind of contact: contacts, their rate per 1,000 people, and everybody's rate.

    `times` is the rate as a multiple of everybody's: the sum of the shown
    counts over everybody registered, so a suppressed count leaves it slightly
    low. In a PCN's report `ics_per_1000` is the ICS's rate.
    """
    parts = []
    for activity, title in SHORT.items():
        column = f"{activity}_12m"
        if column in sizes:
            rate = sizes[f"{column}_per_1000"].astype("Float64")
            everybody = sizes[column].sum() / sizes["registered"].max() * 1_000
            times = rate / everybody if pd.notna(everybody) and everybody else rate.where(rate.isna())
            part = sizes[["segment", "people"]].assign(activity=title, contacts=sizes[column], per_1000=rate)
            if f"ics_{column}_per_1000" in sizes:
                part = part.assign(ics_per_1000=sizes[f"ics_{column}_per_1000"])
            parts.append(part.assign(times=times))
    return pd.concat(parts, ignore_index=True) if parts else Absent("Contacts by segment", "a source of contacts")


@if_present
def cost_parts(cost: pd.DataFrame) -> pd.DataFrame:
    """Cost per person by segment and part of the service; a part is missing where any of its settings is."""
    shown = cost.assign(part=cost["setting"].map(PARTS))
    order = {part: i for i, part in enumerate(dict.fromkeys(PARTS.values()))}
    by = shown.groupby(["segment", "part"], sort=False)
    sums = by.agg(place=("place", "min"), cost_per_person_gbp=("cost_per_person_gbp", lambda v: v.sum(skipna=False)))
    nobody = cost.groupby("segment")["people"].max().eq(0).fillna(False)
    frame = sums.reset_index()
    frame = frame[~frame["segment"].map(nobody).astype(bool)]
    return frame.sort_values(["place", "part"], key=lambda c: c.map(order) if c.name == "part" else c, kind="stable",
                             ignore_index=True)  # fmt: skip


@if_present
def ics_cost(cost: pd.DataFrame) -> pd.Series | None:
    """The ICS's cost per person of all settings, by segment; missing where any is suppressed. None for the ICS."""
    if "ics_cost_per_person_gbp" not in cost:
        return None
    return cost.groupby("segment", sort=False)["ics_cost_per_person_gbp"].agg(lambda v: v.sum(skipna=False))


@finding
def segment_gap(sizes: pd.DataFrame) -> str:
    """The segment in which an area differs most from the ICS; for the ICS itself, its largest segment."""
    if "ics_share" not in sizes:
        top = shown(sizes, "share").nlargest(1, "share")
        if top.empty:
            return TOO_FEW
        return f"The largest segment is {top['segment'].iloc[0]}: {top['share'].iloc[0]:.1%} of people."
    known = shown(shown(sizes, "share"), "ics_share")
    if known.empty:
        return TOO_FEW
    row = furthest(known, "share", "ics_share")
    return (
        f"The widest difference from the ICS is {row['segment']}: {row['share']:.1%} of people here "
        f"({row['lower']:.1%} to {row['upper']:.1%}), {row['ics_share']:.1%} in the ICS."
    )


@finding
def cost_concentration(sizes: pd.DataFrame) -> str:
    """The segment with the highest cost for its size."""
    known = sizes[sizes["share"].notna() & sizes["cost_share"].notna()]
    if known.empty:
        return TOO_FEW
    row = known.loc[(known["cost_share"] / known["share"]).idxmax()]
    largest = known.loc[known["cost_share"].idxmax()]
    return (
        f"{row['segment']} is {row['share']:.1%} of people and {row['cost_share']:.1%} of the cost counted, about "
        f"£{row['cost_per_person_gbp']:,.0f} a person in 12 months. The largest part of the cost, "
        f"{largest['cost_share']:.0%}, is in {largest['segment']}."
    )


@finding
def highest_contact_ratio(contacts: pd.DataFrame) -> str:
    """The segment and kind of contact furthest above everybody's rate."""
    known = shown(contacts, "times")
    if known.empty:
        return TOO_FEW
    row = known.loc[known["times"].idxmax()]
    return (
        f"People in {row['segment']} have {row['times']:.1f} times everybody's rate of "
        f"{in_sentence(row['activity'])}, the widest difference of any segment and kind of contact."
    )


MIN_CONTACTS, MIN_PEOPLE = 100, 200  # behind a rate that is compared in a sentence


@finding
def rate_gap(contacts: pd.DataFrame) -> str:
    """The segment and kind of contact whose rate differs most from the ICS's; for the ICS, the highest ED rate."""
    if "ics_per_1000" not in contacts:
        top = shown(contacts[contacts["activity"] == "ED attendances"], "per_1000").nlargest(1, "per_1000")
        if top.empty:
            return TOO_FEW
        row = top.iloc[0]
        rate = f"{row['per_1000']:,.0f} per 1,000 people in 12 months"
        return f"The highest rate of ED attendances is in {row['segment']}: {rate}."
    # Fewer, and chance or a handful of frequent users moves a rate by more than a tenth.
    enough = contacts["contacts"].ge(MIN_CONTACTS).fillna(False) & contacts["people"].ge(MIN_PEOPLE).fillna(False)
    known = shown(shown(contacts[enough], "per_1000"), "ics_per_1000")
    known = known[known["ics_per_1000"] > 0]
    if known.empty:
        return TOO_FEW
    ratio = known["per_1000"] / known["ics_per_1000"]
    row = known.loc[(ratio.where(ratio >= 1, 1 / ratio.where(ratio > 0))).idxmax()]
    return (
        f"In segments of {MIN_PEOPLE} people or more, {in_sentence(row['activity'])} in {row['segment']} differ most "
        f"from the ICS: {row['per_1000']:,.0f} per 1,000 people here, {row['ics_per_1000']:,.0f} there."
    )


@finding
def costliest_setting(cost: pd.DataFrame) -> str:
    """The setting with the largest part of the cost, and the segment in which it costs most per person."""
    known = shown(cost, "cost_gbp")
    sums = known.groupby("setting")["cost_gbp"].sum()
    if sums.empty or not sums.sum():
        return TOO_FEW
    setting = sums.idxmax()
    rows = shown(known[known["setting"] == setting], "cost_per_person_gbp")
    row = rows.loc[rows["cost_per_person_gbp"].idxmax()]
    return (
        f"{sums[setting] / sums.sum():.0%} of the cost counted is {in_sentence(setting)}, more than any other setting; "
        f"per person it is highest in {row['segment']}, about £{row['cost_per_person_gbp']:,.0f} in 12 months."
    )
