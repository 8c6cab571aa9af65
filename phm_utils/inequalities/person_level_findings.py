"""What the person-level figures say, in words: each finding is computed from the released tables."""

import pandas as pd

from phm_utils.inequalities.person_level_view import AGAINST_AGE

FEW = "too few to show"
PLACES = {"above": "clearly above", "below": "clearly below", "neither": "not clearly different from"}


def count(value: object) -> str:
    """A released count in words."""
    return FEW if pd.isna(value) else f"{int(value):,}"


def span(units: pd.DataFrame, value: str, label: str, percent: bool = False) -> str:
    """The highest and the lowest of what is drawn."""
    known = units.dropna(subset=value)
    if known.empty:
        return "every value is withheld."
    high, low = known.loc[known[value].idxmax()], known.loc[known[value].idxmin()]
    show = "{:.1%}" if percent else "{:.3g}"
    return f"highest {high[label]} ({show.format(high[value])}), lowest {low[label]} ({show.format(low[value])})."


def units(rows: pd.DataFrame, reference: float, kind: str) -> str:
    """How many units are clearly above the reference once age is allowed for, and what closing the gap would mean.

    rows: from `view.against`. kind: "practice" or "PCN".
    """
    above = rows[rows["clearly"] == "above"].sort_values("value", ascending=False)
    if above.empty:
        return f"No {kind} of {len(rows)} is clearly above the ICS average ({reference:.3g}) once age is allowed for."
    names = ", ".join(f"{row.unit_name} ({row.value:.3g})" for row in above.head(3).itertuples())
    more = f" and {len(above) - 3} more" if len(above) > 3 else ""
    verb = "is" if len(above) == 1 else "are"
    return (
        f"{len(above)} of {len(rows)} {kind}s {verb} clearly above the ICS average of {reference:.3g} emergency "
        f"admissions per 1,000 people a year: {names}{more}. Closing the gap to the ICS average would mean about "
        f"{count(above['fewer'].sum())} fewer admissions a year."
    )


def standing(rows: pd.DataFrame, name: str, reference: float) -> str:
    """Where one network stands among all, once age is allowed for."""
    here = rows[rows["unit_name"] == name]
    if here.empty or pd.isna(here["value"].iloc[0]):
        return f"{name} has too few admissions for a rate."
    row = here.iloc[0]
    where = {"above": "clearly above", "below": "clearly below", "neither": "not clearly different from"}[
        row["clearly"]
    ]
    gap = f" Closing that gap would mean about {count(row['fewer'])} fewer a year." if row["clearly"] == "above" else ""
    return (
        f"{name}: {row['value']:.3g} emergency admissions per 1,000 people a year ({row['lower']:.3g} to "
        f"{row['upper']:.3g}) once age is allowed for, {where} the ICS average ({reference:.3g}).{gap}"
    )


def gradient(index: pd.DataFrame, what: str) -> str:
    """The ratio between the two ends of deprivation, of rates standardised for age."""
    row = index.iloc[0] if len(index) else None
    if row is None or pd.isna(row["rii"]):
        return f"{what}: no gradient is drawn, because some fifth of deprivation has too few people or events."
    ratio, low, high = row["rii"], row["rii_lower"], row["rii_upper"]
    if low <= 1 <= high:
        return f"{what}: no clear difference between most and least deprived at the same age (ratio {ratio:.2f})."
    ends = "among the most deprived as among the least"
    if ratio < 1:
        ratio, low, high, ends = 1 / ratio, 1 / high, 1 / low, "among the least deprived as among the most"
    return f"{what}: {ratio:.1f} times ({low:.1f} to {high:.1f}) as high {ends}, at the same age."


