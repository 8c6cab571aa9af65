"""Wards are small areas that lie together, and nothing in their names could be real."""

import duckdb
import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from phm_utils.synthetic import geography
from phm_utils.synthetic.wards import neighbours, wards


def lie_together(places: np.ndarray, touching: list[np.ndarray]) -> bool:
    """Is each of the places reached from the first by way of the others?"""
    seen, todo = {places[0]}, [places[0]]
    while todo:
        more = set(touching[todo.pop()]) & set(places) - seen
        seen |= more
        todo += more
    return seen == set(places)


@pytest.mark.parametrize(("seed", "pcn"), [(1, 1), (2, 20), (3, 40), (2025, 1), (7, 76)])
def test_every_ward_is_four_to_eight_areas_that_lie_together(seed, pcn):
    county = geography.geography(seed, pcn)
    found = pd.Series(np.arange(490)).groupby(wards(county).code).agg(np.array)
    touching = neighbours(county.outline)
    assert found.map(len).between(4, 8).all()
    assert found.map(lambda places: lie_together(places, touching)).all()
    assert found.map(len).nunique() > 1


def test_neighbours_share_a_stretch_of_boundary_and_not_a_corner_alone():
    # Four squares around one corner: each touches those beside it, and not the one across.
    squares = np.array([shapely.box(x, y, x + 1, y + 1) for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))])
    assert [list(found) for found in neighbours(squares)] == [[1, 2], [0, 3], [0, 3], [1, 2]]


def test_areas_and_their_outlines_agree_on_the_wards(tiny):
    area = duckdb.sql(f"SELECT lsoa, ward_code, ward_name FROM '{tiny}/pseudonymised/area.parquet'").df()
    assert area["ward_code"].str.fullmatch("E05999[0-9]{3}").all()  # a range without a real ward
    assert area["ward_name"].str.startswith("Demo ").all()
    assert (
        area["ward_name"].nunique()
        == area["ward_code"].nunique()
        == len(area[["ward_code", "ward_name"]].drop_duplicates())
    )
    joined = geopandas.read_file(tiny / "pseudonymised" / "boundary.gpkg").merge(area, on="lsoa").dissolve("ward_code")
    assert (joined.geometry.geom_type == "Polygon").all()  # one piece each


def test_wards_of_two_counties_have_no_code_or_name_in_common():
    one, other = (wards(geography.geography(5, pcn)) for pcn in (1, 16))
    assert not set(one.code) & set(other.code)
    assert not set(one.name) & set(other.name)
