"""Small areas on the map, where patients live, and practices that differ between files."""

import geopandas as gpd
import pandas as pd
from matplotlib.figure import Figure

from phm_utils.absent import if_present
from phm_utils.figures import maps
from phm_utils.figures.cartogram import hexagons
from phm_utils.reports.comparisons import percent
from phm_utils.reports.findings import finding
from phm_utils.wording import in_sentence, joined

FIFTHS_LEGEND = "Fifths of England by IoD 2025"


@if_present
def mapped(outlines: gpd.GeoDataFrame, released: pd.DataFrame) -> gpd.GeoDataFrame:
    """The released small areas with their outlines, `fifth` (class of the map) and `core20`."""
    areas = outlines.merge(released, on="lsoa")
    return areas.assign(fifth=maps.deprivation_fifths(areas["imd_decile"]), core20=areas["imd_decile"] <= 2)


@if_present
def draw_map(areas: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame) -> Figure:
    """A map of small areas, dense towns enlarged, the rest of the place outlined."""
    insets = maps.towns(areas, "core20", "district")
    return maps.choropleth(areas, "fifth", legend=FIFTHS_LEGEND, outline=outlines, insets=insets)


@if_present
def draw_hexagons(areas: gpd.GeoDataFrame) -> Figure:
    """Small areas as hexagons of one size, by district."""
    return maps.choropleth(hexagons(areas), "fifth", legend=FIFTHS_LEGEND, place_labels="district")


@if_present
def by_district(areas: pd.DataFrame) -> pd.DataFrame:
    """Small areas and Core20 areas of each district, ready to read."""
    counts = areas.groupby("district")["core20"].agg(["size", "sum"]).reset_index()
    counts["share"] = (100 * counts["sum"] / counts["size"]).round(1)
    return counts.set_axis(["District", "Small areas", "In Core20 (IoD 2025)", "In Core20 (%)"], axis=1)


@finding
def small_areas(areas: pd.DataFrame, is_ics: bool) -> str:
    """Core20 share of the small areas drawn, by IoD 2025."""
    core = (areas["imd_decile"] <= 2).sum()
    where = "in the files" if is_ics else "where at least a tenth of registered people are with this PCN"
    return (
        f"{core} of {len(areas)} small areas {where} ({percent(core / len(areas))}) are in the most deprived fifth of "
        "England by IoD 2025 (Core20)."
    )


@finding("limit")
def residence(places: pd.DataFrame) -> str:
    """Patients who live outside the small areas of the files or whose address is not placed."""
    places = places.sort_values("place")
    total, outside = places["patients"].sum(), places.iloc[1:]
    count = int(outside["patients"].sum())
    if not count:
        return f"All {total:,} registered patients live in small areas of the files."
    parts = [f"{row.patients:,} {in_sentence(row.residence)}" for row in outside.itertuples() if row.patients]
    return (
        f"Of {total:,} registered patients, {count:,} ({percent(count / total)}) do not live in small areas of the "
        f"files or cannot be placed: {', '.join(parts)}. The files hold no deprivation for those outside them."
    )


@finding("warning")
def marked(practices: pd.DataFrame, registers: pd.DataFrame) -> str | None:
    """Practices that are not compared with others, and why; None where there are none.

    practices, registers: of the area; a practice may be in either.
    """
    columns = ["practice_name", "mark"]
    rows = pd.concat([practices[columns], registers[columns]]).drop_duplicates()
    rows = rows[rows["mark"] != ""].sort_values("practice_name")
    if rows.empty:
        return None
    names = joined([f"{row.practice_name} ({row.mark})" for row in rows.itertuples()])
    count = "1 practice is" if len(rows) == 1 else f"{len(rows)} practices are"
    return f"{count} marked † and not compared with others: {names}."


@finding("warning")
def mismatch(rows: pd.DataFrame) -> str | None:
    """Practices that are not in every file; None where all files agree."""
    if rows.empty:
        return None
    absent = rows[rows["what"].str.startswith("In ")]
    if absent.empty:
        return "Every practice is in every file."
    names = ", ".join(f"{row.practice_name} ({row.practice_code})" for row in absent.itertuples())
    many = len(absent) > 1
    return (
        f"{len(absent)} practice{'s are' if many else ' is'} not in every file (opened, closed, merged or renamed "
        f"between their dates): {names}. Each is counted wherever it appears."
    )
