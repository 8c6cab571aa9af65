"""Grids that compare groups of people: each column is read down by itself."""

from textwrap import fill

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from phm_utils.figures import style
from phm_utils.figures.chart import chart
from phm_utils.figures.extremes import unusual_rows

LINE = 0.17  # inches of height of one line of a column's name
NAMES = 66  # characters that fit above all columns together
MANY, WIDER = 7, 7.6  # columns, from which the grid is that wide, in inches, and its names smaller
DARKEST = 1.25  # the largest of a column stays short of the darkest shade: pages of near-equal numbers stay light


@chart
def grid(frame: pd.DataFrame, row: str, column: str, value: str, *, percent: bool = False, digits: int = 1) -> Figure:
    """A grid of numbers, each column shaded from 0 to its own largest, its name above it.

    frame: one row per row x column, both in order of first appearance; a
        missing value is suppressed and written as *.
    digits: after the point, of numbers and of per cents.
    Shades compare the rows of one column; across columns read the numbers.
    """
    rows, columns = list(dict.fromkeys(frame[row])), list(dict.fromkeys(frame[column]))
    wide = frame.set_index([row, column])[value].astype("Float64").unstack(column).reindex(index=rows, columns=columns)
    numbers, drawn = unusual_rows(pd.DataFrame({c: style.as_floats(wide[c]) for c in columns}, index=rows))
    largest = numbers.max().where(numbers.max() > 0, 1)
    form = f"{{:,.{digits}{'%' if percent else 'f'}}}"
    texts = numbers.map(lambda v: "" if np.isnan(v) else "0" if v == 0 else form.format(v))
    width = min(max(NAMES // len(columns), 9), 18)
    names = [fill(str(c), width, break_long_words=False) for c in columns]
    with style.house():
        height = style.rows_height(len(numbers), 0.5 + LINE * max(n.count("\n") + 1 for n in names))
        fig, ax = style.canvas(height, WIDER if len(columns) >= MANY else style.WIDTH)
        style.note(fig, drawn)
        sns.heatmap(
            numbers / largest, annot=texts, fmt="", ax=ax, vmin=0, vmax=DARKEST, cbar=False, linewidths=1,
            linecolor=style.PAPER, cmap=sns.color_palette(list(style.SEQUENTIAL), as_cmap=True),
            annot_kws={"fontsize": 9.5},
        )  # fmt: skip
        for place, at in np.argwhere(numbers.isna().to_numpy()):
            ax.text(at + 0.5, place + 0.5, style.SUPPRESSED, ha="center", va="center", fontsize=12)
        ax.collections[0].set_clip_on(False)  # the cells fill the axes: clipping each would only cost bytes
        ax.xaxis.tick_top()
        ax.set_xticks(np.arange(len(columns)) + 0.5, names, rotation=0, fontsize=8 if len(columns) >= MANY else 9)
        ax.set_yticks(np.arange(len(numbers)) + 0.5, [str(r) for r in numbers.index], rotation=0)
        ax.tick_params(length=0)
        ax.set(xlabel="", ylabel="")
        if numbers.isna().to_numpy().any():
            style.note(fig, style.SUPPRESSED_NOTE)
    return fig
