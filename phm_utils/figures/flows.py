"""Movement between groups: where people came from by row, where they went by column, numbers in the cells."""

from textwrap import fill

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from phm_utils.figures import style
from phm_utils.figures.chart import chart

CELL = 0.42  # inches of height of a cell: two lines
NAME = 20  # characters of a row's name on one line
DARKEST = 0.15  # the share at which a cell is darkest: between segments few move


@chart
def flow_grid(
    frame: pd.DataFrame, origin: str, goal: str, people: str, share: str, *, newcomers: str | None = None
) -> Figure:
    """A grid of people by origin and goal, each with its share of the origin's people.

    frame: one row per origin x goal, both in order of first appearance; pairs
        that cannot be are absent and stay empty, missing people are suppressed.
    newcomers: the origin of people who were nowhere before: its row is not shaded.
    Cells are shaded by share; those who stayed are framed and not shaded, so that movement shows.
    """
    rows, columns = list(dict.fromkeys(frame[origin])), list(dict.fromkeys(frame[goal]))
    at = frame.set_index([origin, goal])
    wide = at[share].astype("Float64").unstack(goal).reindex(index=rows, columns=columns)
    shares = pd.DataFrame({c: style.as_floats(wide[c]) for c in columns}, index=rows)
    stayed = np.array([[r == c for c in columns] for r in rows])
    plain = stayed | np.array([[r == newcomers for _ in columns] for r in rows])
    texts = pd.DataFrame([[_text(at, (r, c), people, share) for c in columns] for r in rows], rows, columns)
    width = max(60 // len(columns), 7)
    names = [fill(str(c), width, break_long_words=False) for c in columns]
    with style.house():
        fig, ax = style.canvas(len(rows) * CELL + 0.55 + 0.17 * max(n.count("\n") + 1 for n in names), 7.6)
        sns.heatmap(
            shares.mask(plain, 0).fillna(0), annot=texts.mask(stayed, ""), fmt="", ax=ax, vmin=0, vmax=DARKEST,
            cbar=False, linewidths=1, linecolor=style.PAPER, annot_kws={"fontsize": 8, "linespacing": 1.15},
            cmap=sns.color_palette(list(style.SEQUENTIAL), as_cmap=True),
        )  # fmt: skip
        for r, c in np.argwhere(stayed):
            ax.add_patch(Rectangle((c, r), 1, 1, facecolor=style.PAPER, edgecolor=style.INK, lw=1.2, zorder=2))
            ax.text(c + 0.5, r + 0.5, texts.iloc[r, c], ha="center", va="center", fontsize=8, zorder=3)
        ax.collections[0].set_clip_on(False)  # the cells fill the axes: clipping each would only cost bytes
        ax.xaxis.tick_top()
        ax.set_xticks(np.arange(len(columns)) + 0.5, names, rotation=0, fontsize=8.5)
        ax.set_yticks(np.arange(len(rows)) + 0.5, [fill(str(r), NAME) for r in rows], rotation=0, fontsize=9)
        ax.tick_params(length=0)
        ax.set(xlabel="", ylabel="")
        if frame[people].isna().any():
            style.note(fig, style.SUPPRESSED_NOTE)
    return fig


def _text(at: pd.DataFrame, key: tuple[str, str], people: str, share: str) -> str:
    """A cell's number and, below it, its share of the row; empty for a pair that cannot be."""
    if key not in at.index:
        return ""
    number, part = at.loc[key, people], at.loc[key, share]
    if pd.isna(number):
        return style.SUPPRESSED
    if number == 0 or pd.isna(part):
        return f"{number:,}"
    return f"{number:,}\n{part:.0%}" if part >= 0.005 else f"{number:,}\n<1%"
