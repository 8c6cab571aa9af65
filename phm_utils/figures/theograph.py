"""A theograph: one person's contacts over time, a row for each service. See Gray, Kaye-Kerr and others (NHS, 2013)."""

import matplotlib.dates as mdates
import pandas as pd
from matplotlib.figure import Figure

from phm_utils.figures import style
from phm_utils.figures.chart import chart

NARROWEST_DAYS = 4  # of a bar: a stay of one night is still seen on an axis of three years
HALF = 0.32  # of a row, above and below its line


@chart
def theograph(
    frame: pd.DataFrame, service: str, first: str, last: str, *, begin: pd.Timestamp, end: pd.Timestamp
) -> Figure:
    """One row per service, one mark per contact at its day, one bar per stay or service from its first to its last day.

    frame: one row per contact: `service`, `first` and `last`, timestamps; equal for a contact of one day.
    begin, end: the first and the last day of the axis. Services stand in the order in which the frame has them.
    """
    order = list(dict.fromkeys(str(name) for name in frame[service]))
    rows = frame[service].astype(str).map({name: place for place, name in enumerate(order)})
    single = frame[first] == frame[last]
    with style.house():
        fig, ax = style.canvas(style.rows_height(len(order), 1.1) + 0.2 * len(order))
        for place in range(len(order)):
            colour = style.PALETTE[place % len(style.PALETTE)]
            ax.axhline(place, color=style.GRID, lw=0.8, zorder=0)
            of_one_day = frame.loc[single & (rows == place), first]
            ax.scatter(of_one_day, [place] * len(of_one_day), marker="|", s=170, linewidth=1.6, color=colour, zorder=3)
            for stay in frame.loc[~single & (rows == place)].itertuples():
                start, days = getattr(stay, first), (getattr(stay, last) - getattr(stay, first)).days
                ax.broken_barh([(mdates.date2num(start), max(days, NARROWEST_DAYS))], (place - HALF, 2 * HALF),
                               facecolor=colour, edgecolor=style.INK, linewidth=0.6, zorder=2)  # fmt: skip
        ax.set_xlim(begin, end)
        ax.xaxis.set_major_locator(mdates.MonthLocator(bymonth=(1, 7)))
        ax.xaxis.set_major_formatter(mdates.DateFormatter("%b %Y"))
        ax.set_yticks(range(len(order)), order)
        ax.set_ylim(max(len(order), 1) - 0.5, -0.5)
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x")
        ax.set_axisbelow(True)
    return fig
