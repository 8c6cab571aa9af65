"""The contacts of each person in two years, as rising contacts needs them: episodes, exposure, age and former use."""

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import numpy as np
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.methods.episodes import episode_starts
from phm_utils.rules.groups import NOT_KNOWN, AgeBands

AGES = AgeBands((0, 18, 65))
FORMERLY = ("None in the year before", "1 to 5", "6 or more")  # episodes in the year before both
FROM_HOW_MANY = (1, 6)
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Years:
    """The two years of an activity, all days inclusive, and the first day of its source."""

    earlier_from: date
    earlier_to: date
    later_from: date
    later_to: date
    known_from: date | None

    @property
    def former_from(self) -> date:
        """First day of the year before both."""
        return self.earlier_from - YEAR

    @property
    def former_known(self) -> bool:
        """Does the source cover the year before both?"""
        return self.known_from is not None and self.known_from <= self.former_from


def years_of(con: duckdb.DuckDBPyConnection, activity: str) -> Years | None:
    """The years of an activity that a run can compare; None where its source covers fewer than two."""
    found = con.execute(
        "SELECT w.prior_from, w.prior_to, w.from_date, w.to_date, c.first_date FROM activity_window AS w "
        "INNER JOIN event_concept AS c ON c.source = w.source WHERE c.concept = $activity AND w.complete",
        {"activity": activity},
    ).fetchall()
    return Years(*(_day(value) for value in found[0])) if found else None  # type: ignore[arg-type] # dates


def _day(value: object) -> date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()


def contact_counts(con: duckdb.DuckDBPyConnection, activity: str, years: Years, episode_days: int) -> pd.DataFrame:
    """One row per person registered who has contacts in either year, as `methods.rising` takes it.

    con: reads `person`, `person_follow_up` and `person_event`. episode_days: see `methods.episodes`.
    Returns `person_no`, `pcn_code`, `practice_code`, `age_band`, `use_stratum`, `earlier`, `later`, `earlier_years`,
    `later_years`, in order of `person_no`. Years are of registration: 1 is all of that year.
    """
    people, day = _contacts(con, activity, years)
    starts = episode_starts(people, day, episode_days)
    people, day = people[starts], day[starts]
    size = int(people.max(initial=0)) + 1
    windows = {
        "former": (years.former_from, years.earlier_from - timedelta(days=1)),
        "earlier": (years.earlier_from, years.earlier_to),
        "later": (years.later_from, years.later_to),
    }
    counts = {}
    for name, (first, last) in windows.items():
        inside = (day >= _number(first)) & (day <= _number(last))
        counts[name] = np.bincount(people[inside], minlength=size)
    seen = np.flatnonzero(counts["earlier"] + counts["later"])
    frame = pd.DataFrame({"person_no": seen} | {name: values[seen] for name, values in counts.items()})
    return _described(frame.merge(_people(con, years), on="person_no"), years)


def _number(day: date) -> int:
    return (day - date(2000, 1, 1)).days


def _contacts(con: duckdb.DuckDBPyConnection, activity: str, years: Years) -> tuple[np.ndarray, np.ndarray]:
    """Person and day, a number, of each contact in the three years, in order of both."""
    found = con.execute(
        "SELECT person_no, CAST(date_diff('day', DATE '2000-01-01', day) AS INTEGER) AS day FROM person_event "
        "WHERE concept = $activity AND day BETWEEN $first AND $last ORDER BY person_no, day",
        {"activity": activity, "first": years.former_from, "last": years.later_to},
    ).fetchnumpy()
    return np.asarray(found["person_no"]), np.asarray(found["day"])


def _people(con: duckdb.DuckDBPyConnection, years: Years) -> pd.DataFrame:
    """Everybody registered, with the share of each year that they were, and since when."""
    exposure = [
        f"greatest(date_diff('day', greatest(start_date, DATE '{first}'), least(end_date, DATE '{last}')) + 1, 0) "
        f"/ {(last - first).days + 1} AS {name}"
        for name, first, last in (
            ("earlier_years", years.earlier_from, years.earlier_to), ("later_years", years.later_from, years.later_to)
        )
    ]  # fmt: skip
    return read_sql(
        con,
        "SELECT person.person_no, person.pcn_code, person.practice_code, "
        f"{AGES.sql('person.age', NOT_KNOWN)} AS age_band, "
        f"start_date <= DATE '{years.former_from}' AS there_before, {', '.join(exposure)} "
        "FROM person INNER JOIN person_follow_up ON person_follow_up.person_no = person.person_no",
    )


def _described(frame: pd.DataFrame, years: Years) -> pd.DataFrame:
    """The people with what stratum of former use they are in."""
    place = np.searchsorted(FROM_HOW_MANY, frame["former"], side="right")
    known = frame["there_before"].astype(bool) & years.former_known
    frame["use_stratum"] = np.where(known, np.array(FORMERLY)[place], NOT_KNOWN)
    kept = ["person_no", "pcn_code", "practice_code", "age_band", "use_stratum", "earlier", "later"]
    return frame[[*kept, "earlier_years", "later_years"]].sort_values("person_no", ignore_index=True)
