"""Linkage coverage: released tables arranged for figures, and sentences of findings."""

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.linkage.coverage import METHODS, RATE
from phm_utils.methods.comparisons import mirrored, rates_against, the_others
from phm_utils.reports.comparisons import Family, percent
from phm_utils.reports.findings import finding
from phm_utils.reports.headings import Headings
from phm_utils.wording import in_sentence, joined

WORDS = {
    "agrees": "All agrees",
    "sex_differs": "Sex differs",
    "month_differs": "Month differs",
    "conflict": "Conflict",
    "not_in_extract": "Not in extract",
    "no_token": "No token",
}
HEADINGS = Headings(
    {
        **WORDS,
        "title": "Source",
        "records": "Records",
        "attached": "Linked",
        "share": "Linked (%)",
        "group": "Group",
        "linked": "Linked",
        "not_linked": "Not linked",
        "missed": "Not linked (%)",
        "kind": "Household",
        "households": "Households",
    }
)
LOW_SHARE = 0.95  # of a source's records linked: the finding names sources below it
SPINE = "gp_registration"
OTHER_RECORDS = "records from outside the GP system"


@if_present
def present(sources: pd.DataFrame) -> pd.DataFrame | Absent:
    """Sources from outside the GP system with records that may be shown of this area; absent where none has."""
    others = sources[~sources["source"].str.startswith("gp_")]
    if len(others) and (others["records"] == 0).fillna(False).all():
        return Absent("The linkage of records", OTHER_RECORDS)
    return others[others["records"].notna() & (others["records"] != 0)]


@if_present
def absent(sources: pd.DataFrame) -> list[str]:
    """Titles of the sources without records in this area."""
    return sources.loc[(sources["records"] == 0).fillna(False), "title"].tolist()


@finding("limit")
def no_records(titles: list[str]) -> str | None:
    """The sources without records."""
    if not titles:
        return None
    named = joined([in_sentence(title) for title in titles])
    return f"There are no records here of {named}; figures that need them are left out."


@if_present
def by_method(sources: pd.DataFrame) -> pd.DataFrame:
    """One row per source and method, in the order of the methods: its share of the source's records."""
    long = present(sources).melt(["title", "records"], list(METHODS), var_name="method", value_name="count")
    return long.assign(
        share=long["count"] / long["records"], method=long["method"].map(WORDS).str.replace(" ", "\n", n=1)
    )


@finding
def method_sentence(sources: pd.DataFrame) -> str:
    """Records linked although sex or birth month differs, and conflicts."""
    rows = present(sources)
    differ = rows[["sex_differs", "month_differs"]].fillna(0).sum().sum()
    shown, total = rows["conflict"].fillna(0).sum(), rows["records"].sum()
    conflicts = f"about {shown:,} are conflicts" if shown else "no source has a conflict count large enough to show"
    if (rows["conflict"].fillna(1) == 0).all():  # a suppressed count is not none
        conflicts = "none is a conflict"
    return (
        f"Of {total:,} records outside the GP registrations, about {differ:,} are linked although sex or month of "
        f"birth differs, and {conflicts}."
    )


@finding
def linked_sentence(sources: pd.DataFrame) -> str:
    """The share linked of all records, its range over sources, and the sources of which fewer than LOW_SHARE are."""
    known = present(sources).dropna(subset="share")
    if known.empty:
        return "No source has enough records in this area to show the share linked."
    records, shares = int(known["records"].sum()), known["share"].astype(float)
    text = (
        f"{percent(known['attached'].sum() / records)} of {records:,} records are linked to a person in the GP extract"
    )
    if len(known) > 1:
        text += f", {percent(shares.min())} to {percent(shares.max())} by source"
    low = [f"{in_sentence(t)} ({percent(s)})" for t, s in zip(known["title"], shares, strict=True) if s < LOW_SHARE]
    if not low:
        return f"{text}; no source has fewer than {LOW_SHARE:.0%}."
    return f"{text}; fewer than {LOW_SHARE:.0%} in {joined(low)}."


@finding("warning")
def conflicts(sources: pd.DataFrame, max_share: float) -> list[str]:
    """A sentence for each source whose conflicts exceed `max_share` of its records."""
    over = sources[(sources["conflict_share"] > max_share).fillna(False)]
    return [
        f"{row.title}: {row.conflict:,} of {row.records:,} records ({percent(row.conflict_share)}) have the token of "
        "a person of another sex and birth month. Ask the supplier how tokens were made."
        for row in over.itertuples()
    ]


@if_present
def chosen_source(coverage: pd.DataFrame) -> str | Absent:
    """The source for the figure by group: of those with most characteristics, the one with most records."""
    rows = coverage[coverage["source"] != SPINE]
    if rows.empty:
        return Absent("Who is missed", OTHER_RECORDS)
    by_sex = rows[rows["characteristic"] == "Sex"].groupby("title")[["linked", "not_linked"]].sum().sum(axis=1)
    ranked = pd.DataFrame({"characteristics": rows.groupby("title")["characteristic"].nunique(), "records": by_sex})
    return str(ranked.sort_values(["characteristics", "records"], kind="stable").index[-1])


