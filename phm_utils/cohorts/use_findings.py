"""Sentences on use, cost, scores, registers and movement, each computed from protected tables."""

import pandas as pd

from phm_utils.cohorts.use_view import DIFFERS, MIN_REGISTER, NEED
from phm_utils.cohorts.wording import TOO_FEW, in_sentence, joined, shown

MIN_CONTACTS, MIN_PEOPLE = 100, 200  # behind a rate that is compared in a sentence
UNKNOWN = ("Not stated", "Not known")


def ethnic_gap(frame: pd.DataFrame) -> str:
    """The segment and ethnic group furthest from everybody's share, and for how many people no group is recorded."""
    sizes = frame.drop_duplicates("ethnic_group").set_index("ethnic_group")["registered"]
    blank = sizes.reindex(UNKNOWN).sum()
    total = sizes.sum()
    gaps = f" No group is recorded for {blank / total:.1%} of people." if total else ""
    everybody = frame.groupby("segment")["people"].sum() / total if total else pd.Series(dtype="Float64")
    known = shown(frame[~frame["ethnic_group"].isin(UNKNOWN)], "share")
    known = known.assign(all=known["segment"].map(everybody).astype("Float64")).dropna(subset=["all"])
    beyond = known[(known["lower"] > known["all"]) | (known["upper"] < known["all"])]
    if beyond.empty:
        return f"No ethnic group's mix of segments differs from everybody's beyond chance, as far as shown.{gaps}"
    row = beyond.loc[(beyond["share"] - beyond["all"]).abs().idxmax()]
    return (
        f"{row['segment']} differs most: {row['share']:.1%} of people of the {row['ethnic_group']} group, "
        f"{row['all']:.1%} of everybody. Ages differ between the groups.{gaps}"
    )


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


def need_gap(need: pd.DataFrame, ics: str) -> str:
    """The highest share of severe frailty by age; for a PCN, the category furthest from the ICS beyond chance."""
    own, whole = need[need["area"] != ics], need[need["area"] == ics]
    if own.empty:
        top = shown(whole[whole["column"] == NEED["Frailty by eFI", "Severe"]], "share").nlargest(1, "share")
        if top.empty:
            return TOO_FEW
        row = top.iloc[0]
        return (
            f"By the electronic frailty index {row['share']:.1%} of people aged {row['age_group']} are severely frail."
        )
    keys = ["score", "age_group", "category"]
    merged = own.merge(whole[[*keys, "share"]], on=keys, suffixes=("", "_ics"))
    known = shown(shown(merged, "share"), "share_ics")
    beyond = known[(known["lower"] > known["share_ics"]) | (known["upper"] < known["share_ics"])]
    if beyond.empty:
        return "No category of frailty or repeat medicines differs from the ICS beyond chance, as far as shown."
    row = beyond.loc[(beyond["share"] - beyond["share_ics"]).abs().idxmax()]
    return (
        f"{row['score']}, {in_sentence(row['category'])}, at {row['age_group']} differs most from the ICS: "
        f"{row['share']:.1%} of people here, {row['share_ics']:.1%} there."
    )


def registers_apart(frame: pd.DataFrame) -> str:
    """How many of the counted registers are not within a tenth of the published ones, and the furthest."""
    known = shown(frame, "ratio")
    if known.empty:
        return TOO_FEW
    apart = known[(known["ratio"] - 1).abs() > DIFFERS]
    of = f"{len(known)} registers of practices with {MIN_REGISTER} people or more"
    if apart.empty:
        return f"None of {of} differs from the published one by more than {DIFFERS:.0%}."
    named = apart["title"].value_counts().head(3)
    parts = [f"{in_sentence(str(t))} ({n})" for t, n in named.items()]
    off = apart.assign(times=apart["ratio"].where(apart["ratio"] >= 1, 1 / apart["ratio"].where(apart["ratio"] > 0)))
    row = off.loc[off["times"].fillna(float("inf")).idxmax()]
    return (
        f"{len(apart)} of {of} differ from the published ones by more than {DIFFERS:.0%}, most often {joined(parts)}. "
        f"The furthest is {in_sentence(row['title'])} at {row['practice_name']}: {row['ratio']:.2f} times the "
        "published number."
    )


def net_flow(flows: pd.DataFrame, movement: pd.DataFrame) -> str:
    """The pair of segments between which most people moved on balance, per 1,000 of those who were in the first."""
    known = shown(flows, "net")
    known = known[known["net"] > 0]
    if known.empty:
        return TOO_FEW
    row = known.loc[known["net"].idxmax()]
    were = movement.loc[movement["from_segment"] == row["from_segment"], "people_from"].max()
    rate = f", {row['net'] / were * 1000:.0f} per 1,000 of those who were in {row['from_segment']}" if were else ""
    return (
        f"Leaving aside those who are only older, on balance most people moved from {row['from_segment']} to "
        f"{row['to_segment']}: about {row['there']:,.0f} went that way and {row['back']:,.0f} back, so "
        f"{row['net']:,.0f} more in {row['to_segment']}{rate}."
    )
