"""The people who may take part in a programme's trials, and their months."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

NEVER = np.inf
KEY_COLUMNS = ("person_id", "pcn_code", "joins", "leaves", "palliative", "enrolled", "enrolled_any")


@dataclass(frozen=True)
class Panel:
    """People and their monthly activity. Time is in months from the panel's first; 24.5 is halfway through month 24.

    people: one row per person: `person_id`, `pcn_code`; `joins`, `leaves`
        (first and last moment observed), `palliative`, `enrolled` (whole month of
        first enrolment in the programme) and `enrolled_any` (in any of its kind),
        all inf where it never happened; then one column per covariate
        that stays as it is (`birth` is a time, from which age follows).
    counts: people x months of each monthly count.
    since: people x long-term conditions: the time of the first record, inf if none.
    months: first day of each month.
    unmatched: enrolled identities without a person in the GP extract.
    silent: numbers of months in which the sources by which the programme is judged hold next to nothing: nobody is
        observed in them.
    """

    people: pd.DataFrame
    counts: dict[str, np.ndarray]
    months: pd.DatetimeIndex
    since: pd.DataFrame = field(default_factory=pd.DataFrame)
    unmatched: int = 0
    silent: tuple[int, ...] = ()


def window(counts: np.ndarray, from_month: int, to_month: int) -> np.ndarray:
    """People x months: events from `from_month` to `to_month` before each month (fewer where history is short)."""
    total = np.concatenate([np.zeros((len(counts), 1), int), counts.cumsum(axis=1, dtype=int)], axis=1)
    at = np.arange(counts.shape[1])
    return total[:, np.maximum(at - to_month + 1, 0)] - total[:, np.maximum(at - from_month, 0)]
