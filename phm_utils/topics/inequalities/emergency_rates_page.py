"""Age-standardised emergency admissions: frames for figures, and sentences."""

from typing import Any

import numpy as np
import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.reports.findings import finding
from phm_utils.rules.groups import NOT_KNOWN


@if_present
def follow_up(here: pd.DataFrame, ics: pd.DataFrame, name: str, *, is_ics: bool) -> pd.DataFrame:
    """Follow-up counts of an area and, for a PCN, of the whole ICS: one row each."""
    columns = ["people", "person_years", "people_admitted", "admissions", "died", "crude"]
    columns = [name for name in columns if name in here]
    areas = {name: here[columns], "Whole ICS": ics[columns]}
    rows = [frame.assign(area=words)[["area", *columns]] for words, frame in areas.items()]
    return pd.concat(rows[:1] if is_ics else rows, ignore_index=True)


@if_present
def with_rate(groups: pd.DataFrame, value: str) -> pd.DataFrame:
    """Groups to draw: without a not-known group that has no rate, which stays in the table."""
    return groups[groups[value].notna() | ~groups["category"].str.startswith("Not known")]


@if_present
def reference_rates(areas: dict[str, pd.DataFrame], column: str = "value") -> dict[str, float]:
    """The rate of each named area that has one, to draw as reference lines: the PCN's and the ICS's."""
    found = {name: frame[column].iloc[0] for name, frame in areas.items() if len(frame)}
    return {name: float(value) for name, value in found.items() if pd.notna(value)}


@if_present
def compared(units: pd.DataFrame, reference: float) -> pd.DataFrame:
    """Units with `clearly` above, below or neither, and `fewer`: excess admissions over the reference rate.

    `fewer` is given where a unit's whole interval lies above the reference,
    rounded to 5; elsewhere it is 0. A withheld rate is neither.
    """
    above, below = units["lower"] > reference, units["upper"] < reference
    excess = units["admissions"].astype("Float64") * (1 - reference / units["value"])
    fewer = (excess / 5).round().mul(5).where(above, 0).astype("Int64")
    return units.assign(clearly=np.select([above, below], ["above", "below"], "neither"), fewer=fewer)


@if_present
def ranked(units: pd.DataFrame) -> pd.DataFrame:
    """Units that have both rates, with their ranks by each, 1 the highest; sorted by standardised rate."""
    known = units.dropna(subset=["value", "crude"])
    places = {"rank": "value", "crude_rank": "crude"}
    for name, column in places.items():
        known = known.assign(**{name: known[column].rank(ascending=False, method="min").astype(int)})
    return known.sort_values(["rank", "unit_name"], ignore_index=True)


@if_present
def fifths(groups: pd.DataFrame) -> pd.DataFrame | Absent:
    """Fifths of deprivation in order, those with no known deprivation last; absent where nobody's is known."""
    if (groups["imd_quintile"] == NOT_KNOWN).all():
        return Absent("Emergency admissions by deprivation", "the deprivation of people's small areas")
    return groups.sort_values("imd_quintile", ignore_index=True)


FEW = "too few to show"


def count(value: Any) -> str:
    """A released count in words."""
    return FEW if pd.isna(value) else f"{int(value):,}"


@finding
def units(rows: pd.DataFrame, reference: float, kind: str) -> str:
    """How many units are clearly above the reference, age-standardised, and what closing the gap would mean.

    rows: from `compared`. kind: "practice" or "PCN".
    """
    above = rows[rows["clearly"] == "above"].sort_values("value", ascending=False)
    if above.empty:
        return f"None of {len(rows)} {kind}s is clearly above the ICS average ({reference:.3g}), age-standardised."
    names = ", ".join(f"{row.unit_name} ({row.value:.3g})" for row in above.head(3).itertuples())
    more = f" and {len(above) - 3} more" if len(above) > 3 else ""
    verb = "is" if len(above) == 1 else "are"
    return (
        f"{len(above)} of {len(rows)} {kind}s {verb} clearly above the ICS average of {reference:.3g} emergency "
        f"admissions per 1,000 people a year, age-standardised: {names}{more}. Closing the gap to the "
        f"ICS average would mean about {count(above['fewer'].sum())} fewer admissions a year."
    )