def same_rate(rows: pd.DataFrame, reference: pd.DataFrame) -> str:
    """What it would mean if every fifth here had the rate that the least deprived has in the ICS.

    rows, reference: the fifths of this area and of the whole ICS.
    """
    best = reference.loc[reference["imd_quintile"] == "5", "value"]
    known = rows[rows["imd_quintile"] != "Not known"].dropna(subset=["value", "admissions"])
    if best.isna().all() or known.empty:
        return "There are too few admissions to say what the rate of the least deprived would mean here."
    admissions = known["admissions"].astype(float)
    excess = (admissions * (1 - best.iloc[0] / known["value"])).clip(lower=0).sum()
    return (
        f"At the rate of the ICS's least deprived fifth ({best.iloc[0]:.3g}) there would be about "
        f"{round(excess / 5) * 5:,.0f} fewer emergency admissions a year, {excess / admissions.sum():.0%} of them all."
    )


def small_areas(areas: pd.DataFrame) -> str:
    """How many small areas have clearly more admissions than age explains, and how deprived they are."""
    shown = areas.dropna(subset="against_age")
    more = shown[shown["against_age"] == AGAINST_AGE[-1]]
    if more.empty:
        return f"None of {len(shown)} small areas has clearly more emergency admissions than age explains."
    deprived = (more["imd_decile"] <= 2).sum()
    elsewhere = (shown["imd_decile"] <= 2).mean()
    return (
        f"{len(more)} of {len(shown)} small areas have clearly more emergency admissions than the age of their people "
        f"explains; {deprived} of those are among the most deprived fifth of England, as are {elsewhere:.0%} of all."
    )


def age_explains(ranks: pd.DataFrame, kind: str) -> str:
    """How far the order of units changes once age is allowed for."""
    if len(ranks) < 2:
        return f"Fewer than two {kind}s have a rate: there is no order to compare."
    moved = (ranks["rank"] - ranks["crude_rank"]).abs()
    first, crude = ranks.iloc[0]["unit_name"], ranks.sort_values("crude_rank").iloc[0]["unit_name"]
    if first == crude:
        lead = f"{first} stands highest either way"
    else:
        lead = f"Without allowing for age {crude} would stand highest, not {first}"
    return f"{lead}; {(moved > 0).sum()} of {len(ranks)} {kind}s change place."


def condition(rows: pd.DataFrame, ics_share: float, title: str, kind: str) -> str:
    """Where a condition is recorded most, as it is."""
    known = rows.dropna(subset="share")
    if known.empty:
        return f"{title}: too few people in every {kind} to show."
    row = known.loc[known["share"].idxmax()]
    more = "more" if row["difference"] >= 0 else "fewer"
    return (
        f"{title} is recorded most in {row['unit_name']}: {row['share']:.1%} of people, against {ics_share:.1%} in "
        f"the ICS; about {abs(row['difference']):,} people {more} than at the ICS's share."
    )


def ethnicity(rows: pd.DataFrame, title: str) -> str:
    """Which ethnic group has the condition most at the same age, and how many people have no group recorded."""
    unknown = rows[rows["category"].isin(("Not stated", "Not known"))]
    known = rows[~rows["category"].isin(unknown["category"])].dropna(subset="adjusted")
    missing = unknown["people"].fillna(0).sum() / rows["people"].fillna(0).sum()
    tail = f" {missing:.1%} of people have no ethnic group recorded or did not state it."
    if len(known) < 2:
        return f"{title}: too few people in all ethnic groups but one to compare at the same age.{tail}"
    high, largest = known.loc[known["adjusted"].idxmax()], known.loc[known["people"].idxmax()]
    other = largest if largest["category"] != high["category"] else known.loc[known["adjusted"].idxmin()]
    return (
        f"{title} at the same age: {high['adjusted']:.1%} in the {high['category']} group, {other['adjusted']:.1%} in "
        f"the {other['category']} group.{tail}"
    )


def recorded(rows: pd.DataFrame, kind: str) -> str:
    """Where ethnicity is recorded least."""
    known = rows.dropna(subset="share")
    if known.empty:
        return "Too few people to say how often ethnicity is recorded."
    low = known.loc[known["share"].idxmin()]
    return f"Ethnicity is recorded for {low['share']:.1%} of people in {low['category']}, the lowest {kind}."
