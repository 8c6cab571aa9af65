"""Many small groups on one scale: a mark for each, in a row for each thing measured."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from phm_utils.figures import style
from phm_utils.figures.chart import chart

LIMITS = (0.5, 2.0)  # of the axis: what lies beyond stands at its edge as a triangle
TICKS = (0.5, 0.75, 0.9, 1.0, 1.1, 1.5, 2.0)
# Marks, from which each is drawn that much smaller, and as dots of a picture within the drawing: fewer bytes.
MANY, CROWDED, DPI = 200, 0.45, 180
NEAR = "#E3EEF5"  # behind ratios that are as good as equal


@chart
def ratio_strips(frame: pd.DataFrame, ratio: str, label: str, *, near: float = 0.1, unit: str = "") -> Figure:
    """One row per label, one mark per group at its ratio, on a logarithmic scale around 1.

    frame: one row per label x group; a missing ratio is suppressed, counted in the note and not drawn.
    near: ratios from 1 - near to 1 + near are within the shaded band and drawn light.
    """
    order = list(dict.fromkeys(str(v) for v in frame[label]))
    rows = frame[label].astype(str).map({name: i for i, name in enumerate(order)}).to_numpy()
    values = style.as_floats(frame[ratio])
    known = ~np.isnan(values)
    rows, values, hidden = rows[known], values[known], int((~known).sum())
    # Marks of one row step aside in turn, so that equal ones can be distinguished: the same each time.
    turn = pd.Series(rows).groupby(rows).cumcount().to_numpy() if len(rows) else rows
    aside = (turn % 5 - 2) * 0.13
    with style.house():
        fig, ax = style.canvas(style.rows_height(len(order), 0.9))
        fig.set_dpi(DPI)
        ax.axvspan(1 - near, 1 + near, color=NEAR, lw=0)
        ax.axvline(1, color=style.INK, lw=1)
        ax.set_xscale("log")
        for kind, chosen in _kinds(values, near).items():
            colour, marker, size = kind
            at = np.clip(values[chosen], *LIMITS)
            area = size * CROWDED if len(values) > MANY else size
            ax.scatter(at, rows[chosen] + aside[chosen], color=colour, marker=marker, s=area, alpha=0.85, zorder=3,
                       linewidth=0, clip_on=False, rasterized=len(values) > MANY)  # fmt: skip
        ax.set_xlim(*LIMITS)
        ax.set_xticks(TICKS, [f"{t:g}" for t in TICKS])
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.tick_params(axis="x", which="minor", length=0)
        ax.set_xlabel(unit)
        ax.set_yticks(range(len(order)), order)
        ax.set_ylim(max(len(order), 1) - 0.5, -0.5)
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x")
        ax.set_axisbelow(True)
        if hidden:
            style.note(fig, f"{hidden} not drawn: numbers are small")
    return fig


def _kinds(values: np.ndarray, near: float) -> dict[tuple[str, str, int], np.ndarray]:
    """Marks by how they are drawn: near 1, further away, and beyond the axis to either side."""
    low, high = values < LIMITS[0], values > LIMITS[1]
    close = np.abs(values - 1) <= near + 1e-9
    return {
        (style.GREY, "o", 26): close,
        (style.VERMILION, "D", 30): ~close & ~low & ~high,
        (style.VERMILION, "<", 48): low,
        (style.VERMILION, ">", 48): high,
    }
