"""Charts that only a linkage needs: how match weights are spread, and how one comes about."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from phm_utils.figures import style
from phm_utils.figures.chart import chart

HATCHES = ("", "///", "||", "xx", "\\\\\\")  # of lines alone: each dot of a dotted bar is drawn, and weighs


@chart
def stacked_columns(
    frame: pd.DataFrame, at: str, group: str, value: str, *, groups: Sequence[str], unit: str = "", x_unit: str = ""
) -> Figure:
    """Columns over an ordered axis, each divided into at most five groups by colour and hatch.

    frame: one row per `at` x `group`; a missing value is suppressed: it adds no height, and a * stands above.
    """
    places = sorted(frame[at].unique())
    wide = frame.set_index([at, group])[value].astype("Float64").unstack(group).reindex(index=places, columns=groups)
    hidden = frame[frame[value].isna()].groupby(at).size()
    step = min(np.diff(places), default=1)
    with style.house():
        fig, ax = style.canvas(3.8)
        floor = np.zeros(len(places))
        for i, name in enumerate(groups):
            heights = np.nan_to_num(style.as_floats(wide[name]))
            drawn = heights > 0  # every hatched bar costs a kilobyte, whatever its height
            ax.bar(
                np.array(places)[drawn], heights[drawn], width=0.9 * step, align="edge", bottom=floor[drawn],
                color=style.PALETTE[i], hatch=HATCHES[i], edgecolor=style.PAPER, linewidth=0.5, label=str(name),
            )  # fmt: skip
            floor += heights
        for place, top in zip(places, floor, strict=True):
            if hidden.get(place, 0):
                ax.annotate(
                    style.SUPPRESSED, (place + 0.45 * step, top), xytext=(0, 1), textcoords="offset points", ha="center"
                )
        style.legend_above(ax, 3)
        style.value_axis(ax, "y", unit)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True))
        ax.set_xlabel(x_unit)
        if len(hidden):
            style.note(fig, style.SUPPRESSED_NOTE)
    return fig


@chart
def waterfall(frame: pd.DataFrame, label: str, step: str, *, total: str, unit: str = "") -> Figure:
    """Bars that begin where the one before ended, and their sum at the foot.

    frame: one row per `label` with its `step`, in order from the first.
    total: the name of the sum.
    """
    steps = style.as_floats(frame[step])
    ends = np.cumsum(np.nan_to_num(steps))
    starts = np.concatenate([[0.0], ends[:-1]])
    names = [*(str(name) for name in frame[label]), total]
    rows = np.arange(len(names))
    with style.house():
        fig, ax = style.canvas(style.rows_height(len(names), 0.8))
        for row, (start, change) in enumerate(zip(starts, np.nan_to_num(steps), strict=True)):
            i = 0 if change >= 0 else 1
            ax.barh(row, change, left=start, height=0.7, color=style.PALETTE[i], hatch=style.HATCHES[i],
                    edgecolor=style.PAPER, linewidth=0.5)  # fmt: skip
        ax.barh(rows[-1], ends[-1], height=0.7, color=style.GREY)
        for row, right in zip(rows.tolist(), np.append(np.maximum(starts, ends), max(ends[-1], 0)), strict=True):
            value = steps[row] if row < len(steps) else ends[-1]
            text = style.SUPPRESSED if np.isnan(value) else f"{value:+.1f}"
            ax.annotate(text, (right, row), xytext=(4, 0), textcoords="offset points", va="center")
        ax.axvline(0, color=style.INK, linewidth=1)
        ax.set_yticks(rows, names)
        ax.set_ylim(rows[-1] + 0.6, -0.6)
        ax.tick_params(axis="y", length=0)
        ax.get_yticklabels()[-1].set_fontweight("bold")
        style.value_axis(ax, "x", unit)
        low, high = ax.get_xlim()
        room = 0.08 * (high - low)  # for the numbers at the ends of bars
        ax.set_xlim(low - room / 4, high + room)
    return fig
