"""How many links are wrong and how many are missed: released tables made ready to draw, and what they say in words.

All of it is measured over the whole ICS. See quality_releases.py for the tables.
"""

import pandas as pd

from phm_utils.linkage.linkage_error import BOUNDED, CHECKED, MODELLED, NOT_KNOWN, REVIEWED, TESTED
from phm_utils.methods.linkage_error import FALSE, count_range

PER = 10_000  # links: false ones are too rare for percentages
BASES = {
    TESTED: "tested on records whose person is known",
    REVIEWED: "pairs judged by a person",
    MODELLED: "what the model expects; not tested",
    CHECKED: "sex and month of birth that contradict the token",
    BOUNDED: "not known; at most all that are not joined",
    NOT_KNOWN: "not known",
}


def overall(error: pd.DataFrame) -> pd.DataFrame:
    """One row per source: its false links per 10,000, without sources of whose links nothing can be said."""
    rows = error[(error["characteristic"] == "All") & ((error["linked"] != 0) | error["linked"].isna())]
    rows = rows[~((rows["false_basis"] == NOT_KNOWN) & (rows["missed_basis"].isin([NOT_KNOWN, BOUNDED])))]
    return _per_10_000(rows).reset_index(drop=True)


def unchecked_sentence(error: pd.DataFrame) -> str | None:
    """Of which sources' links nothing can tell whether they are right; None where there is no such source."""
    rows = error[(error["characteristic"] == "All") & (error["false_basis"] == NOT_KNOWN)]
    if rows.empty:
        return None
    return f"Whether links are right cannot be told from the records of: {', '.join(sorted(rows['title']))}."


def error_table(rows: pd.DataFrame) -> pd.DataFrame:
    """False and missed shares of sources, ready to read."""
    return pd.DataFrame(
        {
            "Source": rows["title"],
            "Linked": rows["linked"],
            "False links (%)": [_limits(row, "false") for _, row in rows.iterrows()],
            "False links: from": rows["false_basis"].map(BASES),
            "Missed (%)": [_limits(row, "missed") for _, row in rows.iterrows()],
            "Missed: from": rows["missed_basis"].map(BASES),
        }
    ).reset_index(drop=True)


def error_sentence(rows: pd.DataFrame) -> str:
    """The sources with the most and the fewest false links, and the most missed."""
    known = rows.dropna(subset=list(FALSE))
    if known.empty:
        return "No source has links enough to estimate how many are wrong."
    worst, best = known.loc[known["false_upper"].idxmax()], known.loc[known["false_upper"].idxmin()]
    missed = rows.dropna(subset="missed_upper")
    text = (
        f"Of 10,000 links, an estimated {_range(worst)} are to somebody else in {_named(worst)}, "
        f"and {_range(best)} in {_named(best)}."
    )
    if len(missed):
        most = missed.loc[missed["missed_upper"].idxmax()]
        least = f"{most['missed_lower']:.1%} to " if most["missed_lower"] > 0 else "up to "
        text += f" Most are missed in {_named(most)}: {least}{most['missed_upper']:.1%} of its people's records."
    return text


def chosen_source(error: pd.DataFrame) -> str:
    """The title of the source to look at by group: the one with the most groups estimated, then the most links."""
    rows = error[(error["characteristic"] != "All") & error["false_share"].notna()]
    if rows.empty:
        return ""
    ranked = rows.groupby("title").agg(groups=("category", "size"), linked=("linked", "sum"))
    return str(ranked.sort_values(["groups", "linked"], kind="stable").index[-1])


def by_group(error: pd.DataFrame, title: str) -> pd.DataFrame:
    """One row per group of one source's records, in order: false links per 10,000 and shares missed."""
    rows = error[(error["title"] == title) & (error["characteristic"] != "All")]
    rows = rows.sort_values(["characteristic", "place"])
    return _per_10_000(rows.assign(group=rows["characteristic"] + ": " + rows["category"])).reset_index(drop=True)


def shares_known(groups: pd.DataFrame) -> dict[str, str]:
    """Which kinds of error are estimated for groups, with the words for them."""
    words = {"false": "Share of links that are false", "missed": "Share of records that are missed"}
    return {share: name for share, name in words.items() if groups[f"{share}_share"].notna().any()}


def group_table(groups: pd.DataFrame, share: str, name: str) -> pd.DataFrame:
    """One kind of error by group, ready to read."""
    shown = pd.DataFrame({"Group": groups["group"], "Linked": groups["linked"], "Tested": groups["tested"]})
    return shown.assign(**{f"{name} (%)": [_limits(row, share) for _, row in groups.iterrows()]})


