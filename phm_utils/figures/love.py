"""Love plots: covariate balance before and after weighting."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from phm_utils.figures import style
from phm_utils.figures.chart import chart


@chart
def love_plot(
    frame: pd.DataFrame,
    label: str,
    before: str,
    after: str,
    *,
    limit: float,
    unit: str = "Standardised difference, enrolled less controls",
) -> Figure:
    """How far two groups differ on each covariate, before weighting and after, furthest at the top.

    frame: one row per `label`; a missing value is not drawn.
    limit: differences within plus and minus this are small enough, drawn as a band.
    """
    frame = frame.iloc[np.argsort(-frame[before].abs().fillna(0).to_numpy(), kind="stable")]
    with style.house():
        fig, ax = style.canvas(style.rows_height(len(frame), 1.1))
        ax.axvspan(-limit, limit, color=style.GRID, alpha=0.6, lw=0, zorder=0, label=f"Within {limit:g}: alike")
        ax.axvline(0, color=style.INK, linewidth=1)
        for column, name, colour, marker in (
            (before, "Before weighting", style.VERMILION, "D"),
            (after, "After weighting", style.BLUE, "o"),
        ):
            values = style.as_floats(frame[column])
            if not np.isnan(values).all():
                sns.scatterplot(
                    x=values, y=np.arange(len(frame)), ax=ax, color=colour, marker=marker, s=44, linewidth=0,
                    label=name, zorder=3, legend=False,
                )  # fmt: skip
        ax.set_yticks(range(len(frame)), [str(v) for v in frame[label]])
        ax.set_ylim(len(frame) - 0.5, -0.5)
        ax.tick_params(axis="y", length=0)
        ax.set_ylabel("")
        style.legend_above(ax)
        style.value_axis(ax, "x", unit)
    return fig
