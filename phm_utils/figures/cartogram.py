"""An equal-population map: small areas hold about the same number of people, so each is one hexagon."""

import geopandas as gpd
import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from shapely import Polygon

SLACK = 1.25  # places on the grid for each area, so that gaps keep towns apart
STRETCH = 0.75  # 0 keeps the distances of the land, 1 spreads people evenly


def hexagons(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The same rows with each geometry a hexagon of one size, near its neighbours on the land.

    An LSOA holds about 1,700 people wherever it lies, so land hides what
    happens in towns: here a share of the picture is a share of the people.
    Places are assigned by least total squared distance (Jonker-Volgenant),
    so the answer is the same each time. Units of the geometry mean nothing.
    """
    points = areas.geometry.representative_point()
    spread = np.column_stack([_stretched(points.x.to_numpy()), _stretched(points.y.to_numpy())])
    west, south, east, north = areas.total_bounds
    ratio = float(np.clip((north - south) / max(east - west, 1), 0.6, 1.5))
    cells, size = _grid(int(np.ceil(len(areas) * SLACK)), ratio)
    rows, places = linear_sum_assignment(cdist(spread * [1, ratio], cells, "sqeuclidean"))
    corners = np.deg2rad(np.arange(30, 390, 60))
    # A hair too large: neighbours touch without a gap when their outlines are joined.
    ring = 1.002 * size * np.column_stack([np.cos(corners), np.sin(corners)])
    shapes = [Polygon(cells[place] + ring) for _, place in sorted(zip(rows, places, strict=True))]
    return areas.set_geometry(gpd.GeoSeries(shapes, index=areas.index)).set_crs(None, allow_override=True)


def _stretched(values: np.ndarray) -> np.ndarray:
    """Positions on 0 to 1, part by distance and part by rank."""
    rank = np.argsort(np.argsort(values, kind="stable"), kind="stable") / max(len(values) - 1, 1)
    linear = (values - values.min()) / max(np.ptp(values), 1e-9)
    return STRETCH * rank + (1 - STRETCH) * linear


def _grid(count: int, ratio: float) -> tuple[np.ndarray, float]:
    """Centres of at least `count` hexagons on a box of 1 by `ratio`, and their outer radius."""
    step = np.sqrt(ratio / (count * np.sqrt(3) / 2))
    columns, rows = int(np.ceil(1 / step)) + 1, int(np.ceil(ratio / (step * np.sqrt(3) / 2))) + 1
    x, y = np.meshgrid(np.arange(columns) * step, np.arange(rows) * step * np.sqrt(3) / 2)
    x = x + (np.arange(rows) % 2)[:, None] * step / 2
    return np.column_stack([x.ravel(), y.ravel()]), step / np.sqrt(3)
