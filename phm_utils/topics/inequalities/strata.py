"""Strata: the finest groups of people, which all figures of this topic add up."""

from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import pandas as pd

from phm_utils.engine import guarded, read_sql
from phm_utils.engine.sql_files import raw, sql_file
from phm_utils.rules.concepts import Concept
from phm_utils.rules.groups import FIVE_YEARS, NOT_KNOWN

DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Period:
    """The whole months over which emergency admissions are counted, both days inclusive."""

    first_day: date
    last_day: date

    @property
    def middle(self) -> date:
        return self.first_day + (self.last_day - self.first_day) / 2


def whole_months(from_date: date, to_date: date) -> Period:
    """The calendar months that lie wholly within two days: activity is stored by month."""
    first = from_date if from_date.day == 1 else (from_date.replace(day=1) + timedelta(days=32)).replace(day=1)
    month_end = to_date.replace(day=monthrange(to_date.year, to_date.month)[1])
    last = to_date if to_date == month_end else to_date.replace(day=1) - timedelta(days=1)
    return Period(first, last)


def condition_strata(con: duckdb.DuckDBPyConnection, conditions: list[Concept]) -> pd.DataFrame:
    """See `sql/condition_strata.sql`: one column of counts per condition."""
    columns = "".join(f",\n    count(*) FILTER (WHERE {c.concept}) AS {c.concept}" for c in conditions)
    with guarded("Counting people with a condition"):
        return read_sql(con, sql_file("topics/inequalities", "condition_strata", conditions=raw(columns)))


def emergency_period(con: duckdb.DuckDBPyConnection, missing: Collection[str]) -> Period | None:
    """The months counted, or None where the extract lacks admissions or does not reach back a year.

    missing: columns of `person` that are null throughout.
    """
    rows = con.execute("SELECT from_date, to_date FROM activity_window WHERE source = 'apc_episode'").fetchall()
    if not rows or "emergency_admissions_12m" in missing:
        return None
    return whole_months(*(pd.Timestamp(day).date() for day in rows[0]))


def follow_people(con: duckdb.DuckDBPyConnection, period: Period) -> None:
    """Make the temporary table `emergency_person`; see `sql/emergency_person.sql`."""
    days = {"first_day": period.first_day, "last_day": period.last_day, "middle": period.middle}
    sql = sql_file("topics/inequalities", "emergency_person", **days, silent_days=raw(_silent_days(con)))
    with guarded("Following people through the period"):
        con.execute(f"CREATE OR REPLACE TEMP TABLE emergency_person AS {sql}")


def _silent_days(con: duckdb.DuckDBPyConnection) -> str:
    """SQL: a person's days in months of which hospitals sent nothing."""
    months = con.execute(
        "SELECT month::DATE, last_day(month::DATE) FROM silent_month WHERE table_name = 'apc_episode' AND unit = '' "
        "ORDER BY month"
    ).fetchall()
    spans = [
        f"greatest(date_diff('day', greatest(follow_up.first_day, DATE '{first}'), "
        f"least(follow_up.last_day, DATE '{last}')) + 1, 0)"
        for first, last in months
    ]
    return " + ".join(spans) or "0"


def emergency_strata(con: duckdb.DuckDBPyConnection, *keys: str) -> pd.DataFrame:
    """After `follow_people`: one row per `keys` x `age_band`, ready to standardise.

    Columns `people`, `events` (admissions), `event_variance`, `person_years`,
    `people_admitted`, `died`.
    """
    frame = read_sql(
        con,
        sql_file(
            "topics/inequalities",
            "emergency_strata",
            keys=raw(", ".join(keys)),
            age_band=raw(FIVE_YEARS.sql(unknown=NOT_KNOWN)),
        ),
    )
    frame = frame.rename(columns={"admissions": "events", "admissions_squared": "event_variance"})
    return frame.assign(person_years=frame["days"] / DAYS_A_YEAR).drop(columns="days")
