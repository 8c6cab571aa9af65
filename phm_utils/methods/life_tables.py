"""Life expectancy from an abridged life table."""

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.methods.validation import Confidence, has_columns, levels, numbers, z_value

STARTS = (0, 1, *range(5, 95, 5))  # the 20 age bands: 0, 1-4, 5-9 to 85-89, 90 and over
MIN_POPULATION = 5_000  # at or below this, deaths are too few for a life table
WIDEST = 20  # years of a 95% interval beyond which an expectancy says nothing
LIVED = np.array([0.1, *[0.5] * 19])  # of its band, by those who die in it: first-year deaths come early


def life_expectancy(deaths: pd.DataFrame, confidence: Confidence = 0.95) -> pd.DataFrame:
    """Life expectancy at the start of each of 20 age bands.

    deaths: one row per `area_code` x `start_age` (each of STARTS): `deaths` and
        `person_years` (the mid-year population for one year of deaths). A table
        without `area_code` is one area.

    Returns one row per row given, on its index and in its order: `value`, `lower`, `upper` in
    years, NaN for the whole area where its person-years are MIN_POPULATION or fewer, a band has nobody, a count is
    missing, or deaths are below 0 or exceed the person-years, or nobody dies in the last band; and NaN
    for an age whose 95% interval is wider than WIDEST years.
    Raises InputError where an area lacks one row for each band.
    Source: Chiang 1984, The Life Table and its Applications, method II; Silcocks, Jenner and Reza 2001,
    doi:10.1136/jech.55.1.38, for the limits, which include the variance of the last band.

    >>> rates = 0.0002 * 1.09 ** np.array(STARTS)
    >>> table = pd.DataFrame({"start_age": STARTS, "person_years": 5_000, "deaths": 5_000 * rates})
    >>> life_expectancy(table).iloc[0].round(1).tolist()
    [66.3, 65.5, 67.1]
    """
    has_columns(deaths, "start_age", "deaths", "person_years")
    area = deaths["area_code"] if "area_code" in deaths else pd.Series("all", index=deaths.index)
    code, areas = pd.factorize(area)
    place = pd.Index(STARTS).get_indexer(pd.Index(numbers(deaths["start_age"], "start_age")))
    _check_bands(code, areas, place)
    died, lived = np.empty((2, len(areas), len(STARTS)))
    died[code, place] = numbers(deaths["deaths"], "deaths")
    lived[code, place] = numbers(deaths["person_years"], "person_years")
    unusable = ~((died >= 0) & (lived > 0) & (died <= lived)).all(axis=1) | (died[:, -1] == 0)
    unusable |= ~(lived.sum(axis=1) > MIN_POPULATION)
    with np.errstate(all="ignore"):
        value, error = _chiang(died, lived)
    value[unusable] = np.nan
    value[2 * z_value(0.95) * error > WIDEST] = np.nan
    columns = {"value": value}
    for suffix, level in levels(confidence).items():
        reach = z_value(level) * error
        columns |= {f"lower{suffix}": value - reach, f"upper{suffix}": value + reach}
    return pd.DataFrame({name: table[code, place] for name, table in columns.items()}, index=deaths.index)


def _chiang(died: np.ndarray, lived: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Expectancy and its standard error at the start of each band: areas x bands."""
    width = np.diff(STARTS, append=np.inf)
    rate = died / lived
    chance = np.ones_like(rate)
    chance[:, :-1] = (width * rate / (1 + width * (1 - LIVED) * rate))[:, :-1]
    alive = np.cumprod(np.hstack([np.ones((len(rate), 1)), 1 - chance[:, :-1]]), axis=1)
    years = alive / rate  # of the last band; the others follow
    years[:, :-1] = width[:-1] * (alive[:, 1:] + LIVED[:-1] * (alive * chance)[:, :-1])
    value = _from_the_end(years) / alive
    # Of the chance to survive each band; where nobody died it is taken as known.
    variance = np.where(died > 0, chance**2 * (1 - chance) / died, 0.0)
    weight = np.empty_like(rate)
    weight[:, :-1] = alive[:, :-1] ** 2 * ((1 - LIVED[:-1]) * width[:-1] + value[:, 1:]) ** 2
    spread = weight * variance
    spread[:, -1] = alive[:, -1] ** 2 / (died[:, -1] * rate[:, -1] ** 2)
    return value, np.sqrt(_from_the_end(spread) / alive**2)


def _from_the_end(table: np.ndarray) -> np.ndarray:
    return np.cumsum(table[:, ::-1], axis=1)[:, ::-1]


def _check_bands(code: np.ndarray, areas: pd.Index, place: np.ndarray) -> None:
    seen = np.zeros((len(areas), len(STARTS)))
    np.add.at(seen, (code[place >= 0], place[place >= 0]), 1)
    wrong = (seen != 1).any(axis=1)
    wrong[code[place < 0]] = True
    if wrong.any():
        raise InputError(
            f"{wrong.sum()} of {len(areas)} areas lack one row for each of the {len(STARTS)} age bands that start at "
            f"0, 1, 5, 10 ... 90 (first: {areas[wrong][0]}). Add absent bands; merge repeated or finer ones."
        )
