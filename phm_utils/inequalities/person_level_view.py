"""What the person-level report computes from its released tables: frames in, frames out."""

import geopandas as gpd
import numpy as np
import pandas as pd

AGAINST_AGE = ("Fewer than expected", "Not clearly different", "More than expected")
# The headings that readers see; a share is shown in percent.
HEADINGS = {
    "area": "Area",
    "unit_name": "Practice or PCN",
    "category": "Group",
    "title": "Condition",
    "people": "People",
    "person_years": "Years registered",
    "admissions": "Admissions",
    "people_admitted": "People admitted",
    "died": "Died",
    "value": "Per 1,000 a year, age-standardised",
    "lower": "Lower limit",
    "upper": "Upper limit",
    "crude": "Per 1,000 a year, as it is",
    "rank": "Place, age-standardised",
    "crude_rank": "Place, as it is",
    "fewer": "Fewer admissions at the ICS average",
    "with_condition": "With the condition",
    "share": "Share (%)",
    "share_lower": "Lower limit (%)",
    "share_upper": "Upper limit (%)",
    "difference": "People above (+) or below (-) the ICS share",
    "adjusted": "Age-standardised (%)",
    "adjusted_lower": "Lower limit (%)",
    "adjusted_upper": "Upper limit (%)",
    "least": "Least it could be (%)",
    "most": "Most it could be (%)",
    "recorded": "Recorded",
    "not_stated": "Not stated",
    "not_known": "Not known",
    "recorded_share": "Recorded (%)",
    "lsoa": "LSOA",
    "lsoa_name": "Small area",
    "imd_decile": "IMD tenth (1 most deprived)",
    "ratio": "Admissions over expected",
    "ratio_lower": "Lower limit",
    "ratio_upper": "Upper limit",
    "against_age": "Against what age explains",
    "rii": "Ratio, most over least deprived",
    "rii_lower": "Lower limit",
    "rii_upper": "Upper limit",
}
DECIMALS = {"value": 1, "lower": 1, "upper": 1, "crude": 1}


def readable(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Some columns under the headings that readers see, shares in percent, rates to one decimal."""
    shown = frame[list(columns)].reset_index(drop=True)
    for column in columns:
        if HEADINGS[column].endswith("(%)"):
            shown[column] = (100 * shown[column].astype(float)).round(1)
        elif column in DECIMALS:
            shown[column] = shown[column].astype(float).round(DECIMALS[column])
    return shown.rename(columns=HEADINGS)


def beside(areas: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The rows of several areas under one another, each with its name as `area`."""
    return pd.concat([frame.assign(area=name) for name, frame in areas.items()], ignore_index=True)


def drawn(groups: pd.DataFrame, value: str) -> pd.DataFrame:
    """Groups to draw: one that is not known, and too mixed or small for a rate, stays in the table alone."""
    return groups[groups[value].notna() | ~groups["category"].str.startswith("Not known")]


def comparators(areas: dict[str, pd.DataFrame], column: str = "value") -> dict[str, float]:
    """The rate of each named area that has one, to draw beside the units: the PCN's and the ICS's."""
    found = {name: frame[column].iloc[0] for name, frame in areas.items() if len(frame)}
    return {name: float(value) for name, value in found.items() if pd.notna(value)}


def against(units: pd.DataFrame, reference: float) -> pd.DataFrame:
    """Units with `clearly` above, below or neither, and `fewer`: admissions to spare at the reference rate.

    `fewer` is given where a unit's whole interval lies above the reference,
    rounded to 5; elsewhere it is 0. A withheld rate is neither.
    """
    above, below = units["lower"] > reference, units["upper"] < reference
    excess = units["admissions"].astype("Float64") * (1 - reference / units["value"])
    fewer = (excess / 5).round().mul(5).where(above, 0).astype("Int64")
    return units.assign(clearly=np.select([above, below], ["above", "below"], "neither"), fewer=fewer)


def ranked(units: pd.DataFrame) -> pd.DataFrame:
    """Units that have both rates, with their places by each, 1 the highest; by the standardised one."""
    known = units.dropna(subset=["value", "crude"])
    places = {"rank": "value", "crude_rank": "crude"}
    for name, column in places.items():
        known = known.assign(**{name: known[column].rank(ascending=False, method="min").astype(int)})
    return known.sort_values(["rank", "unit_name"], ignore_index=True)


def fifths(groups: pd.DataFrame) -> pd.DataFrame:
    """Fifths of deprivation in order, those with no known deprivation last."""
    return groups.sort_values("imd_quintile", ignore_index=True)


def condition_units(units: pd.DataFrame, ics_units: pd.DataFrame, condition: str) -> pd.DataFrame:
    """The units of one condition, with limits named for shares and the people above the ICS's share."""
    rows = units[units["condition"] == condition].reset_index(drop=True)
    share = share_of(ics_units[ics_units["condition"] == condition])
    difference = (rows["with_condition"] - share * rows["people"]).astype("Float64")
    difference = (difference / 5).round().mul(5).astype("Int64")  # the counts themselves are rounded
    return rows.rename(columns={"lower": "share_lower", "upper": "share_upper"}).assign(difference=difference)


def share_of(rows: pd.DataFrame) -> float:
    """The crude share with a condition over all rows that show both counts."""
    known = rows.dropna(subset=["with_condition", "people"])
    return float(known["with_condition"].sum() / known["people"].sum()) if known["people"].sum() else float("nan")


def condition_groups(groups: pd.DataFrame, condition: str, dimension: str) -> pd.DataFrame:
    """One dimension's groups of one condition, in their order."""
    rows = groups[(groups["condition"] == condition) & (groups["dimension"] == dimension)]
    return rows.sort_values("place", ignore_index=True)


def small_areas(outlines: gpd.GeoDataFrame, rows: pd.DataFrame) -> gpd.GeoDataFrame:
    """Outlines of the small areas released, the ratio as ordered classes, and `more` where it is above 1."""
    areas = outlines.merge(rows, on="lsoa")
    areas["against_age"] = pd.Categorical(areas["against_age"], categories=AGAINST_AGE, ordered=True)
    return areas.assign(more=areas["against_age"] == AGAINST_AGE[-1])


def recorded(rows: pd.DataFrame, dimension: str) -> pd.DataFrame:
    """How completely ethnicity is recorded in each unit or fifth of deprivation, in order."""
    return rows[rows["dimension"] == dimension].sort_values(["place", "category"], ignore_index=True)
