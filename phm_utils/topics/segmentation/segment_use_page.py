"""Use and cost by segment: figures and sentences from released tables."""

import numpy as np
import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.measures.definitions import Segmentation
from phm_utils.methods.comparisons import rates_against
from phm_utils.methods.validation import z_value
from phm_utils.reports.comparisons import Family, number, percent
from phm_utils.reports.findings import TOO_FEW, finding, shown
from phm_utils.reports.segment_headings import SHORT
from phm_utils.rules.columns import COSTS
from phm_utils.rules.tree import criteria
from phm_utils.topics.segmentation.comparisons import NOT_FOR_AGE, WHOLE_ICS, beside_ics, in_order
from phm_utils.topics.segmentation.segment_groups import RATE
from phm_utils.wording import in_sentence, joined

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

    `times` is the rate as a multiple of everybody's (`everybody`): the sum of the shown
    counts over everybody registered, so a suppressed count leaves it slightly
    low. `error`: standard error of the rate's logarithm. In a PCN's report `ics_per_1000` is the ICS's rate.
    """
    parts = []
    for activity, title in SHORT.items():
        column = f"{activity}_12m"
        if column in sizes:
            rate = sizes[f"{column}_per_1000"].astype("Float64")
            everybody = sizes[column].sum() / sizes["registered"].max() * 1_000
            times = rate / everybody if pd.notna(everybody) and everybody else rate.where(rate.isna())
            part = sizes[["segment", "people"]].assign(activity=title, contacts=sizes[column], per_1000=rate)
            part = part.assign(everybody=everybody, error=sizes.get(f"{column}_error", float("nan")))
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
    """The segments whose share differs from the ICS's; for the ICS itself, the share of each in the rules' order."""
    if shown(sizes, "share").empty:
        return TOO_FEW
    if "ics_share" not in sizes:
        return f"People by segment, in the order of the rules: {in_order(sizes, 'segment', 'share')}."
    words = Family("share of people", "segment", "segments", WHOLE_ICS, percent, counted="people", caution=NOT_FOR_AGE)
    return words.standing_out(beside_ics(sizes, lambda row: row["segment"]))


def not_priced(cost: pd.DataFrame) -> str:
    """What no cost of this run counts: settings without a price or without data, and medicines."""
    absent = [title for title, _ in COSTS.values() if title not in set(cost["setting"])]
    return f"Not in it: {joined([in_sentence(title) for title in [*absent, 'Medicines']])}."


@finding
def cost_concentration(sizes: pd.DataFrame, cost: pd.DataFrame) -> str:
    """Each segment's share of people and of the cost counted, in the order of the rules, and what is not priced."""
    if shown(sizes, "share").empty or shown(sizes, "cost_share").empty:
        return TOO_FEW
    listed = in_order(sizes, "segment", "share", "cost_share")
    return (
        f"Share of people and of the cost counted in 12 months, by segment in the order of the rules: {listed}. "
        f"{not_priced(cost)}"
    )


def asked_by_rules(model: Segmentation) -> dict[str, list[str]]:
    """Kinds of contact that rules ask for, by title, and the segments of those rules.

    People are in such a segment because they had the contact, and so in no later one: how much they have
    follows from the rules. Stays are found among emergency and other admissions.
    """
    found = {}
    for kind, title in SHORT.items():
        starts = (kind, "stay_") if kind.endswith("admissions") else (kind,)
        segments = [
            segment.name
            for segment in model.segments
            if any(c.column.startswith(starts) for rule in segment.rules for c in criteria(rule))
        ]
        if segments:
            found[title] = segments
    return found


@finding("limit")
def contacts_by_rule(model: Segmentation) -> str | None:
    """Kinds of contact in which segments differ by definition; None where no rule asks for one."""
    asked = asked_by_rules(model)
    if not asked:
        return None
    parts = "; ".join(f"{in_sentence(title)} (for {joined(segments)})" for title, segments in asked.items())
    return (
        f"Rules ask for some contacts: {parts}. People are in these segments because they had them, and so in no later "
        "one: how much more or less than everybody they have is no finding."
    )


@finding
def contacts_of_everybody(contacts: pd.DataFrame) -> str:
    """Contacts per person of everybody registered, by kind."""
    known = shown(contacts, "everybody").drop_duplicates("activity")
    if known.empty:
        return TOO_FEW
    listed = joined([f"{in_sentence(r.activity)} {number(r.everybody)}" for r in known.itertuples()])
    return (
        f"Contacts per 1,000 of everybody registered in 12 months: {listed}. Segments differ in need, so in contacts."
    )


@finding
def rate_gap(contacts: pd.DataFrame) -> str:
    """Segments and kinds of contact whose rate differs from the ICS's; for the ICS, its ED attendances by segment."""
    if "ics_per_1000" not in contacts:
        ed = contacts[contacts["activity"] == "ED attendances"]
        if shown(ed, "per_1000").empty:
            return TOO_FEW
        listed = in_order(ed, "segment", "per_1000", form=number)
        return f"ED attendances per 1,000 people in 12 months, by segment in the order of the rules: {listed}."
    words = Family(
        "contacts per 1,000 people in 12 months", "kind of contact of a segment", "kinds of contact of segments",
        WHOLE_ICS, number, counted="contacts", caution=NOT_FOR_AGE,
    )  # fmt: skip
    return words.standing_out(rates_beside_ics(contacts))


def rates_beside_ics(contacts: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """A PCN's rates as `reports.comparisons` takes them: one family, each against the ICS's of the same segment.

    Limits allow for people who have many contacts: a rate's error comes from how contacts vary between people.
    """
    rows = contacts.reset_index(drop=True)
    value = rows["per_1000"].astype("Float64").astype(float)
    reach = z_value(confidence) * rows["error"].astype("Float64").astype(float)
    units = pd.DataFrame({"value": value, "lower": value * np.exp(-reach), "upper": value * np.exp(reach)})
    against = rows["ics_per_1000"].astype("Float64").astype(float)
    found = rates_against(units, against, confidence=confidence, rate=RATE)
    names = [f"{in_sentence(row.activity)} in {row.segment}" for row in rows.itertuples()]
    return rows.assign(unit=pd.Series(names, dtype="str"), events=rows["contacts"], **found)


@finding
def by_setting(cost: pd.DataFrame) -> str:
    """How the cost counted is divided between settings, in the order of the table, and what is not priced."""
    known = shown(cost, "cost_gbp")
    sums = known.groupby("setting", sort=False)["cost_gbp"].sum()
    if sums.empty or not sums.sum():
        return TOO_FEW
    order = [title for title, _ in COSTS.values() if title in sums.index]
    listed = joined([f"{in_sentence(title)} {percent(sums[title] / sums.sum())}" for title in order])
    hidden = " Small numbers are left out." if cost["cost_gbp"].isna().any() else ""
    return f"Of the cost counted in 12 months: {listed}. {not_priced(cost)}{hidden}"