def group_sentence(groups: pd.DataFrame, share: str, title: str) -> str:
    """Between which groups of a source the estimate of one kind of error differs most, where limits tell them apart."""
    told = groups[~groups["category"].str.startswith(("No ", "Not ", "Other or"))]
    known = told.dropna(subset=[f"{share}_share", f"{share}_lower", f"{share}_upper"])
    kind = {"false": "links that are wrong", "missed": "records that are missed"}[share]
    if len(known) < 2:
        return f"{title}: too few records in every group to say whose {kind} are more."
    high, low = known.loc[known[f"{share}_lower"].idxmax()], known.loc[known[f"{share}_upper"].idxmin()]
    if high[f"{share}_lower"] <= low[f"{share}_upper"]:
        return f"{title}: the limits of all groups overlap; no group's share of {kind} is shown to be higher."
    return (
        f"{title}: the share of {kind} is higher for {high['group']} ({high[f'{share}_share']:.2%}) than for "
        f"{low['group']} ({low[f'{share}_share']:.2%}), and their limits do not overlap."
    )


def ranges(rows: pd.DataFrame, count: int = 1_000) -> pd.DataFrame:
    """One row per source: between what a count taken from it would lie, had every link been right."""
    low, high = count_range(count, rows)
    shown = pd.DataFrame({"Source": rows["title"].to_numpy(), "Counted": count, "From": low, "To": high})
    return shown.assign(From=shown["From"].round(), To=shown["To"].round())


def range_sentence(shown: pd.DataFrame) -> str:
    """The source whose counts are least sure."""
    known = shown.dropna()
    if known.empty:
        return "How far a count may be out is not known for any source."
    widest = known.loc[(known["To"] - known["From"]).idxmax()]
    return (
        f"A count of {widest['Counted']:,.0f} taken from {_lower(widest['Source'])} would be between "
        f"{widest['From']:,.0f} and {widest['To']:,.0f}, had every link been right; of other sources the range is "
        "narrower."
    )


def against_truth(truth: pd.DataFrame, error: pd.DataFrame) -> pd.DataFrame:
    """One row per source: wrong and missed links in truth, beside what was estimated."""
    rows = truth[truth["characteristic"] == "All"].merge(
        error[error["characteristic"] == "All"].drop(columns=["missed_share"]), how="left", on=["source", "title"],
        suffixes=("", "_estimated"),
    )  # fmt: skip
    return pd.DataFrame(
        {
            "Source": rows["title"],
            "Links": rows["links"],
            "Wrong": rows["wrong"],
            "Wrong (%)": (100 * rows["wrong_share"].astype("Float64")).round(3),
            "Estimated (%)": [_limits(row, "false") for _, row in rows.iterrows()],
            "Missed": rows["missed"],
            "Missed (%)": (100 * rows["missed_share"].astype("Float64")).round(2),
            "At most (%)": (100 * rows["missed_upper"].astype(float)).round(2),
        }
    )


def truth_sentence(truth: pd.DataFrame) -> str:
    """Wrong and missed links of all sources together, as far as they may be shown."""
    rows = truth[truth["characteristic"] == "All"]
    wrong, links = rows["wrong"].fillna(0).sum(), rows["links"].sum()
    missed, findable = rows["missed"].fillna(0).sum(), rows["findable"].sum()
    if not links or not findable:
        return "Too few links to compare with the truth."
    return (
        f"In truth (synthetic data) about {PER * wrong / links:.1f} of 10,000 links are to somebody else, and "
        f"{missed / findable:.2%} of the records of people in the GP extract are not joined to them."
    )


def truth_gap_sentence(truth: pd.DataFrame, characteristic: str) -> str:
    """Between which groups the share missed differs most in truth, all sources together."""
    rows = truth[(truth["characteristic"] == characteristic) & ~truth["category"].str.startswith("Not ")]
    sums = rows.dropna(subset=["missed", "findable"]).groupby("category")[["missed", "findable"]].sum()
    shares = (sums["missed"] / sums["findable"].where(sums["findable"] >= 1000)).dropna()
    if len(shares) < 2:
        return f"{characteristic}: too few records in the groups to compare what is missed."
    return (
        f"{characteristic}: in truth between {shares.min():.2%} ({shares.idxmin()}) and {shares.max():.2%} "
        f"({shares.idxmax()}) of records are missed."
    )


def _per_10_000(rows: pd.DataFrame) -> pd.DataFrame:
    per = {f"per_{name.removeprefix('false_')}": PER * rows[name].astype(float) for name in FALSE}
    return rows.assign(**per)


def _range(row: pd.Series) -> str:
    return f"{PER * row['false_lower']:.1f} to {PER * row['false_upper']:.1f}"


def _limits(row: pd.Series, share: str) -> str:
    """A share with its limits in percent, as far as they are known."""
    value, low, high = (100 * row[f"{share}_{part}"] for part in ("share", "lower", "upper"))
    between = "" if pd.isna(low) or pd.isna(high) else f"{low:.3g} to {high:.3g}"
    if pd.isna(value):
        return between or "not known"
    return f"{value:.3g} ({between})" if between else f"{value:.3g}"


def _named(row: pd.Series) -> str:
    return _lower(row["title"])


def _lower(title: str) -> str:
    """A title within a sentence; abbreviations keep their capitals."""
    return title if title[:2].isupper() else title[0].lower() + title[1:]
