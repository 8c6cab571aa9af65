"""What may leave the store: each released table is declared before it is computed."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True)
class Release:
    """One table declared for release.

    name: its name among the released tables and CSV files.
    frame: one row per `keys`, true figures; first key is `area_code`, whose
        report it is for: each PCN's code, and the ICS's own.
    keys: columns that say what a row is about; shown as they are.
    counts: columns that count people or events: 1-7 suppressed, the rest rounded.
    estimates: columns estimated from true counts (standardised, modelled),
        by the column that counts the events behind them: withheld below the
        policy's minimum, rounded to 3 significant digits. That column is
        itself dropped unless it also stands in `counts`.
    derive: makes further columns (crude rates, limits) from the protected
        frame; it never sees true counts. Suppressed counts are <NA> there.
    published: the figures are already public: passed on unchanged.
    title, unit: for the CSV's readers: what the table shows, one row per what.
    """

    name: str
    title: str
    frame: pd.DataFrame = field(repr=False)
    keys: tuple[str, ...] = ("area_code",)
    counts: tuple[str, ...] = ()
    estimates: dict[str, str] = field(default_factory=dict)
    derive: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    published: bool = False
