"""Maps of small areas: classes in words, boundaries drawn, towns enlarged.

No sequence of five colours keeps 3:1 contrast between neighbouring classes,
so every small area is outlined, and the table behind the map says the same.
Most people live on little of the land: insets enlarge the densest places.
"""

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from phm_utils.absent import if_present
from phm_utils.errors import InputError
from phm_utils.figures import style
from phm_utils.figures.chart import chart
from phm_utils.tables import CRS

METRES_PER_KM = 1_000
DEPRIVATION_FIFTHS = (
    "Least deprived fifth",
    "Second least deprived",
    "Middle fifth",
    "Second most deprived",
    "Most deprived fifth (Core20)",
)
Box = tuple[float, float, float, float]  # west, south, east, north, in metres


@if_present
def outlines(frame: pd.DataFrame, simplify_m: float = 40) -> gpd.GeoDataFrame:
    """The store's `boundary` table (lsoa, geometry as WKB) as a GeoDataFrame in EPSG:27700.

    simplify_m: metres by which an outline may be smoothed, neighbours alike,
        so that a map of an ICS stays small; 0 keeps every point.
    """
    if missing := {"lsoa", "geometry"} - set(frame.columns):
        raise InputError(f"The boundary table lacks {', '.join(sorted(missing))}. Check the boundary file's columns.")
    shapes = gpd.GeoSeries.from_wkb(frame["geometry"].map(bytes), crs=CRS)
    if simplify_m:
        shapes = shapes.simplify_coverage(simplify_m)
    columns = frame.drop(columns="geometry").reset_index(drop=True)
    return gpd.GeoDataFrame(columns, geometry=shapes.reset_index(drop=True), crs=CRS)


def classes(values: pd.Series, edges: Sequence[float], labels: Sequence[str]) -> pd.Series:
    """Numbers as ordered classes in words, for `choropleth`.

    edges: one more than labels, rising; a value falls in the class whose
        lower edge it reaches. The highest edge belongs to the last class.
    """
    inner = np.asarray(edges[1:-1], dtype=float)
    numbers = style.as_floats(values)
    place = np.searchsorted(inner, numbers, side="right")
    words = [None if np.isnan(v) else labels[i] for v, i in zip(numbers, place, strict=True)]
    return pd.Series(pd.Categorical(words, categories=list(labels), ordered=True), index=values.index)


def deprivation_fifths(deciles: pd.Series) -> pd.Series:
    """National deprivation deciles (1 most deprived) as the five classes of a map, most deprived darkest."""
    return classes(11 - pd.to_numeric(deciles).astype("Float64"), [1, 3, 5, 7, 9, 11], DEPRIVATION_FIFTHS)


@chart
def choropleth(
    areas: gpd.GeoDataFrame,
    column: str,
    *,
    legend: str,
    outline: gpd.GeoDataFrame | None = None,
    colours: Sequence[str] | None = None,
    insets: Sequence[tuple[str, Box]] = (),
    no_value: str = "No figure",
    place_labels: str | None = None,
) -> Figure:
    """Small areas filled by class, least to most.

    areas: `column` is an ordered categorical of at most five classes (see
        `classes`); a missing one is suppressed or unknown: white, hatched.
    legend: what the classes are, with their unit.
    outline: areas drawn behind, unfilled, to show where this one lies.
    insets: named boxes enlarged below, as from `towns`.
    place_labels: a column of names: each one's areas are outlined together and named.
    """
    names = list(areas[column].cat.categories)
    colours = list(colours or _spread(len(names)))
    with style.house():
        fig, ax = _frame(areas, len(insets))
        _draw(ax, areas, column, names, colours, _nearby(outline, areas))
        if place_labels:
            _place_names(ax, areas, place_labels)
        _scale_bar(ax, areas)
        _insets(fig, areas, column, names, colours, insets, outline, ax)
        handles = [Patch(facecolor=c, edgecolor=style.MUTED, label=n) for n, c in zip(names, colours, strict=True)]
        if areas[column].isna().any():
            handles.append(Patch(facecolor="white", edgecolor=style.MUTED, hatch="////", label=no_value))
        fig.legend(
            handles=handles, title=legend, loc="outside lower left", ncols=min(3, len(handles)), alignment="left"
        )
    return fig


@if_present
def towns(
    areas: gpd.GeoDataFrame, weight: str, name: str | None = None, *, most: int = 3, km: float = 6
) -> list[tuple[str, Box]]:
    """Boxes of `km` by `km` that hold most areas where `weight` is true, for `choropleth`'s insets.

    name: a column of place names: a box is called by the commonest in it.
    Chosen one after another, each where most areas not yet boxed lie, while
    it holds five or more; none where the whole map is hardly larger than a box.
    """
    west, south, east, north = areas.total_bounds
    half = km * METRES_PER_KM / 2
    if min(east - west, north - south) < 5 * half:
        return []
    middle = areas.geometry.representative_point()
    x, y = middle.x.to_numpy(), middle.y.to_numpy()
    inside = (np.abs(x[:, None] - x) <= half) & (np.abs(y[:, None] - y) <= half)
    left = areas[weight].fillna(False).to_numpy(dtype=bool)
    found: list[tuple[str, tuple[float, float, float, float]]] = []
    while len(found) < most and (counts := inside @ left.astype(int)).max() >= 5:
        centre = int(np.argmax(counts))
        held = inside[centre] & left
        cx, cy = float(np.mean(x[held])), float(np.mean(y[held]))
        label = str(areas.loc[held, name].mode().iat[0]) if name else ""
        found.append((label, (cx - half, cy - half, cx + half, cy + half)))
        # Neighbouring boxes would overlap: pass over what lies within two half-boxes of this one.
        left = left & ~((np.abs(x - cx) <= 2 * half) & (np.abs(y - cy) <= 2 * half))
    return found


