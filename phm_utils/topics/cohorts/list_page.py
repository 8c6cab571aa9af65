"""Lists and what came of them, in the cohort report: frames for figures and tables, and sentences."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from scipy.stats import chi2_contingency

from phm_utils.absent import if_present
from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.measures.list_people import NOT_COUNTED
from phm_utils.measures.outreach_status import WORDS
from phm_utils.reports.comparisons import people, percent
from phm_utils.reports.findings import Level, finding
from phm_utils.wording import joined

TOO_FEW = "too few to show"
LEVEL = 0.05  # of all comparisons between groups of one page together
WITHIN = 28  # days, of which the sentence about the first contact tells


@if_present
def titled(frame: pd.DataFrame, cohorts: Mapping[str, Cohort]) -> pd.DataFrame:
    """With the cohort's short name as `short`; its file's name where this run counts no such cohort."""
    names = {name: cohort.short for name, cohort in cohorts.items()}
    return frame.assign(short=frame["cohort"].map(lambda name: names.get(name, name.replace("_", " "))))


@if_present
def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per cohort: its lists, and how far the people on them were reached. frame: of `list_people`."""
    columns = {
        "short": "Cohort", "lists": "Lists", "listed": "People on them", "tried": "Tried", "contacted": "Contacted",
        "reached": "Reached", "share": "Share reached (%)", "not_tried": "Not yet tried",
        "thrice": "Tried three times, not reached", "ended": "Died or moved", "this_month": "Contact in this month",
    }  # fmt: skip
    shown = frame[frame["lists"] > 0]
    return shown.assign(share=(100 * shown["share"].astype("Float64")).round(1))[list(columns)].rename(columns=columns)


@finding
def came_of_it(frame: pd.DataFrame) -> list[str]:
    """For each cohort with a list: who was tried and reached, and who was not."""
    return [_came_of(row) for row in frame[frame["lists"] > 0].to_dict("records")]


def _came_of(row: dict[str, Any]) -> str:
    lists = "1 list" if row["lists"] == 1 else f"{row['lists']} lists"
    if pd.isna(row["listed"]) or row["listed"] == 0:
        return f"{row['short']}: the people on {lists} are too few to show."
    reached = TOO_FEW
    if pd.notna(row["reached"]):
        limits = f", {percent(row['lower'])} to {percent(row['upper'])}" if pd.notna(row["lower"]) else ""
        reached = f"{int(row['reached']):,} ({percent(row['share'])}{limits})"
    lead = f"{row['short']}: of {people(int(row['listed']))} on {lists}, {_count(row['tried'])} were tried"
    lead += f" and {reached} were reached. Still registered and not yet tried: {_count(row['not_tried'])}"
    lead += f"; tried on three days or more and not reached: {_count(row['thrice'])}."
    if pd.notna(row["this_month"]):
        lead += f" In the month of the index date {people(int(row['this_month']))} had a contact."
    return lead


def _count(value: Any) -> str:
    return TOO_FEW if pd.isna(value) else f"{int(value):,}"


