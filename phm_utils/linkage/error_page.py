"""Linkage error: released tables arranged for figures, and sentences of findings.

Measured over the whole ICS. See quality_releases.py for the tables.
"""

import numpy as np
import pandas as pd
from scipy.stats import norm

from phm_utils.absent import Absent, if_present
from phm_utils.linkage.error import BOUNDED, CHECKED, MODELLED, NOT_KNOWN, REVIEWED, TESTED
from phm_utils.methods.linkage_error import FALSE, count_range
from phm_utils.reports.findings import finding

PER = {"false": 10_000, "missed": 100}  # false links are too rare for percentages
BASES = {
    TESTED: "tested on records whose person is known",
    REVIEWED: "clerical review",
    MODELLED: "expected by the model; not tested",
    CHECKED: "conflicts of sex and month of birth",
    BOUNDED: "not known; at most all not linked",
    NOT_KNOWN: "not known",
}


@if_present
def overall(error: pd.DataFrame) -> pd.DataFrame | Absent:
    """One row per source: its false links per 10,000; sources without an estimate left out. Absent without any."""
    rows = error[(error["characteristic"] == "All") & ((error["linked"] != 0) | error["linked"].isna())]
    rows = rows[~((rows["false_basis"] == NOT_KNOWN) & (rows["missed_basis"].isin([NOT_KNOWN, BOUNDED])))]
    if rows.empty:
        return Absent("Estimated false and missed links", "linked records with sex and month of birth to check")
    return _per_10_000(rows).reset_index(drop=True)


@finding("limit")
def unchecked_sentence(error: pd.DataFrame) -> str | None:
    """The sources whose false links cannot be estimated; None where there are none."""
    rows = error[(error["characteristic"] == "All") & (error["false_basis"] == NOT_KNOWN)]
    if rows.empty:
        return None
    return f"False links cannot be estimated for: {', '.join(sorted(rows['title']))}."


@if_present
def error_table(rows: pd.DataFrame) -> pd.DataFrame:
    """False and missed shares of sources, ready to show."""
    return pd.DataFrame(
        {
            "Source": rows["title"],
            "Linked": rows["linked"],
            "False in 10,000": _texts(rows, "false"),
            "False: from": rows["false_basis"].map(BASES),
            "Missed in 100": _texts(rows, "missed"),
            "Missed: from": rows["missed_basis"].map(BASES),
        }
    ).reset_index(drop=True)


@finding
def error_sentence(rows: pd.DataFrame) -> str:
    """The sources with most and fewest false links by their limits, and the one where most may be missed."""
    known = rows.dropna(subset=list(FALSE))
    if known.empty:
        return "No source has enough links to estimate how many are false."
    worst = known.sort_values(["false_lower", "false_upper"], kind="stable").iloc[-1]
    best = known.loc[known["false_upper"].idxmin()]
    against = "" if worst["title"] == best["title"] else f", against {_range(best)} in {_lower(best['title'])}"
    text = f"Of 10,000 links an estimated {_range(worst)} are to the wrong person in {_lower(worst['title'])}{against}."
    missed = rows.dropna(subset="missed_upper")
    if missed.empty:
        return text
    most = missed.loc[missed["missed_upper"].idxmax()]
    least = f"{most['missed_lower']:.1%} to " if most["missed_lower"] > 0 else "up to "
    return f"{text} Most may be missed in {_lower(most['title'])}: {least}{most['missed_upper']:.1%} of records."


@if_present
def chosen_source(error: pd.DataFrame) -> str:
    """The source for the figures by group: of those with most groups estimated, the one with most errors."""
    estimated = error[(error["characteristic"] != "All") & error["false_share"].notna()].groupby("title").size()
    if estimated.empty:
        return ""
    totals = error[error["characteristic"] == "All"].set_index("title")[["false_upper", "missed_share"]]
    errors = totals.loc[estimated[estimated >= 0.75 * estimated.max()].index].fillna(0).sum(axis=1)
    return str(errors.sort_values(kind="stable").index[-1])


@if_present
def by_group(error: pd.DataFrame, title: str) -> pd.DataFrame:
    """One row per group of one source's records, in order; groups of missing values left out."""
    rows = error[(error["title"] == title) & (error["characteristic"] != "All")]
    missing = rows["category"].str.startswith(("No IMD", "Other or not"))
    missing |= (rows["characteristic"] == "Age") & (rows["category"] == "Not known")
    rows = rows[~missing].sort_values(["characteristic", "place"])
    return rows.assign(group=rows["characteristic"] + ": " + rows["category"]).reset_index(drop=True)


@if_present
def shares_known(groups: pd.DataFrame) -> dict[str, str]:
    """Which kinds of error are estimated for groups, with their labels."""
    words = {"false": "Share of links that are false", "missed": "Share of records that are missed"}
    return {share: name for share, name in words.items() if groups[f"{share}_share"].notna().any()}


@if_present
def group_table(groups: pd.DataFrame, share: str) -> pd.DataFrame:
    """One kind of error by group, ready to show."""
    shown = pd.DataFrame({"Group": groups["group"], "Linked": groups["linked"], "Tested": groups["tested"]})
    return shown.assign(**{f"{share.capitalize()} in {PER[share]:,}": _texts(groups, share)})


