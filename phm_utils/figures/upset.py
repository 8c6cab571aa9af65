"""Combinations of conditions: a bar for each over a column of dots that says which conditions it has.

Drawn here and not by the package upsetplot: its version 0.9.0 stops with an
error on pandas 3, and it has no place for suppressed numbers or for a second
area to compare with.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from phm_utils.figures import style
from phm_utils.figures.chart import chart

BARS = 2.3  # inches of height of the bars above the dots
DOTS = 0.25  # inches of height of one row of dots
BAND = "#F1F4F6"  # behind every second row, to lead the eye from a name to its dots


@chart
def upset(
    frame: pd.DataFrame,
    combination: str,
    value: str,
    members: Mapping[str, Sequence[str]],
    *,
    marker: str | None = None,
    marker_name: str = "Whole ICS",
    unit: str = "",
) -> Figure:
    """Bars of `value`, one per combination in the frame's order, above a dot for each of its members.

    frame: one row per combination; a missing value is suppressed, drawn as *.
    members: of each combination. Members are listed by how often the
        combinations drawn have them, the most frequent at the top.
    marker: a column on the same scale to compare with, a line across each bar.
    """
    names = [str(c) for c in frame[combination]]
    times = pd.Series([m for name in names for m in members[name]]).value_counts(sort=False)
    rows = sorted(times.index, key=lambda m: (-times[m], m))
    with style.house():
        layout = ConstrainedLayoutEngine(hspace=0.02, h_pad=0.02)
        fig = Figure(figsize=(style.WIDTH, BARS + DOTS * max(len(rows), 1) + 0.3), layout=layout)
        ratios = [BARS, DOTS * max(len(rows), 1)]
        above, below = fig.subplots(2, 1, sharex=True, height_ratios=ratios)
        values = style.as_floats(frame[value])
        at = style.as_floats(frame[marker]) if marker in frame else np.full(len(values), np.nan)
        _bars(above, values, at)
        if marker in frame:
            above.hlines(at, np.arange(len(at)) - 0.42, np.arange(len(at)) + 0.42, color=style.INK, lw=2.2,
                         label=marker_name)  # fmt: skip
            style.legend_above(above)
        style.value_axis(above, "y", unit)
        above.set_ylim(bottom=0)
        _dots(below, [[rows.index(m) for m in members[name]] for name in names], rows)
        if np.isnan(values).any():
            style.note(fig, style.SUPPRESSED_NOTE)
    return fig


def _bars(ax: Axes, values: np.ndarray, compare: np.ndarray) -> None:
    """Bars with their numbers, above the line that they are compared with where that is higher."""
    ax.bar(np.arange(len(values)), np.nan_to_num(values), width=0.62, color=style.BLUE)
    tops = np.fmax(np.nan_to_num(values), np.nan_to_num(compare))
    for place, (v, top) in enumerate(zip(values, tops, strict=True)):
        text = style.SUPPRESSED if np.isnan(v) else f"{v:.1f}" if v < 100 else f"{v:,.0f}"
        ax.annotate(text, (place, top), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=8)
    ax.tick_params(axis="x", length=0, labelbottom=False)
    ax.spines["bottom"].set_visible(False)
    ax.margins(x=0.02, y=0.12)


def _dots(ax: Axes, columns: list[list[int]], rows: list[str]) -> None:
    for place in range(0, len(rows), 2):
        ax.axhspan(place - 0.5, place + 0.5, color=BAND, lw=0, zorder=0)
    every = [(x, y) for x in range(len(columns)) for y in range(len(rows))]
    if every:
        across, up = zip(*every, strict=True)
        ax.scatter(across, up, s=16, color=style.GRID, zorder=1)
    for x, on in enumerate(columns):
        ax.plot([x] * len(on), on, color=style.INK, lw=1.6, marker="o", markersize=6, zorder=2)
    ax.set_yticks(range(len(rows)), rows)
    ax.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    ax.tick_params(length=0, labelbottom=False)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