@finding
def pcn_rate(rows: pd.DataFrame, name: str, reference: float) -> str:
    """One network's age-standardised rate against the ICS average."""
    here = rows[rows["unit_name"] == name]
    if here.empty or pd.isna(here["value"].iloc[0]):
        return f"{name} has too few admissions for a rate."
    row = here.iloc[0]
    where = {"above": "clearly above", "below": "clearly below", "neither": "not clearly different from"}[
        row["clearly"]
    ]
    gap = f" Closing that gap would mean about {count(row['fewer'])} fewer a year." if row["clearly"] == "above" else ""
    return (
        f"{name}: {row['value']:.3g} emergency admissions per 1,000 people a year, age-standardised "
        f"({row['lower']:.3g} to {row['upper']:.3g}), {where} the ICS average ({reference:.3g}).{gap}"
    )


@finding
def gradient(index: pd.DataFrame, what: str) -> str:
    """The ratio between the two ends of deprivation, of rates standardised for age."""
    row = index.iloc[0] if len(index) else None
    if row is None or pd.isna(row["rii"]):
        return f"{what}: the gradient is not shown, because a deprivation fifth has too few people or events."
    ratio, low, high = row["rii"], row["rii_lower"], row["rii_upper"]
    if low <= 1 <= high:
        return f"{what}: no clear difference between most and least deprived, age-standardised (ratio {ratio:.2f})."
    ends = "among the most deprived as among the least"
    if ratio < 1:
        ratio, low, high, ends = 1 / ratio, 1 / high, 1 / low, "among the least deprived as among the most"
    return f"{what}: {ratio:.1f} times ({low:.1f} to {high:.1f}) as high {ends}, age-standardised."


def _excess_over_least_deprived(rows: pd.DataFrame, reference: pd.DataFrame) -> str:
    """Excess admissions over the rate of the ICS's least deprived fifth.

    rows, reference: the fifths of this area and of the whole ICS.
    """
    best = reference.loc[reference["imd_quintile"] == "5", "value"]
    known = rows[rows["imd_quintile"] != "Not known"].dropna(subset=["value", "admissions"])
    if best.isna().all() or known.empty:
        return "There are too few admissions to compare with the rate of the least deprived fifth."
    admissions = known["admissions"].astype(float)
    excess = (admissions * (1 - best.iloc[0] / known["value"])).clip(lower=0).sum()
    return (
        f"At the rate of the ICS's least deprived fifth ({best.iloc[0]:.3g}) there would be about "
        f"{round(excess / 5) * 5:,.0f} fewer emergency admissions a year, {excess / admissions.sum():.0%} of all."
    )


@finding
def rank_change(ranks: pd.DataFrame, kind: str) -> str:
    """How ranks change from crude to age-standardised rates."""
    if len(ranks) < 2:
        return f"Fewer than two {kind}s have a rate, so ranks cannot be compared."
    moved = (ranks["rank"] - ranks["crude_rank"]).abs()
    first, crude = ranks.iloc[0]["unit_name"], ranks.sort_values("crude_rank").iloc[0]["unit_name"]
    if first == crude:
        lead = f"{first} ranks highest by crude and by age-standardised rate"
    else:
        lead = f"{crude} ranks highest by crude rate, {first} by age-standardised rate"
    return f"{lead}; {(moved > 0).sum()} of {len(ranks)} {kind}s change rank."


@finding
def by_deprivation(index: pd.DataFrame, rows: pd.DataFrame, reference: pd.DataFrame) -> str:
    """The gradient of admissions, and excess admissions over the least deprived fifth's rate."""
    return f"{gradient(index, 'Emergency admissions')} {_excess_over_least_deprived(rows, reference)}"


@finding("limit")
def limits(areas: pd.DataFrame) -> list[str]:
    """Limits of standardised admission rates. areas: the counts of everybody followed."""
    said = [
        "Rates are not adjusted for how ill people of the same age are, nor for distance to a hospital.",
        "Days in hospital, and admissions while registered elsewhere, are not counted.",
    ]
    if "died" not in areas:
        said.append("This run does not have deaths: people who died while registered count as registered after it.")
    return said
