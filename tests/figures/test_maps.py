"""Maps: classes, boundaries, insets and the equal-population map."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import box

from phm_utils.errors import InputError
from phm_utils.figures import maps, style
from phm_utils.figures.cartogram import hexagons

SIDE = 20  # a country of 20 x 20 squares, 1 km each


def country() -> gpd.GeoDataFrame:
    cells = [(x, y) for y in range(SIDE) for x in range(SIDE)]
    frame = pd.DataFrame({"lsoa": [f"E01{i:06d}" for i in range(len(cells))]})
    frame["geometry"] = [box(x * 1e3, y * 1e3, x * 1e3 + 1e3, y * 1e3 + 1e3).wkb for x, y in cells]
    areas = maps.outlines(frame, simplify_m=0)
    return areas.assign(
        decile=[1 if x < 6 and y < 6 else 10 for x, y in cells], town=["West" if x < 10 else "East" for x, _ in cells]
    )


def test_outlines_come_back_in_the_national_grid_with_their_codes():
    areas = country()
    assert areas.crs.to_epsg() == 27700
    assert areas.total_bounds.tolist() == [0, 0, SIDE * 1e3, SIDE * 1e3]
    with pytest.raises(InputError, match="lacks geometry"):
        maps.outlines(pd.DataFrame({"lsoa": ["E01000001"]}))


def test_national_tenths_become_five_classes_and_the_most_deprived_is_last():
    fifths = maps.deprivation_fifths(pd.Series([1, 2, 3, 10, None], dtype="Int64"))
    assert fifths.astype(object).iloc[[0, 1]].tolist() == ["Most deprived fifth (Core20)"] * 2
    assert fifths.iloc[2] == "Second most deprived"
    assert fifths.iloc[3] == "Least deprived fifth"
    assert fifths.isna().tolist() == [False] * 4 + [True]


def test_the_shades_darken_evenly_and_every_area_has_a_boundary():
    areas = country()
    areas["fifth"] = maps.deprivation_fifths(areas["decile"])
    areas.loc[0, "fifth"] = None
    fig = maps.choropleth(areas, "fifth", legend="Fifths", outline=areas, no_value="Not known")
    drawn = [c for c in fig.axes[0].collections if c.get_paths()]
    assert all(c.get_linewidth()[0] > 0 for c in drawn)
    legend = [t.get_text() for t in fig.legends[0].get_texts()]
    assert legend == [*maps.DEPRIVATION_FIFTHS, "Not known"]
    shades = [int(c[1:3], 16) + int(c[3:5], 16) + int(c[5:7], 16) for c in style.SEQUENTIAL]
    assert shades == sorted(shades, reverse=True)


def test_insets_are_where_the_chosen_areas_lie():
    areas = country().assign(core=lambda a: a["decile"] == 1)
    [(name, (west, south, east, north))] = maps.towns(areas, "core", "town")
    assert name == "West"
    assert (east - west, north - south) == (6_000, 6_000)
    assert west < 3_000 < east
    assert south < 3_000 < north
    areas["fifth"] = maps.deprivation_fifths(areas["decile"])
    assert len(maps.choropleth(areas, "fifth", legend="x", insets=[(name, (west, south, east, north))]).axes) == 2


def test_a_map_hardly_larger_than_a_box_has_no_insets():
    areas = country().assign(core=True)
    assert maps.towns(areas, "core", km=10) == []


def test_each_area_is_one_hexagon_of_one_size_and_neighbours_stay_near():
    areas = country()
    hexes = hexagons(areas)
    assert hexes["lsoa"].tolist() == areas["lsoa"].tolist()
    assert np.ptp(hexes.area) < 1e-9 * hexes.area.mean() + 1e-12
    assert hexes.centroid.x.corr(areas.centroid.x) > 0.95
    assert hexes.centroid.y.corr(areas.centroid.y) > 0.95
    # No two share a place: together they cover the sum of their own sizes (each a hair too large).
    assert hexes.union_all().area == pytest.approx(hexes.area.sum(), rel=0.01)