@if_present
def by_source(coverage: pd.DataFrame, characteristic: str) -> pd.DataFrame:
    """One row per source, one column per category of one characteristic: the percentage not linked."""
    rows = coverage[(coverage["characteristic"] == characteristic) & (coverage["source"] != SPINE)]
    order = rows.drop_duplicates("category").sort_values("place")["category"]
    wide = rows.assign(missed=(100 * (1 - rows["share"].astype(float))).round(2))
    wide = wide.pivot(index="title", columns="category", values="missed")[order.tolist()]
    return wide.rename_axis(index="Source", columns=None).reset_index()


@if_present
def other_rules(sources: pd.DataFrame) -> pd.DataFrame | Absent:
    """One row per source: the percentage of its records linked under a stricter and a laxer rule.

    Absent where no source has enough records to be shown.
    """
    rows = present(sources)
    if rows.empty:
        return Absent("Other rules of linkage", "a source with records of enough people to be shown")
    counts = rows[list(METHODS)].fillna(0).astype(float)
    total = rows["records"].astype(float)
    strict, lax = counts["agrees"], counts[["agrees", "sex_differs", "month_differs", "conflict"]].sum(axis=1)
    used = lax - counts["conflict"]
    shares = {"Token, sex and month agree (%)": strict, "Rule in use (%)": used, "Token alone (%)": lax}
    percent = {name: (100 * part / total).clip(upper=100).round(2) for name, part in shares.items()}
    return pd.DataFrame({"Source": rows["title"], **percent}).reset_index(drop=True)


@if_present
def missed_groups(coverage: pd.DataFrame, title: str, *, is_ics: bool = True) -> pd.DataFrame:
    """One row per group of one source's records: the share not linked, in order of the groups.

    is_ics: False for one network, whose counts leave out records that are neither
        linked nor have a small area: of people without a fixed abode or small
        area only those linked would be counted.
    """
    rows = coverage[coverage["title"] == title].sort_values(["characteristic", "place"])
    if not is_ics:
        rows = rows[(rows["characteristic"] != "No fixed abode") & (rows["category"] != "No small area")]
    return rows.assign(
        group=rows["characteristic"] + ": " + rows["category"],
        missed=1 - rows["share"],
        low=1 - rows["upper"],
        high=1 - rows["lower"],
    )


NOT_LINKED = Family(
    "records not linked", "group", "groups", "all others of the same characteristic", percent, own_comparators=True,
    counted="records not linked",
)  # fmt: skip


@finding
def missed_sentence(groups: pd.DataFrame, title: str) -> str:
    """Groups of which more or fewer records are not linked than of all others; groups of missing values left out."""
    unknown = groups["category"].str.startswith(("No ", "Not ", "Other")) & (
        groups["characteristic"] != "No fixed abode"
    )
    known = groups[~unknown].reset_index(drop=True)
    family, units = known["characteristic"], _with_limits(known)
    others = the_others(units, (known["linked"] + known["not_linked"]), family=family)
    judged = rates_against(units, others, family=family, scale="logit", rate=RATE).assign(
        unit=[_people(row) for _, row in known.iterrows()]
    )
    text = NOT_LINKED.standing_out(
        judged.assign(events=known["not_linked"])[~mirrored(family.where(units["value"].notna()))]
    )
    return f"{title}: {in_sentence(text)}"


def _with_limits(groups: pd.DataFrame) -> pd.DataFrame:
    return groups[["missed", "low", "high"]].set_axis(["value", "lower", "upper"], axis=1)


def _people(row: pd.Series) -> str:
    words = {
        "Age": f"people aged {row['category']}",
        "Sex": f"{row['category'].lower()} patients",
        "Deprivation": f"people of deprivation fifth {row['category']}",
        "No fixed abode": "people with no fixed abode" if row["category"] == "Yes" else "people with an abode",
    }
    return words[row["characteristic"]]


@finding
def household_sentence(kinds: pd.DataFrame) -> str:
    """People without an address, and people in probable care homes."""
    people = kinds.set_index("kind")["people"]
    total = people.fillna(0).sum()
    missing, homes = people.get("Address not known", 0), people.get("Probable care home", 0)
    where = f"{_share(missing, total)} of {total:,} people registered now have no usable address"
    if not pd.isna(missing) and missing == 0:
        where = f"All {total:,} people registered now have a usable address"
    return f"{where}; {_count(homes)} live in probable care homes."


def _share(part, total) -> str:
    return "A few" if pd.isna(part) else percent(part / total)


def _count(people) -> str:
    return "too few to show" if pd.isna(people) else f"{people:,}"


@finding("limit")
def limits_of_a_network() -> list[str]:
    """Limits of the report of one PCN."""
    return [
        "Records of people who are not in the GP extract and have no small area count only in the report of the ICS.",
        "Linkage error is estimated for the whole ICS; that of one PCN may differ.",
    ]
