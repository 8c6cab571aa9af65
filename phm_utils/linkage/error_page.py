"""Linkage error: released tables arranged for figures, and sentences of findings.

Measured over the whole ICS. See quality_releases.py for the tables.
"""

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.linkage.error import BOUNDED, CHECKED, MODELLED, NOT_KNOWN, REVIEWED, TESTED
from phm_utils.methods.comparisons import mirrored, rates_against, the_others
from phm_utils.methods.linkage_error import FALSE, count_range
from phm_utils.methods.rates import proportion
from phm_utils.reports.comparisons import Family, percent
from phm_utils.reports.findings import finding
from phm_utils.wording import in_sentence, joined

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
    """Sources whose share of false links differs from that of all others together, and what may be missed."""
    known = rows.dropna(subset=list(FALSE)).reset_index(drop=True)
    if known.empty:
        return f"No source has enough links to estimate how many are false. {_may_be_missed(rows)}".strip()
    units = _as_units(known, "false")
    family = Family(f"in {PER['false']:,} links are false", "source", "sources", "all other sources together")
    if len(known) == 1:
        row = units.iloc[0]
        lead = f"{known['title'].iloc[0]}: {family.form(row['value'])} {family.indicator}"
        return f"{lead} ({family.form(row['lower'])} to {family.form(row['upper'])}). {_may_be_missed(rows)}".strip()
    units = units.join(rates_against(units, the_others(units, _size(known)), left_out=_of_two(units))[JUDGED])
    return f"{family.standing_out(units.assign(unit=known['title']))} {_may_be_missed(rows)}".strip()


def _may_be_missed(rows: pd.DataFrame) -> str:
    """What is known of missed records, over all sources; no source is named by its limits."""
    estimated, bounded = rows.dropna(subset="missed_share"), rows[rows["missed_basis"] == BOUNDED]
    bounded = bounded.dropna(subset="missed_upper")
    parts = []
    if len(estimated):
        parts.append(
            f"missed are an estimated {_span(estimated['missed_share'])} of records in {_sources(len(estimated))}"
        )
    if len(bounded):
        parts.append(f"at most {_span(bounded['missed_upper'])} in {_sources(len(bounded))} where only that is known")
    said = " and ".join(parts)
    return f"{said[0].upper()}{said[1:]}." if said else ""


def _span(shares: pd.Series) -> str:
    low, high = percent(float(shares.min())), percent(float(shares.max()))
    return low if low == high else f"{low} to {high}"


def _sources(count: int) -> str:
    return f"{count} source{'s' if count > 1 else ''}"


@if_present
def chosen_source(error: pd.DataFrame) -> str:
    """The source for the figures by group: of those with most groups estimated, the one with most links."""
    estimated = error[(error["characteristic"] != "All") & error["false_share"].notna()].groupby("title").size()
    if estimated.empty:
        return ""
    linked = error[error["characteristic"] == "All"].set_index("title")["linked"]
    kept = linked.loc[estimated[estimated >= 0.75 * estimated.max()].index].fillna(0)
    return str(kept.sort_values(kind="stable").index[-1])


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
    """Groups of a source's records whose share of one kind of error differs from the other groups'.

    Each group is compared with the others of its characteristic together; a characteristic is a family.
    """
    kind = {"false": "links are false", "missed": "records are missed"}[share]
    known = groups.dropna(subset=[f"{share}_{part}" for part in ("share", "lower", "upper")]).reset_index(drop=True)
    if len(known) < 2:
        return f"{title}: too few records in every group to compare how many {kind}."
    units, of = _as_units(known, share), known["characteristic"]
    others = the_others(units, _size(known), family=of)
    units = units.join(rates_against(units, others, family=of, left_out=mirrored(of))[JUDGED])
    family = Family(f"in {PER[share]:,} {kind}", "group", "groups", "the other groups of the same characteristic")
    return f"{title}: {family.standing_out(units.assign(unit=known['group']))}"


JUDGED = ["comparator", "p", "verdict"]


def _as_units(rows: pd.DataFrame, share: str) -> pd.DataFrame:
    """`value`, `lower` and `upper` of one kind of error, per 10,000 links or 100 records."""
    columns = [f"{share}_{part}" for part in ("share", "lower", "upper")]
    return (PER[share] * rows[columns].astype(float)).set_axis(["value", "lower", "upper"], axis=1)


def _size(rows: pd.DataFrame) -> pd.Series:
    """Records tested of each row: the weight with which its estimate counts among the others; 1 if suppressed."""
    return rows["tested"].astype("Float64").fillna(1).astype(float)


def _of_two(units: pd.DataFrame) -> pd.Series:
    return mirrored(pd.Series("all", index=units.index))


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


WIDE = 0.05  # of a count: from which the range that linkage error leaves is said


@finding
def range_sentence(rows: pd.DataFrame) -> str:
    """The sources whose counts linkage error leaves less certain than WIDE."""
    known = rows.dropna()
    if known.empty:
        return "The error of a count from linkage is not known for any source."
    wide = known[(known["high"] - known["low"]) > WIDE * known["count"]]
    certain = f"{len(known) - len(wide)} of {_sources(len(known))}"
    lead = f"Linkage error leaves counts from {certain} certain to within {WIDE:.0%}"
    if wide.empty:
        return f"{lead}."
    named = [f"{in_sentence(row.title)} ({row.low:,.0f} to {row.high:,.0f})" for row in wide.itertuples()]
    return f"{lead}. Less certain, of {known['count'].iloc[0]:,} counted: {joined(named)}."


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
    """Groups whose true share missed differs from that of all other groups together, all sources together."""
    rows = _all_sources(truth, characteristic)
    known = rows[~rows["category"].str.startswith("Not ")].dropna(subset=["missed", "findable"]).reset_index(drop=True)
    if len(known) < 2:
        return f"{characteristic}: too few records in the groups to compare what is missed."
    units = proportion(known["missed"], known["findable"]).astype(float)
    others = the_others(units, known["findable"].astype(float))
    units = units.join(rates_against(units, others, left_out=_of_two(units))[JUDGED]).assign(unit=known["category"])
    family = Family("of records are missed in truth", "group", "groups", "all other groups together", percent)
    return f"{characteristic}: {family.standing_out(units)}"


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
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
