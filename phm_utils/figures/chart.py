"""Decorator of every chart: it keeps the table drawn, and returns None for an empty or absent one.

Names are drawn as `labels` makes them; the table behind the figure keeps them whole.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from phm_utils.absent import if_present
from phm_utils.figures.labels import drawable, relabelled


def chart(draw: Callable[..., Figure]) -> Callable[..., Any]:
    """Mark a function that draws the table given first, if it has rows; `drawn_from` then gives that table."""

    @if_present
    @wraps(draw)
    def call(frame: pd.DataFrame, *given: Any, **named: Any) -> Figure | None:
        if frame.empty:
            return None
        drawn, changed = drawable(frame)
        if changed:
            given = tuple(relabelled(one, changed) for one in given)
            named = {name: relabelled(one, changed) for name, one in named.items()}
        fig = draw(drawn, *given, **named)
        fig.drawn_from = frame  # type: ignore[attr-defined]  # matplotlib has no place for it
        return fig

    return call


def drawn_from(fig: Figure) -> pd.DataFrame | None:
    """The table behind a figure."""
    return getattr(fig, "drawn_from", None)