@if_present
def statuses(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per cohort and status that anybody may have had, in their order. frame: of `list_status`."""
    had = frame[frame.groupby(["cohort", "status"])["people"].transform(lambda column: column.ne(0).fillna(True).any())]
    words = had["status"].map(lambda name: WORDS[name].capitalize())
    return had.assign(status=words)[["short", "status", "people", "listed", "share", "lower", "upper"]]


@finding("detail")
def statuses_said(frame: pd.DataFrame) -> list[str]:
    """For each cohort how many people ever had each status. frame: of `statuses`."""
    parts = []
    for short, rows in frame.groupby("short", sort=False):
        told = [f"{row.status.lower()} {int(row.people):,}" for row in rows.itertuples() if pd.notna(row.people)]
        parts.append(f"{short}: {joined(told)}." if told else f"{short}: {TOO_FEW} of any status.")
    return parts


@if_present
def by_unit(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per cohort and practice, or PCN, with anybody on a list. frame: of `list_unit`."""
    return frame[frame["listed"].ne(0).fillna(True)]


@if_present
def by_group(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per cohort and group with anybody on a list, in the order of the groups. frame: of `list_group`.

    Those who cannot be placed in a group now are the same people in each division, and stand once.
    """
    some = frame[frame["listed"].ne(0).fillna(True)]
    order = {name: place for place, name in enumerate(dict.fromkeys(some["dimension"]))}
    groups = some.groupby(["dimension", "level"])["place"].transform("min")
    placed = some.assign(_dimension=some["dimension"].map(order), _place=groups, _nowhere=some["level"].eq(NOT_COUNTED))
    placed = placed.sort_values(["_nowhere", "_dimension", "_place", "place"], kind="stable")
    placed = placed[~placed["_nowhere"] | ~placed.duplicated(["cohort", "level"])]
    label = (placed["dimension"] + ": " + placed["level"]).where(~placed["_nowhere"], NOT_COUNTED)
    return placed.assign(group=label).drop(columns=["_dimension", "_place", "_nowhere"]).reset_index(drop=True)


@finding("detail")
def unequal(frame: pd.DataFrame) -> list[str | tuple[str, Level]]:
    """Of which divisions the shares reached differ more than chance explains. frame: of `by_group`.

    Pearson's test of each cohort and division, from the numbers shown, at a level that the number of them divides.
    """
    known = frame.dropna(subset=["reached", "listed"])
    known = known[(known["listed"] > 0) & known["level"].ne(NOT_COUNTED)]
    parts = {names: rows for names, rows in known.groupby(["short", "dimension"], sort=False) if len(rows) > 1}
    tested = {names: p for names, rows in parts.items() if (p := _by_chance(rows)) is not None}
    found = [names for names, p in tested.items() if p < LEVEL / len(tested)]
    if not tested:
        return ["Too few people were listed to compare how many of each group were reached."]
    if not found:
        compared = "1 comparison" if len(tested) == 1 else f"{len(tested)} comparisons"
        return [f"Between no groups does the share reached differ by more than chance explains ({compared})."]
    return [(_differs(names, parts[names]), "finding") for names in found]


def _by_chance(rows: pd.DataFrame) -> float | None:
    """The p-value of equal shares; None where all or nobody was reached."""
    table = pd.DataFrame({"yes": rows["reached"], "no": rows["listed"] - rows["reached"]}).astype(float).clip(lower=0)
    return None if (table.sum() == 0).any() else float(chi2_contingency(table.to_numpy(), correction=False).pvalue)


def _differs(names: tuple[str, str], rows: pd.DataFrame) -> str:
    told = "; ".join(
        f"{row.level} {percent(row.share)} ({percent(row.lower)} to {percent(row.upper)}) of {int(row.listed):,}"
        for row in rows.itertuples()
    )
    return f"{names[0]}: the share reached differs by {names[1].lower()} more than chance explains: {told}."


@finding("detail")
def by_unit_said(frame: pd.DataFrame, kind: str) -> list[str]:
    """Between which practices, or PCNs, the share reached lies; none is named."""
    parts = []
    for short, rows in frame.groupby("short", sort=False):
        known = rows["share"].dropna()
        if len(known) > 1:
            low, high = percent(known.min()), percent(known.max())
            parts.append(f"{short}: between {low} and {high} were reached in {len(known)} {kind}s with enough people.")
    return parts or [f"Too few people of any {kind} were listed to compare."]


@if_present
def curves(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per cohort and day that is shown, and day 0, when nobody had a contact yet. frame: of `list_time`."""
    known = frame.dropna(subset=["incidence"])
    start = known.drop_duplicates("cohort").assign(day=0, incidence=0.0, lower=0.0, upper=0.0)
    return pd.concat([start, known]).sort_values(["place", "day"], ignore_index=True)


@finding("detail")
def first_contact(frame: pd.DataFrame) -> list[str]:
    """For each cohort the share with a first contact within 28 days, or the last day known. frame: of `list_time`."""
    parts = []
    for short, rows in frame.groupby("short", sort=False):
        known = rows.dropna(subset=["incidence"])
        early = known[known["day"] <= WITHIN]
        if known.empty:
            parts.append(f"{short}: too few had a contact to say when the first was.")
            continue
        row = (early if len(early) else known).iloc[-1 if len(early) else 0]
        limits = f" (95% limits {row['lower']:.0%} to {row['upper']:.0%})" if pd.notna(row["lower"]) else ""
        parts.append(
            f"{short}: {row['incidence']:.0%}{limits} of the people listed had a first contact within "
            f"{int(row['day'])} days, those who died or moved before counted as not met."
        )
    return parts or ["Too few people were followed for long enough to say when the first contact was."]


@finding("limit")
def not_counted(frame: pd.DataFrame) -> str | None:
    """The requests that this run does not count."""
    if frame.empty:
        return None
    rows = "; ".join(f"{row.request} ({row.why})" for row in frame.itertuples())
    return f"Lists that are not counted here: {rows}."
