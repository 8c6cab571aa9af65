"""The map of small areas, and its sentence."""

import geopandas as gpd
import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.reports.findings import finding

AGAINST_AGE = ("Fewer than expected", "Not clearly different", "More than expected")


@if_present
def mapped(outlines: gpd.GeoDataFrame, rows: pd.DataFrame) -> gpd.GeoDataFrame | Absent:
    """Outlines of the small areas released, the ratio as ordered classes, and `more` where it is above 1."""
    if "against_age" not in rows:
        return Absent("The map", "a year of admitted patient care, or months of birth")
    areas = outlines.merge(rows, on="lsoa")
    areas["against_age"] = pd.Categorical(areas["against_age"], categories=AGAINST_AGE, ordered=True)
    return areas.assign(more=areas["against_age"] == AGAINST_AGE[-1])


@finding
def small_areas(areas: pd.DataFrame) -> str:
    """How many small areas have clearly more admissions than expected, and how deprived they are."""
    shown = areas.dropna(subset="against_age")
    more = shown[shown["against_age"] == AGAINST_AGE[-1]]
    if more.empty:
        return f"None of {len(shown)} small areas has clearly more emergency admissions than expected for age."
    verb = "has" if len(more) == 1 else "have"
    first = f"{len(more)} of {len(shown)} small areas {verb} clearly more emergency admissions than expected for age"
    if shown["imd_decile"].isna().all():
        return f"{first}."
    deprived = (more["imd_decile"] <= 2).sum()
    elsewhere = (shown["imd_decile"] <= 2).mean()
    return f"{first}; {deprived} of these are in the most deprived fifth of England, against {elsewhere:.0%} of all."
