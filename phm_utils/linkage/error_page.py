"""Linkage error: released tables arranged for figures, and sentences of findings.

Measured over the whole ICS. See quality_releases.py for the tables.
"""

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.linkage.coverage import RATE
from phm_utils.linkage.error import CHECKED, MODELLED, NOT_KNOWN, REVIEWED, TESTED
from phm_utils.linkage_tables import BOUNDED
from phm_utils.methods.comparisons import mirrored, rates_against, the_others
from phm_utils.methods.linkage_error import FALSE, count_range
from phm_utils.reports.comparisons import Family, out_of, percent
from phm_utils.reports.findings import finding
from phm_utils.wording import in_sentence, joined

PER = {"false": 10_000, "missed": 100}  # false links are too rare for percentages
WIDE = 0.1  # of a count: the finding names sources that may be out by more
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


FALSE_BY_SOURCE = Family(
    "links to the wrong person, of 10,000", "source", "sources", "all other sources together",
    out_of(PER["false"]), own_comparators=True, counted="people checked",
)  # fmt: skip


@finding
def error_sentence(rows: pd.DataFrame) -> str:
    """The range of false links over sources, those that differ from all others, and how many records may be missed."""
    known = rows.dropna(subset=list(FALSE)).reset_index(drop=True)
    if known.empty:
        return "No source has enough links to estimate how many are false."
    units = _units(known, "false")
    low, high = (_short(PER["false"] * end) for end in (units["value"].min(), units["value"].max()))
    by_source = f"{low} to {high} by source" if len(known) > 1 else f"{low} in {_lower(known['title'].iloc[0])}"
    text = f"Of 10,000 links an estimated {by_source} are to the wrong person."
    if len(known) > 1:
        judged = rates_against(units, the_others(units, known["linked"]), scale="logit", rate=RATE)
        named = judged.assign(unit=known["title"].map(_lower), events=known["tested"])
        text += f" {FALSE_BY_SOURCE.standing_out(named[~mirrored(pd.Series('all', index=named.index))])}"
    return text + _missed(rows)


def _missed(rows: pd.DataFrame) -> str:
    """Records that may be missed: the range of estimates, and of bounds where there is no estimate."""
    known, bounded = rows.dropna(subset="missed_share"), rows[rows["missed_share"].isna()].dropna(subset="missed_upper")
    text = f" An estimated {_span(known['missed_share'])} of a source's records are missed." if len(known) else ""
    if len(bounded):
        of = "another" if len(known) else "a"
        text += f" Of {of} source's records at most {_span(bounded['missed_upper'])} are missed: the share not linked."
    return text


def _span(shares: pd.Series) -> str:
    low, high = percent(float(shares.min())), percent(float(shares.max()))
    return low if low == high else f"{low} to {high}"


@if_present
def chosen_source(error: pd.DataFrame) -> str:
    """The source for the figures by group: of those with most groups estimated, the one with most links."""
    estimated = error[(error["characteristic"] != "All") & error["false_share"].notna()].groupby("title").size()
    if estimated.empty:
        return ""
    links = error[error["characteristic"] == "All"].set_index("title")["linked"].fillna(0)
    most = links.reindex(estimated[estimated >= 0.75 * estimated.max()].index).fillna(0)
    return str(most.sort_values(kind="stable").index[-1])


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
    """The groups of a source that differ from all others of their characteristic in one kind of error.

    groups: of `by_group`. share: "false" or "missed".
    """
    kind = {"false": "links to the wrong person", "missed": "records missed"}[share]
    family = Family(
        f"{kind}, of {PER[share]:,}", "group", "groups", "all others of the same characteristic", out_of(PER[share]),
        own_comparators=True, counted="people checked",
    )  # fmt: skip
    known = groups.reset_index(drop=True)
    units, of = _units(known, share), known["characteristic"]
    judged = rates_against(units, the_others(units, known["linked"], family=of), family=of, scale="logit", rate=RATE)
    named = judged.assign(unit=known["group"].map(in_sentence), events=known["tested"])
    return f"{title}: {in_sentence(family.standing_out(named[~mirrored(of.where(units['value'].notna()))]))}"


def _units(rows: pd.DataFrame, share: str) -> pd.DataFrame:
    """One kind of error as `methods.comparisons` takes it."""
    columns = {f"{share}_share": "value", f"{share}_lower": "lower", f"{share}_upper": "upper"}
    return rows[list(columns)].rename(columns=columns).astype(float)


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
    """The sources whose counts may be out by more than WIDE, in their order."""
    known = rows.dropna()
    if known.empty:
        return "The error of a count from linkage is not known for any source."
    out = known[["low", "high"]].sub(known["count"], axis=0).abs().max(axis=1) / known["count"]
    wide = known[out > WIDE]
    lead = f"If every link were right, a count of {known['count'].iloc[0]:,}"
    if wide.empty:
        return f"{lead} from any of {len(known)} sources would be out by at most {WIDE:.0%}."
    listed = joined([f"{_lower(row.title)} ({row.low:,.0f} to {row.high:,.0f})" for row in wide.itertuples()])
    return f"{lead} could be out by more than {WIDE:.0%} from {len(wide)} of {len(known)} sources: {listed}."


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
    not_linked = "too few to show" if pd.isna(missed) else _percent(missed)
    return (
        f"In truth (synthetic data) {false} are to the wrong person; of the records of people in the GP extract "
        f"{not_linked} are not linked to them."
    )


@finding
def truth_gap_sentence(truth: pd.DataFrame, characteristic: str) -> str:
    """The true share missed of each group, all sources together, in the groups' order."""
    rows = _all_sources(truth, characteristic)
    known = rows[~rows["category"].str.startswith("Not ")].dropna(subset="missed_share").sort_values("place")
    if len(known) < 2:
        return f"{characteristic}: too few records in the groups to compare what is missed."
    listed = joined([f"{row.category} {_percent(row.missed_share)}" for row in known.itertuples()])
    return f"{characteristic}: in truth the records missed are {listed}."


def _percent(share: float) -> str:
    return f"{share:.2%}" if share == 0 or share >= 0.00005 else "under 0.01%"


def _all_sources(truth: pd.DataFrame, characteristic: str) -> pd.DataFrame:
    return truth[(truth["source"] == "all") & (truth["characteristic"] == characteristic)]


def _per_10_000(rows: pd.DataFrame) -> pd.DataFrame:
    per = {f"per_{name.removeprefix('false_')}": PER["false"] * rows[name].astype(float) for name in FALSE}
    return rows.assign(**per)


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
    if value < 0.005:
        return "under 0.01" if value else "0"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _lower(title: str) -> str:
    """A title within a sentence; abbreviations keep their capitals."""
    return title if title[:2].isupper() else title[0].lower() + title[1:]
