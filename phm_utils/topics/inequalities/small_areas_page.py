"""The map of small areas, and its sentence."""

import geopandas as gpd
import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.reports.comparisons import percent
from phm_utils.reports.findings import finding
from phm_utils.topics.inequalities.small_areas import CANNOT_TELL, FEWER, MORE

AGAINST_AGE = (FEWER, CANNOT_TELL, MORE)


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
    """In how many small areas admissions are probably above those expected, and how deprived they are."""
    shown = areas.dropna(subset="against_age")
    more = shown[shown["against_age"] == MORE]
    if shown.empty:
        return "Too few small areas have enough emergency admissions to be compared with those expected for age."
    of_all = f"{len(shown)} small area{'s' if len(shown) != 1 else ''}"
    if more.empty:
        return f"In none of {of_all} are emergency admissions probably (90% or more) above those expected for age."
    first = f"In {len(more)} of {of_all} emergency admissions are probably (90% or more) above those expected for age"
    if shown["imd_decile"].isna().all():
        return f"{first}."
    deprived, elsewhere = (more["imd_decile"] <= 2).sum(), (shown["imd_decile"] <= 2).mean()
    of_these = f"{'all' if deprived == len(more) else deprived or 'none'} of these"
    return (
        f"{first}; {of_these} {'is' if deprived == 1 else 'are'} in the most deprived fifth of England, against "
        f"{percent(elsewhere)} of all compared."
    )
