"""Birth dates as a source writes them: day and month swapped, a digit wrong, only the year known, fillers, nothing."""

import numpy as np

from phm_utils.synthetic import days
from phm_utils.synthetic.draws import chance
from phm_utils.synthetic.identified_columns import BIRTH_FILLER
from phm_utils.synthetic.linkage.sheet import Sheet
from phm_utils.synthetic.rows import Dates

_DAY, _TENS_OF_DAYS, _MONTH, _YEAR, _DECADE = range(5)
_SLIPS = (0.3, 0.2, 0.2, 0.2, 0.1)  # which part of the date is wrong by one


def write_births(sheet: Sheet) -> Dates:
    """Every date that is written is one of the calendar, and none lies after the extract."""
    birth = sheet.population.people.birth[sheet.who].astype("datetime64[D]")
    year, month, day = _parts(birth)
    swapped = (day <= 12) & (day != month) & sheet.fault("day and month swapped")
    month, day = np.where(swapped, day, month), np.where(swapped, month, day)
    slipped = sheet.fault("date slip")
    year, month, day = _slip(sheet.rng, slipped, year, month, day)
    only_year = sheet.fault("first of January")
    month, day = np.where(only_year, 1, month), np.where(only_year, 1, day)
    written = np.minimum(_date(year, month, day), np.datetime64(days.END))
    sheet.note("day and month swapped", swapped & ~only_year)
    sheet.note("date slip", slipped & ~only_year & (written != birth))
    sheet.note("first of January", only_year & (written != birth))
    filled, missing = sheet.fault("date filler"), sheet.fault("date missing")
    sheet.note("date filler", filled & ~missing)
    sheet.note("date missing", missing)
    written = np.where(filled, np.datetime64(BIRTH_FILLER), written).astype(int) - days.EPOCH
    return Dates.some(written, ~missing)


def _slip(rng: np.random.Generator, slipped: np.ndarray, year, month, day) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One part of the chosen dates wrong by one (a day, ten days, a month, a year, ten years), kept on the calendar."""
    n = len(slipped)
    part = np.where(slipped, rng.choice(len(_SLIPS), n, p=_SLIPS), -1)
    by = np.where(chance(rng, 0.5, n), 1, -1)
    year = year + by * ((part == _YEAR) + 10 * (part == _DECADE))
    month = np.clip(month + by * (part == _MONTH), 1, 12)
    day = day + by * ((part == _DAY) + 10 * (part == _TENS_OF_DAYS))
    return year, month, np.clip(day, 1, _length(year, month))


def _parts(dates: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Year, month and day."""
    months = dates.astype("datetime64[M]")
    return (
        dates.astype("datetime64[Y]").astype(int) + 1970,
        months.astype(int) % 12 + 1,
        (dates - months).astype(int) + 1,
    )


def _month(year: np.ndarray, month: np.ndarray) -> np.ndarray:
    return ((year - 1970) * 12 + month - 1).astype("datetime64[M]")


def _date(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    return _month(year, month).astype("datetime64[D]") + (day - 1)


def _length(year: np.ndarray, month: np.ndarray) -> np.ndarray:
    """Days of the month."""
    start = _month(year, month)
    return ((start + 1).astype("datetime64[D]") - start.astype("datetime64[D]")).astype(int)
