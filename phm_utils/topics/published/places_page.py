"""Small areas on the map, where patients live, and practices that differ between files."""

import geopandas as gpd
import pandas as pd
from matplotlib.figure import Figure

from phm_utils.absent import if_present
from phm_utils.figures import maps
from phm_utils.figures.cartogram import hexagons
from phm_utils.reports.findings import finding

FIFTHS_LEGEND = "Fifths of England by IoD 2025"


@if_present
def mapped(outlines: gpd.GeoDataFrame, released: pd.DataFrame) -> gpd.GeoDataFrame:
    """The released small areas with their outlines, `fifth` (class of the map) and `core20`."""
    areas = outlines.merge(released, on="lsoa")
    return areas.assign(fifth=maps.deprivation_fifths(areas["imd_decile"]), core20=areas["imd_decile"] <= 2)


@if_present
def draw_map(areas: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame) -> Figure:
    """A map of small areas, dense towns enlarged, the rest of the ICB outlined."""
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
    where = "of the ICB" if is_ics else "where at least a tenth of registered people are with this PCN"
    return (
        f"{core} of {len(areas)} small areas {where} ({core / len(areas):.1%}) are in the most deprived fifth of "
        "England by IoD 2025 (Core20)."
    )


@finding("limit")
def residence(places: pd.DataFrame) -> str:
    """Patients who live outside the ICB or whose address is not placed."""
    places = places.sort_values("place")
    total, outside = places["patients"].sum(), places.iloc[1:]
    parts = [f"{row.patients:,} {row.residence[0].lower()}{row.residence[1:]}" for row in outside.itertuples()]
    return (
        f"Of {total:,} registered patients, {outside['patients'].sum():,} ({outside['patients'].sum() / total:.1%}) do "
        f"not live in the ICB or cannot be placed: {', '.join(p for p in parts if not p.startswith('0 ')) or 'none'}. "
        "The files used have no deprivation for them."
    )


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
