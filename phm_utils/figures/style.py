"""The house style: every colour, marker and size of a figure has its one home here.

Colours of marks are from Okabe and Ito's colour-blind-safe set, those with
3:1 contrast to white or more (WCAG 2.2, 1.4.11); groups differ by marker or
hatch too, never by colour alone. No titles: the caption under a figure says
what it shows.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

BLUE, VERMILION, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#5F6B73"
PALETTE = (BLUE, VERMILION, GREEN, PURPLE, GREY)
MARKERS = ("o", "s", "^", "D", "v")
HATCHES = ("", "///", "\\\\\\", "xx", "---")  # lines: dots are forty times the bytes
DASHES = ("solid", (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)), (0, (8, 3)))
INK, MUTED, GRID, PAPER = "#212B32", "#4C6272", "#D8DDE0", "#FFFFFF"
# Five classes, least to most: one hue, darkening evenly, so that it reads in grey print too.
SEQUENTIAL = ("#EEF6FB", "#BBDCF0", "#6FB1DA", "#2A78B5", "#0B3C6F")

WIDTH = 7.0  # inches: 672 px in a browser, readable without zooming
ROW = 0.29  # inches of height for one labelled row
SUPPRESSED = "*"
SUPPRESSED_NOTE = "* small number, not shown"

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # ships with matplotlib: the same letters, so the same bytes, on every machine
    "font.size": 10,
    "axes.labelsize": 10,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.fontsize": 9.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.grid": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "hatch.linewidth": 0.8,
    "legend.frameon": False,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "figure.constrained_layout.use": True,
}


@contextmanager
def house() -> Iterator[None]:
    """Draw in the house style inside the block; the caller's own settings return after it."""
    with mpl.rc_context({**sns.axes_style("ticks"), **_RC}), as_written():
        yield


@contextmanager
def as_written() -> Iterator[None]:
    """Draw text as it is written, inside the block: dollar signs are no formula, and letters that DejaVu Sans lacks are
    left to the fonts of the reader, without a warning. matplotlib makes some text only when it saves a figure.
    """
    with mpl.rc_context({"text.parse_math": False, "text.usetex": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+|Matplotlib currently does not support")
        yield


def canvas(height: float, width: float = WIDTH) -> tuple[Figure, Axes]:
    """A figure without a backend, so that only `show` displays it. Sizes in inches."""
    fig = Figure(figsize=(width, height), layout="constrained")
    return fig, fig.add_subplot()


def rows_height(rows: int, extra: float = 0.9) -> float:
    """Height in inches of a figure with one labelled row per item."""
    return max(1.8, rows * ROW + extra)


def as_floats(values: pd.Series) -> np.ndarray:
    """Numbers for matplotlib; NaN where suppressed or missing."""
    return pd.to_numeric(values).astype("Float64").to_numpy(dtype=float, na_value=np.nan)


def number(value: float, percent: bool = False) -> str:
    """A formatted number: 12.3%, 1,234, 0.59."""
    if percent:
        return f"{value:.1%}"
    return f"{value:,.0f}" if abs(value) >= 100 or float(value).is_integer() else f"{value:.3g}"


def value_axis(ax: Axes, which: Literal["x", "y"], unit: str, percent: bool = False) -> None:
    """Grid lines, few ticks, thousands apart and the unit on the axis that measures."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    if axis.get_scale() == "linear":
        axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda v, _: _tick(v, percent)))
    axis.set_label_text(unit)
    ax.grid(axis=which)
    ax.set_axisbelow(True)


def _tick(value: float, percent: bool) -> str:
    return f"{value * 100:g}%" if percent else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def note(fig: Figure, text: str) -> None:
    """A line under the axes, for what a mark means or what is drawn; nothing for an empty text."""
    said = fig.get_supxlabel()
    text = "; ".join(part for part in (said, text) if part)
    fig.supxlabel(text, x=0.01, ha="left", fontsize=9, color=MUTED)


def legend_above(ax: Axes, columns: int = 4) -> None:
    """The legend in one line above the axes, where it hides no mark."""
    handles, labels = ax.get_legend_handles_labels()
    if handles:
        ax.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=columns, borderaxespad=0.2)
