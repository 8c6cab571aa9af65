"""Parts of a whole, side by side in one bar per row."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from phm_utils.figures import style
from phm_utils.figures.chart import chart


@chart
def stacked_bars(
    frame: pd.DataFrame,
    value: str,
    label: str,
    part: str,
    *,
    unit: str = "",
    parts: Sequence[str] | None = None,
    marker: pd.Series | None = None,
    marker_name: str = "Whole ICS",
) -> Figure:
    """One horizontal bar per label, made of its parts, with the sum at its end.

    frame: one row per label x part (at most five parts); labels in order of
        first appearance. A row with any part missing is suppressed as a whole,
        drawn as *: the rest of its bar would say what the part is.
    marker: a number per label to compare the sum with, a line across the bar.
    """
    order = list(dict.fromkeys(str(v) for v in frame[label]))
    parts = [str(p) for p in parts] if parts else list(dict.fromkeys(str(p) for p in frame[part]))
    wide = frame.assign(_l=frame[label].astype(str), _p=frame[part].astype(str))
    wide = wide.set_index(["_l", "_p"])[value].astype("Float64").unstack("_p").reindex(index=order, columns=parts)
    numbers = np.column_stack([style.as_floats(wide[p]) for p in parts])
    hidden = np.isnan(numbers).any(axis=1)
    numbers[hidden] = 0.0
    ends, places = numbers.cumsum(axis=1), np.arange(len(order))
    with style.house():
        fig, ax = style.canvas(style.rows_height(len(order), 1.5))
        for i, name in enumerate(parts):
            ax.barh(
                places, numbers[:, i], left=ends[:, i] - numbers[:, i], height=0.68, label=name, linewidth=0.8,
                color=style.PALETTE[i], hatch=style.HATCHES[i], edgecolor=style.PAPER,
            )  # fmt: skip
        compare = np.full(len(order), np.nan) if marker is None else style.as_floats(marker.reindex(order))
        if not np.isnan(compare).all():
            ax.vlines(compare, places - 0.45, places + 0.45, color=style.INK, lw=2.2, label=marker_name, zorder=3)
        for place, total in enumerate(ends[:, -1]):
            text = style.SUPPRESSED if hidden[place] else style.number(total)
            at = total if np.isnan(compare[place]) else max(total, compare[place])
            ax.annotate(text, (at, place), xytext=(5, 0), textcoords="offset points", va="center")
        _legend(fig, ax)
        style.value_axis(ax, "x", unit)
        ax.set_yticks(places, order)
        ax.invert_yaxis()
        ax.tick_params(axis="y", length=0)
        ax.set_xlim(0, max(ax.get_xlim()[1] * 1.1, 1e-9))  # room for the numbers at the ends of bars
        if hidden.any():
            style.note(fig, style.SUPPRESSED_NOTE)
    return fig


def _legend(fig: Figure, ax: Axes) -> None:
    """Two columns over the whole figure: names of parts are long, and would narrow the axes."""
    handles, labels = ax.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda i: isinstance(handles[i], LineCollection))
    fig.legend([handles[i] for i in order], [labels[i] for i in order], loc="outside upper left", ncols=2)
