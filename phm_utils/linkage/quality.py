"""The quality page of the linkage: released tables made ready to draw, and what they say in words."""

import pandas as pd

from phm_utils.linkage.releases import METHODS

WORDS = {
    "agrees": "Token, all agrees",
    "sex_differs": "Token, sex differs",
    "month_differs": "Token, birth month differs",
    "conflict": "Conflict: not attached",
    "not_in_extract": "Not in GP extract",
    "no_token": "No token",
}
SPINE = "gp_registration"


def present(sources: pd.DataFrame) -> pd.DataFrame:
    """Sources with records here, other than the GP registrations that all others are attached to."""
    return sources[(sources["source"] != SPINE) & sources["records"].notna() & (sources["records"] != 0)]


def absent(sources: pd.DataFrame) -> list[str]:
    """Titles of the sources that this area has no records of."""
    return sources.loc[(sources["records"] == 0).fillna(False), "title"].tolist()


def by_method(sources: pd.DataFrame) -> pd.DataFrame:
    """One row per source and method, in the order of the methods: its share of the source's records."""
    long = present(sources).melt(["title", "records"], list(METHODS), var_name="method", value_name="count")
    return long.assign(share=long["count"] / long["records"], method=long["method"].map(WORDS))


def attached_sentence(sources: pd.DataFrame) -> str:
    """Which sources join best and worst."""
    ranked = present(sources).dropna(subset="share").sort_values(["share", "title"])
    if ranked.empty:
        return "No source has records enough here to say what share is attached."
    low, high = ranked.iloc[0], ranked.iloc[-1]
    return (
        f"Between {low['share']:.1%} ({low['title']}) and {high['share']:.1%} ({high['title']}) of records "
        "are attached to a person in the GP extract."
    )


def conflicts(sources: pd.DataFrame, max_share: float) -> list[str]:
    """A sentence for each source whose conflicts exceed `max_share` of its records."""
    over = sources[(sources["conflict_share"] > max_share).fillna(False)]
    return [
        f"{row.title}: {row.conflict:,} of {row.records:,} records ({row.conflict_share:.1%}) carry the token of "
        "somebody of another sex and birth month. Ask its supplier how tokens were made."
        for row in over.itertuples()
    ]


def chosen_source(coverage: pd.DataFrame) -> str:
    """The title of the source with most records not attached, to look at closely."""
    missed = coverage[coverage["source"] != SPINE].query("characteristic == 'Sex'")
    return missed.groupby("title")["not_linked"].sum().sort_index().idxmax()


def missed_groups(coverage: pd.DataFrame, title: str) -> pd.DataFrame:
    """One row per group of one source's records: the share not attached, in order of the groups."""
    rows = coverage[coverage["title"] == title].sort_values(["characteristic", "place"])
    return rows.assign(
        group=rows["characteristic"] + ": " + rows["category"],
        missed=1 - rows["share"],
        low=1 - rows["upper"],
        high=1 - rows["lower"],
    )


def missed_sentence(groups: pd.DataFrame, title: str) -> str:
    """Which kind of record is attached least often."""
    known = groups.dropna(subset="missed")
    if known.empty:
        return f"{title}: too few records in every group to say whose are missed."
    worst, best = known.loc[known["missed"].idxmax()], known.loc[known["missed"].idxmin()]
    return (
        f"{title}: {worst['missed']:.1%} of records are not attached where {_plain(worst)}, "
        f"against {best['missed']:.1%} where {_plain(best)}."
    )


def _plain(row: pd.Series) -> str:
    return f"{row['characteristic'].lower()} is {row['category'].lower()}"


def household_sentence(kinds: pd.DataFrame) -> str:
    """How many addresses are missing, and how many people live in probable care homes."""
    people = kinds.set_index("kind")["people"]
    total = people.fillna(0).sum()
    missing, homes = people.get("Address not known", 0), people.get("Probable care home", 0)
    return (
        f"{_share(missing, total)} of {total:,} people registered now have no address that can be joined; "
        f"{_count(homes)} live in probable care homes."
    )


def _share(part, whole) -> str:
    return "Few" if pd.isna(part) else f"{part / whole:.1%}" if whole else "None"


def _count(people) -> str:
    return "fewer than 8" if pd.isna(people) else f"{people:,}"
