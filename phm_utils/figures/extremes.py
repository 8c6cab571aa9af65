"""Figures with a row for each area: where there are too many, both ends are drawn, and the figure says so."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from phm_utils.figures import style

MOST_ROWS = 40  # more do not fit on a screen
EACH_END = 12


def extremes(frame: pd.DataFrame, label: str, value: str, keep: Iterable[str] = ()) -> tuple[pd.DataFrame, str]:
    """The rows with the highest and lowest values, in the frame's order, and a note of what is drawn.

    frame: one row per `label`. keep: labels drawn whatever their value.
    Returns the whole frame and no note where it has MOST_ROWS or fewer.

    >>> areas = pd.DataFrame({"area": [f"PCN {n}" for n in range(80)], "rate": range(80)})
    >>> drawn, note = extremes(areas, "area", "rate", keep=["PCN 40"])
    >>> len(drawn), note
    (25, 'Drawn: the 12 highest and 12 lowest of 80; all are in the table behind the figure')
    """
    if len(frame) <= MOST_ROWS:
        return frame, ""
    ranked = pd.Series(style.as_floats(frame[value]), index=frame.index).dropna().sort_values(kind="stable")
    chosen = {*ranked.index[:EACH_END], *ranked.index[-EACH_END:], *frame.index[frame[label].isin(list(keep))]}
    words = (
        f"Drawn: the {EACH_END} highest and {EACH_END} lowest of {len(frame)}; all are in the table behind the figure"
    )
    return frame[frame.index.isin(chosen)], words


def unusual_rows(numbers: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rows of a grid that differ most from the middle one, in the grid's order, and a note of what is drawn.

    numbers: one row per area, columns that are each read down. A row differs by its largest distance from a
    column's median, in units of that column's median absolute deviation.
    Returns the whole grid and no note where it has MOST_ROWS or fewer.

    >>> grid = pd.DataFrame({"share": [0.1] * 40 + [0.9] + [0.1, 0.2] * 10})
    >>> drawn, note = unusual_rows(grid)
    >>> 40 in drawn.index, len(drawn), note
    (True, 24, 'Drawn: the 24 of 61 that differ most from the middle; all are in the table behind the figure')
    """
    if len(numbers) <= MOST_ROWS:
        return numbers, ""
    apart = (numbers - numbers.median()).abs()
    unit = apart.median().replace(0, np.nan).fillna(apart.mean()).replace(0, np.nan)
    furthest = (apart / unit).max(axis=1).fillna(0).sort_values(ascending=False, kind="stable")
    drawn = numbers[numbers.index.isin(furthest.index[: 2 * EACH_END])]
    words = f"Drawn: the {len(drawn)} of {len(numbers)} that differ most from the middle"
    return drawn, f"{words}; all are in the table behind the figure"
