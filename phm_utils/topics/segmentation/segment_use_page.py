"""What each segment uses and costs: figures and sentences from released tables."""

import pandas as pd

from phm_utils.reports.findings import TOO_FEW, finding, in_sentence, shown
from phm_utils.reports.reading import SHORT

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


def people_and_cost(sizes: pd.DataFrame) -> pd.DataFrame:
    """One row per segment and measure: its share of people and its share of the cost counted."""
    measures = {"share": "Share of people", "cost_share": "Share of cost"}
    parts = [sizes[["segment"]].assign(measure=title, share=sizes[column]) for column, title in measures.items()]
    return pd.concat(parts, ignore_index=True)


def contacts(sizes: pd.DataFrame) -> pd.DataFrame:
    """One row per segment and kind of contact: rate per 1,000 people, and how many times everybody's rate that is.

    Everybody's rate is the sum of the shown counts over everybody registered,
    so a suppressed count leaves it slightly low.
    """
    parts = []
    for activity, title in SHORT.items():
        column = f"{activity}_12m"
        if column in sizes:
            rate = sizes[f"{column}_per_1000"].astype("Float64")
            everybody = sizes[column].sum() / sizes["registered"].max() * 1_000
            times = rate / everybody if everybody else rate.where(rate.isna())
            parts.append(sizes[["segment"]].assign(activity=title, per_1000=rate, times=times))
    return pd.concat(parts, ignore_index=True)


def rates(both: pd.DataFrame) -> pd.DataFrame:
    """One row per area, segment and kind of contact: contacts, people, contacts per 1,000 people."""
    parts = []
    for activity, title in SHORT.items():
        column = f"{activity}_12m"
        if column in both:
            frame = both[["area", "place", "segment", "people"]]
            parts.append(frame.assign(activity=title, contacts=both[column], per_1000=both[f"{column}_per_1000"]))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


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


def cost_sums(cost: pd.DataFrame) -> pd.Series:
    """Cost per person of all settings, by segment; missing where any is suppressed."""
    return cost.groupby("segment", sort=False)["cost_per_person_gbp"].agg(lambda v: v.sum(skipna=False))


@finding
def segment_gap(frame: pd.DataFrame, ics: str) -> str:
    """The segment in which an area differs most from the ICS; for the ICS itself, its largest segment."""
    own, whole = frame[frame["area"] != ics], frame[frame["area"] == ics].set_index("segment")
    if own.empty:
        top = shown(whole.reset_index(), "share").nlargest(1, "share")
        return (
            TOO_FEW
            if top.empty
            else f"The largest segment is {top['segment'].iloc[0]}: {top['share'].iloc[0]:.1%} of people."
        )
    own = own.assign(ics_share=own["segment"].map(whole["share"]))
    known = own[own["share"].notna() & own["ics_share"].notna()]
    if known.empty:
        return TOO_FEW
    row = known.loc[(known["share"] - known["ics_share"]).abs().idxmax()]
    return (
        f"The widest difference from the ICS is {row['segment']}: {row['share']:.1%} of people here "
        f"({row['lower']:.1%} to {row['upper']:.1%}), {row['ics_share']:.1%} in the ICS."
    )


@finding
def cost_concentration(sizes: pd.DataFrame) -> str:
    """The segment that costs most for its size."""
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
def busiest(contacts: pd.DataFrame) -> str:
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
def rate_gap(rates: pd.DataFrame, ics: str) -> str:
    """The segment and kind of contact whose rate differs most from the ICS's; for the ICS, the highest ED rate."""
    own, whole = rates[rates["area"] != ics], rates[rates["area"] == ics]
    if own.empty:
        top = shown(whole[whole["activity"] == "ED attendances"], "per_1000").nlargest(1, "per_1000")
        if top.empty:
            return TOO_FEW
        row = top.iloc[0]
        return f"The most ED attendances are in {row['segment']}: {row['per_1000']:,.0f} per 1,000 people in 12 months."
    merged = own.merge(whole[["segment", "activity", "per_1000"]], on=["segment", "activity"], suffixes=("", "_ics"))
    # Fewer, and chance or a handful of frequent users moves a rate by more than a tenth.
    enough = merged["contacts"].ge(MIN_CONTACTS).fillna(False) & merged["people"].ge(MIN_PEOPLE).fillna(False)
    known = shown(shown(merged[enough], "per_1000"), "per_1000_ics")
    known = known[known["per_1000_ics"] > 0]
    if known.empty:
        return TOO_FEW
    ratio = known["per_1000"] / known["per_1000_ics"]
    row = known.loc[(ratio.where(ratio >= 1, 1 / ratio.where(ratio > 0))).idxmax()]
    return (
        f"In segments of {MIN_PEOPLE} people or more, {in_sentence(row['activity'])} in {row['segment']} differ most "
        f"from the ICS: {row['per_1000']:,.0f} per 1,000 people here, {row['per_1000_ics']:,.0f} there."
    )


@finding
def dearest_setting(cost: pd.DataFrame) -> str:
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
        f"per person it is most in {row['segment']}, about £{row['cost_per_person_gbp']:,.0f} in 12 months."
    )