def _spread(count: int) -> list[str]:
    """`count` colours of the sequence, its ends kept."""
    steps = np.linspace(0, len(style.SEQUENTIAL) - 1, count).round().astype(int)
    return [style.SEQUENTIAL[i] for i in steps]


def _frame(areas: gpd.GeoDataFrame, insets: int) -> tuple[Figure, Axes]:
    """A figure as tall as the map needs, with room for a row of insets below it."""
    west, south, east, north = areas.total_bounds
    height = float(np.clip(style.WIDTH * (north - south) / max(east - west, 1), 3.0, 5.4))
    below = style.WIDTH / max(insets, 3) if insets else 0
    fig = Figure(figsize=(style.WIDTH, height + below + 0.8), layout="constrained")
    if not insets:
        return fig, fig.add_subplot()
    grid = fig.add_gridspec(2, insets, height_ratios=(height, below))
    return fig, fig.add_subplot(grid[0, :])


def _nearby(outline: gpd.GeoDataFrame | None, areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    """The outlines inside the map's frame: others would only add bytes."""
    if outline is None:
        return None
    west, south, east, north = areas.total_bounds
    return outline.cx[west:east, south:north]


def _draw(ax: Axes, areas: gpd.GeoDataFrame, column: str, names: list, colours: list[str], outline) -> None:
    if outline is not None:
        outline.plot(ax=ax, facecolor="#F4F5F6", edgecolor="#B8C0C6", linewidth=0.3)
    for name, colour in zip(names, colours, strict=True):
        part = areas[areas[column] == name]
        if len(part):
            part.plot(ax=ax, facecolor=colour, edgecolor=style.MUTED, linewidth=0.35)
    unknown = areas[areas[column].isna()]
    if len(unknown):
        unknown.plot(ax=ax, facecolor="white", edgecolor=style.MUTED, linewidth=0.35, hatch="////")
    west, south, east, north = areas.total_bounds
    pad = 0.03 * max(east - west, north - south)
    ax.set(xlim=(west - pad, east + pad), ylim=(south - pad, north + pad), aspect="equal")
    ax.set_axis_off()


def _insets(fig: Figure, areas, column: str, names: list, colours: list[str], insets, outline, main: Axes) -> None:
    if not insets:
        return
    grid = main.get_subplotspec().get_gridspec()  # type: ignore[union-attr]  # the main map stands in a grid
    for number, (place, (west, south, east, north)) in enumerate(insets):
        ax = fig.add_subplot(grid[1, number])
        inside = areas.cx[west:east, south:north]
        _draw(ax, inside, column, names, colours, _nearby(outline, inside))
        ax.set(xlim=(west, east), ylim=(south, north))
        ax.set_axis_on()
        ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
        ax.spines[:].set_visible(True)
        letter = "ABCDE"[number]
        ax.set_title(f"{letter}. {place}" if place else letter, fontsize=9, loc="left", pad=3)
        main.add_patch(Rectangle((west, south), east - west, north - south, fill=False, edgecolor=style.INK))
        main.annotate(letter, (west, north), xytext=(-2, 0), textcoords="offset points", ha="right", fontsize=9)


def _place_names(ax: Axes, areas: gpd.GeoDataFrame, column: str) -> None:
    if areas[column].nunique() < 2:
        return
    for name, group in areas.dropna(subset=[column]).groupby(column, sort=True):
        whole = group.geometry.union_all()
        gpd.GeoSeries([whole]).boundary.plot(ax=ax, color=style.INK, linewidth=1.1)
        point = max(getattr(whole, "geoms", [whole]), key=lambda part: part.area).representative_point()
        ax.annotate(
            str(name), (point.x, point.y), ha="center", va="center", fontsize=8,
            bbox={"facecolor": "white", "alpha": 0.9, "edgecolor": "none", "pad": 1},
        )  # fmt: skip


def _scale_bar(ax: Axes, areas: gpd.GeoDataFrame) -> None:
    if areas.crs is None:
        return  # a cartogram has no scale
    west, south, east, _ = areas.total_bounds
    km = max(k for k in (1, 2, 5, 10, 20, 50, 100) if k == 1 or k * METRES_PER_KM <= (east - west) / 4)
    ax.plot([west, west + km * METRES_PER_KM], [south, south], color=style.INK, linewidth=2, solid_capstyle="butt")
    ax.annotate(f"{km} km", (west, south), xytext=(0, 4), textcoords="offset points", fontsize=8.5)
