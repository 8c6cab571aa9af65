"""Days of the simulated ICS, counted from the first day of its five years.

Inside the simulator a day is a small integer, 0 for START; only when a table
is written does it become a date. Events fall on days by a calendar: weekdays
only, quiet bank holidays, the empty waiting rooms of 2020.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

START = date(2020, 4, 1)
END = date(2025, 4, 30)
INDEX_DATE = date(2025, 3, 31)
UNIX = date(1970, 1, 1)
EPOCH = (START - UNIX).days  # add to a day to get a date32
DAYS = (END - START).days + 1
YEAR = 365.25
SLOTS = 1 << 16
NO_DAY = -1_000_000  # a day that never came (still registered, still alive)


def day(when: date) -> int:
    """The day number of a date."""
    return (when - START).days


INDEX_DAY = day(INDEX_DATE)
DATES = np.datetime64(START) + np.arange(DAYS)
MONTH = ((DATES.astype("datetime64[M]") - np.datetime64(START, "M")).astype(int)).astype(np.int16)
MONTHS = int(MONTH[-1]) + 1
MONTH_START = np.searchsorted(MONTH, np.arange(MONTHS + 1)).astype(np.int32)
WEEKDAY = ((DATES.astype("datetime64[D]").astype(int) + 3) % 7).astype(np.int8)  # 0 is Monday


def month_number(year: int, month: int) -> int:
    """Months since START's month."""
    return (year - START.year) * 12 + month - START.month


def first_of_month(days: np.ndarray) -> np.ndarray:
    """date32 of the first day of the month in which each date32 falls; any century."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int32)


@dataclass(frozen=True)
class Calendar:
    """How a source's events spread over the days: equal slots, more of them on busier days.

    day_of_slot: the day of each of SLOTS slots. slot_of_day: the first slot
        of each day, with one entry more than there are days.
    """

    day_of_slot: np.ndarray
    slot_of_day: np.ndarray

    @classmethod
    def of(cls, weight: np.ndarray) -> "Calendar":
        """From a weight per day (DAYS numbers, 0 where nothing happens)."""
        edges = np.rint(np.concatenate([[0], np.cumsum(weight)]) / weight.sum() * SLOTS).astype(np.uint32)
        return cls(np.repeat(np.arange(DAYS, dtype=np.int16), np.diff(edges)), edges)

    def spread(
        self, rng: np.random.Generator, first: np.ndarray, last: np.ndarray, counts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """`counts[i]` events for row i between days `first[i]` and `last[i]`, both included.

        Returns for each event the row it belongs to (ascending) and its day.
        No event where the source is closed on all those days.
        """
        low = self.slot_of_day[first]
        high = self.slot_of_day[last.astype(np.int64) + 1]
        span = np.where(high > low, high - low, 0).astype(np.uint32)
        counts = np.where(span > 0, counts, 0)
        rows = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        slot = rng.integers(0, SLOTS, len(rows), dtype=np.uint16).astype(np.uint32)
        slot *= span[rows]
        slot >>= np.uint32(16)
        slot += low[rows]
        return rows, self.day_of_slot[slot]


def _weights(weekday: float, weekend: float, in_2020: float = 1.0) -> np.ndarray:
    weight = np.where(WEEKDAY < 5, weekday, weekend).astype(float)
    holiday = np.isin(DATES.astype("datetime64[D]").astype(str), _HOLIDAYS)
    weight[holiday] = weekend
    weight[: day(date(2020, 8, 1))] *= in_2020
    return weight


_HOLIDAYS = [f"{year}-{tail}" for year in range(2020, 2026) for tail in ("01-01", "12-25", "12-26")]

SURGERY = Calendar.of(_weights(1.0, 0.0, 0.7))  # practices and clinics: weekdays
CLINIC = Calendar.of(_weights(1.0, 0.05, 0.6))
EVERY_DAY = Calendar.of(_weights(1.0, 1.0, 0.8))  # emergencies
