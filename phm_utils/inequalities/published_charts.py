"""Figures of the published report: its frames in the house's charts and maps."""

import geopandas as gpd
import pandas as pd
from matplotlib.figure import Figure

from phm_utils.figures import charts, maps
from phm_utils.figures.cartogram import hexagons
from phm_utils.inequalities.published_view import line

FIFTHS_LEGEND = "Fifths of England by IoD 2025"


def members(frame: pd.DataFrame, references: dict[str, float]) -> Figure:
    """Practices or PCNs with their share on one register (`published_view.members`)."""
    first = frame.iloc[0]
    unit = f"Share of patients {first['list_age']} on the {first['register_name'].lower()} register"
    return charts.caterpillar(frame, "value", "lower", "upper", "unit", references, unit=unit, percent=True)


def profile(frame: pd.DataFrame) -> Figure:
    """Every register as a multiple of the ICB's share (`published_view.against_ics`)."""
    return charts.forest(frame, "ratio", "ratio_lower", "ratio_upper", "register_name", unit="Times the ICB's share")


def funnel(frame: pd.DataFrame, limits: pd.DataFrame, target: float) -> Figure:
    """Practices against limits of usual variation; those where `here` is true in colour."""
    return charts.funnel(
        frame,
        "list_size",
        "value",
        limits,
        target=target,
        highlight="here",
        labels="practice_name",
        size_unit="Patients on the list",
        unit=f"On the {frame['register_name'].iloc[0].lower()} register",
        percent=True,
    )


def core20(units: pd.DataFrame, ics_share: float) -> Figure:
    """Share of registered patients living in Core20 areas, by practice or PCN (`published_view.units`)."""
    unit = "Share of registered patients living in Core20 areas"
    return charts.bars(units, "core20_share", "unit", percent=True, unit=unit, reference={"ICB": ics_share})


def gradient(ranked: pd.DataFrame, fit: dict[str, float]) -> Figure:
    """Practices by rank of deprivation with the fitted line; those where `here` is true in colour."""
    return charts.scatter(
        ranked,
        "rank",
        "value",
        lower="lower",
        upper="upper",
        highlight="here",
        trend=line(fit),
        x_unit="Registered people, least deprived practice to most deprived",
        y_unit=f"On the {ranked['register_name'].iloc[0].lower()} register",
        percent_x=True,
        percent=True,
    )


def small_areas(outlines: gpd.GeoDataFrame, released: pd.DataFrame) -> gpd.GeoDataFrame:
    """The released small areas with their outlines, `fifth` (class of the map) and `core20`."""
    areas = outlines.merge(released, on="lsoa")
    return areas.assign(fifth=maps.deprivation_fifths(areas["imd_decile"]), core20=areas["imd_decile"] <= 2)


def land(areas: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame) -> Figure:
    """Small areas as they lie, dense towns enlarged, the rest of the ICB outlined."""
    insets = maps.towns(areas, "core20", "district")
    return maps.choropleth(areas, "fifth", legend=FIFTHS_LEGEND, outline=outlines, insets=insets)


def people(areas: gpd.GeoDataFrame) -> Figure:
    """Small areas as hexagons of one size, by district."""
    return maps.choropleth(hexagons(areas), "fifth", legend=FIFTHS_LEGEND, place_labels="district")
