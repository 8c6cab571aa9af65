"""Prevalence of a condition: frames for figures, and sentences."""

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.errors import InputError
from phm_utils.reports.findings import finding
from phm_utils.reports.headings import Headings
from phm_utils.rules.groups import NOT_KNOWN

RECORDED = Headings(
    {"recorded": "Recorded", "not_stated": "Not stated", "not_known": "Not known", "share": "Recorded (%)"}
)


@if_present
def condition_units(units: pd.DataFrame, ics_units: pd.DataFrame, condition: str) -> pd.DataFrame:
    """The units of one condition, with limits named for shares and the people above the ICS's share."""
    if condition not in set(ics_units["condition"]):
        known = ", ".join(sorted(set(ics_units["condition"])))
        raise InputError(f"No condition `{condition}` in this run. There are: {known}.")
    rows = units[units["condition"] == condition].reset_index(drop=True)
    share = share_of(ics_units[ics_units["condition"] == condition])
    difference = (rows["with_condition"] - share * rows["people"]).astype("Float64")
    difference = (difference / 5).round().mul(5).astype("Int64")  # the counts themselves are rounded
    return rows.rename(columns={"lower": "share_lower", "upper": "share_upper"}).assign(difference=difference)


@if_present
def share_of(rows: pd.DataFrame) -> float:
    """The crude share with a condition over all rows that show both counts."""
    known = rows.dropna(subset=["with_condition", "people"])
    return float(known["with_condition"].sum() / known["people"].sum()) if known["people"].sum() else float("nan")


@if_present
def condition_groups(groups: pd.DataFrame, condition: str, dimension: str) -> pd.DataFrame | Absent:
    """One dimension's groups of one condition, in their order; absent where nobody's group is known."""
    rows = groups[(groups["condition"] == condition) & (groups["dimension"] == dimension)]
    if rows["category"].str.startswith(NOT_KNOWN).all():
        needs = {
            "Deprivation": "the deprivation of people's small areas",
            "Ethnic group": "ethnicity in the GP registrations",
        }
        return Absent(f"Long-term conditions by {dimension.lower()}", needs[dimension])
    return rows.sort_values("place", ignore_index=True)


@if_present
def recorded_rows(rows: pd.DataFrame, dimension: str) -> pd.DataFrame:
    """How completely ethnicity is recorded in each unit or fifth of deprivation, in order."""
    return rows[rows["dimension"] == dimension].sort_values(["place", "category"], ignore_index=True)


@if_present
def title_of(rows: pd.DataFrame) -> str:
    """The condition's title."""
    return str(rows["title"].iloc[0])


@if_present
def averages(rows: pd.DataFrame, ics_units: pd.DataFrame, condition: str, *, is_ics: bool) -> dict[str, float]:
    """The crude share of the whole ICS and, in a PCN's report, of the PCN."""
    whole = share_of(ics_units[ics_units["condition"] == condition])
    return {"ICS": whole} if is_ics else {"PCN": share_of(rows), "ICS": whole}


@if_present
def recorded_table(rows: pd.DataFrame) -> pd.DataFrame:
    """How completely ethnicity is recorded, ready to read."""
    return RECORDED.table(rows, "category", "people", "recorded", "not_stated", "not_known", "share")


@finding
def condition(rows: pd.DataFrame, averages: dict[str, float], kind: str) -> str:
    """Where a condition is recorded most, not adjusted for age. averages: of `averages`."""
    title, ics_share = title_of(rows), averages["ICS"]
    known = rows.dropna(subset="share")
    if known.empty:
        return f"{title}: too few people in every {kind} to show."
    row = known.loc[known["share"].idxmax()]
    more = "more" if row["difference"] >= 0 else "fewer"
    return (
        f"{title} is recorded most in {row['unit_name']}: {row['share']:.1%} of people, against {ics_share:.1%} in "
        f"the ICS; about {abs(row['difference']):,} people {more} than at the ICS's share."
    )


@finding
def ethnicity(rows: pd.DataFrame, title: str) -> str:
    """Which ethnic group has the condition most at the same age, and how many people have no group recorded."""
    unknown = rows[rows["category"].isin(("Not stated", "Not known"))]
    known = rows[~rows["category"].isin(unknown["category"])].dropna(subset="adjusted")
    missing = unknown["people"].fillna(0).sum() / rows["people"].fillna(0).sum()
    tail = f" {missing:.1%} of people have no ethnic group recorded or did not state it."
    if len(known) < 2:
        return f"{title}: too few people to compare age-standardised prevalence between ethnic groups.{tail}"
    high, largest = known.loc[known["adjusted"].idxmax()], known.loc[known["people"].idxmax()]
    other = largest if largest["category"] != high["category"] else known.loc[known["adjusted"].idxmin()]
    return (
        f"{title}, age-standardised: {high['adjusted']:.1%} in the {high['category']} group, {other['adjusted']:.1%} "
        f"in the {other['category']} group.{tail}"
    )


@finding("limit")
def recorded(rows: pd.DataFrame, kind: str) -> str:
    """Where ethnicity is recorded least."""
    known = rows.dropna(subset="share")
    if known.empty:
        return "Too few people to say how often ethnicity is recorded."
    low = known.loc[known["share"].idxmin()]
    return f"Ethnicity is recorded for {low['share']:.1%} of people in {low['category']}, the lowest {kind}."