@finding
def group_sentence(groups: pd.DataFrame, share: str, title: str) -> str:
    """The two groups of a source that differ most in one kind of error, where chance does not explain it.

    Among many groups some differ by chance: limits are widened by Bonferroni's
    rule, on the square root scale, where they are about symmetric.
    """
    value, lower, upper = (f"{share}_{part}" for part in ("share", "lower", "upper"))
    known = groups.dropna(subset=[value, lower, upper])
    kind = {"false": "links that are false", "missed": "records that are missed"}[share]
    if len(known) < 2:
        return f"{title}: too few records in every group to compare {kind}."
    wider = norm.isf(0.025 / len(known)) / norm.isf(0.025)
    middle, half = np.sqrt(known[value]), wider * (np.sqrt(known[upper]) - np.sqrt(known[lower])) / 2
    high, low = known.loc[(middle - half).idxmax()], known.loc[(middle + half).idxmin()]
    if (middle - half).max() <= (middle + half).min():
        return (
            f"{title}: no group's share of {kind} differs from another's by more than chance among {len(known)} groups."
        )
    return (
        f"{title}: {_text(high, share)} in {PER[share]:,} {kind} for {high['group']}, and {_text(low, share)} for "
        f"{low['group']}: more than chance among {len(known)} groups explains."
    )


@if_present
def ranges(rows: pd.DataFrame, count: int = 1_000) -> pd.DataFrame:
    """One row per source: the range of a count from it, if every link were right.

    Columns `title`, `count`, `low` and `high`, of which either is missing where it is not known.
    """
    low, high = count_range(count, rows)
    return pd.DataFrame({"title": rows["title"].to_numpy(), "count": count, "low": low.round(), "high": high.round()})


@if_present
def range_table(rows: pd.DataFrame) -> pd.DataFrame:
    """The ranges, ready to show."""
    between = [
        "not known, or too few to estimate"
        if pd.isna(row.low) or pd.isna(row.high)
        else f"{row.low:,.0f} and {row.high:,.0f}"
        for row in rows.itertuples()
    ]
    return pd.DataFrame({"Source": rows["title"], "Counted": rows["count"], "With right links between": between})


@finding
def range_sentence(rows: pd.DataFrame) -> str:
    """The source whose counts are least certain."""
    known = rows.dropna()
    if known.empty:
        return "The error of a count from linkage is not known for any source."
    widest = known.loc[(known["high"] - known["low"]).idxmax()]
    return (
        f"Least certain are counts from {_lower(widest['title'])}: {widest['count']:,} counted would be between "
        f"{widest['low']:,.0f} and {widest['high']:,.0f} if every link were right."
    )


@if_present
def against_truth(truth: pd.DataFrame, error: pd.DataFrame) -> pd.DataFrame:
    """One row per source: true and estimated false and missed links."""
    true = truth[(truth["characteristic"] == "All") & (truth["source"] != "all")].reset_index(drop=True)
    estimates = error[error["characteristic"] == "All"].set_index("source").reindex(true["source"]).reset_index()
    return pd.DataFrame(
        {
            "Source": true["title"],
            "Links": true["links"],
            "False": true["wrong"],
            "False in 10,000": (10_000 * true["wrong_share"].astype("Float64")).round(2),
            "Estimated in 10,000": _texts(estimates, "false"),
            "Missed": true["missed"],
            "Missed in 100": (100 * true["missed_share"].astype("Float64")).round(2),
            "Estimated in 100": _texts(estimates, "missed"),
        }
    )


@finding
def truth_sentence(truth: pd.DataFrame) -> str:
    """Wrong and missed links of all sources together."""
    row = _all_sources(truth, "All").iloc[0]
    wrong, missed = row["wrong_share"], row["missed_share"]
    false = "too few links to show" if pd.isna(wrong) else f"about {_short(PER['false'] * wrong)} of 10,000 links"
    not_linked = "too few to show" if pd.isna(missed) else f"{missed:.2%}"
    return (
        f"In truth (synthetic data) {false} are to the wrong person; of the records of people in the GP extract "
        f"{not_linked} are not linked to them."
    )


@finding
def truth_gap_sentence(truth: pd.DataFrame, characteristic: str) -> str:
    """The groups with the lowest and highest true share missed, all sources together."""
    rows = _all_sources(truth, characteristic)
    known = rows[~rows["category"].str.startswith("Not ")].dropna(subset="missed_share")
    if len(known) < 2:
        return f"{characteristic}: too few records in the groups to compare what is missed."
    low, high = known.loc[known["missed_share"].idxmin()], known.loc[known["missed_share"].idxmax()]
    return (
        f"{characteristic}: in truth between {low['missed_share']:.2%} ({low['category']}) and "
        f"{high['missed_share']:.2%} ({high['category']}) of records are missed."
    )


def _all_sources(truth: pd.DataFrame, characteristic: str) -> pd.DataFrame:
    return truth[(truth["source"] == "all") & (truth["characteristic"] == characteristic)]


def _per_10_000(rows: pd.DataFrame) -> pd.DataFrame:
    per = {f"per_{name.removeprefix('false_')}": PER["false"] * rows[name].astype(float) for name in FALSE}
    return rows.assign(**per)


def _range(row: pd.Series) -> str:
    return " to ".join(_short(PER["false"] * row[limit]) for limit in FALSE[1:])


def _texts(rows: pd.DataFrame, share: str) -> list[str]:
    return [_text(row, share) for _, row in rows.iterrows()]


def _text(row: pd.Series, share: str) -> str:
    """A share with its limits, as far as they are known, per 10,000 links or 100 records."""
    value, low, high = (PER[share] * row[f"{share}_{part}"] for part in ("share", "lower", "upper"))
    if pd.isna(value) and pd.isna(high):
        return "not known" if row[f"{share}_basis"] in (NOT_KNOWN, None) else "too few to estimate"
    between = "" if pd.isna(low) or pd.isna(high) else f"{_short(low)} to {_short(high)}"
    if pd.isna(value):
        return between
    return f"{_short(value)} ({between})" if between else _short(value)


def _short(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _lower(title: str) -> str:
    """A title within a sentence; abbreviations keep their capitals."""
    return title if title[:2].isupper() else title[0].lower() + title[1:]
