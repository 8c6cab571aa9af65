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
HEADINGS = {
    **WORDS,
    "title": "Source",
    "records": "Records",
    "attached": "Attached",
    "share": "Attached (%)",
    "group": "Group",
    "linked": "Attached",
    "not_linked": "Not attached",
    "missed": "Not attached (%)",
    "kind": "Household",
    "people": "People",
    "households": "Households",
}
SPINE = "gp_registration"


def readable(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Some columns under the headings that readers see, shares in percent."""
    shown = frame[list(columns)].reset_index(drop=True)
    for column in columns:
        if HEADINGS[column].endswith("(%)"):
            shown[column] = (100 * shown[column].astype(float)).round(2)
    return shown.rename(columns=HEADINGS)


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


def settled_sentence(sources: pd.DataFrame) -> str:
    """How many records were attached on a token whose sex or birth month differs, and how many conflict."""
    rows = present(sources)
    differ = rows[["sex_differs", "month_differs"]].fillna(0).sum().sum()
    shown, total = rows["conflict"].fillna(0).sum(), rows["records"].sum()
    conflicts = (
        f"about {shown:,} records are conflicts" if shown else "no source has a conflict count large enough to show"
    )
    if (rows["conflict"] == 0).all():
        conflicts = "no record is a conflict"
    return (
        f"Of {total:,} records outside the GP registrations, about {differ:,} were attached although sex or month of "
        f"birth differs, and {conflicts}."
    )


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
    """The title of the source to look at closely: it tells most about its records and loses most of them."""
    rows = coverage[coverage["source"] != SPINE]
    told = rows.groupby("title")["characteristic"].nunique()
    lost = rows[rows["characteristic"] == "Sex"].groupby("title")["not_linked"].sum()
    ranked = pd.DataFrame({"told": told, "lost": lost}).sort_values(["told", "lost"], kind="stable")
    return str(ranked.index[-1])


def by_source(coverage: pd.DataFrame, characteristic: str) -> pd.DataFrame:
    """One row per source, one column per category of one characteristic: the percentage not attached."""
    rows = coverage[(coverage["characteristic"] == characteristic) & (coverage["source"] != SPINE)]
    order = rows.drop_duplicates("category").sort_values("place")["category"]
    wide = rows.assign(missed=(100 * (1 - rows["share"].astype(float))).round(2))
    wide = wide.pivot(index="title", columns="category", values="missed")[order.tolist()]
    return wide.rename_axis(index="Source", columns=None).reset_index()


def other_rules(sources: pd.DataFrame) -> pd.DataFrame:
    """One row per source: the percentage of its records attached under a stricter and a laxer rule."""
    rows = present(sources)
    counts = rows[list(METHODS)].fillna(0).astype(float)
    total = rows["records"].astype(float)
    strict, lax = counts["agrees"], counts[["agrees", "sex_differs", "month_differs", "conflict"]].sum(axis=1)
    used = lax - counts["conflict"]
    shares = {"Token, sex and month agree (%)": strict, "Rule in use (%)": used, "Token alone (%)": lax}
    percent = {name: (100 * part / total).clip(upper=100).round(2) for name, part in shares.items()}
    return pd.DataFrame({"Source": rows["title"], **percent}).reset_index(drop=True)


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
