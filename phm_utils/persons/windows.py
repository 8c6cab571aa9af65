"""The sources of the person table, and the days over which each is counted.

Every window of a source ends at the index date or at the end of the source's
last complete month, whichever is earlier. A month counts as complete only if
the source's last record falls on its last day or later.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.errors import InputError
from phm_utils.rules.columns import ACTIVITIES
from phm_utils.rules.months import months_with_data_before
from phm_utils.tables import TABLES

NEEDED = ("gp_registration",)
FOLLOW_MONTHS = 48
SOCIAL_CARE = "social_care"  # counts days of services in a window, not contacts
PAST_DAYS = 31  # an index date further back than this needs leavers and deaths in the extract


@dataclass(frozen=True)
class Source:
    """An input table of this run, with the days of its first and last record (None where not known).

    silent: first days of months in which it has next to no rows, although months before have.
    """

    name: str
    first_date: date | None
    last_date: date | None
    silent: tuple[date, ...] = ()


@dataclass(frozen=True)
class Window:
    """The last 12 months that a source covers, and the 12 before, without silent months. All days inclusive.

    covers_12m, covers_prior: the source's first record lies in the window's
        first month or before: else its counts would be too low, and are null.
    """

    source: str
    from_date: date
    to_date: date
    prior_from: date
    covers_12m: bool
    covers_prior: bool

    @property
    def prior_to(self) -> date:
        return self.from_date - timedelta(days=1)


def last_complete_month(last: date) -> date:
    """The last day of the last month that is whole, for a source whose last record is of `last`."""
    end = last.replace(day=monthrange(last.year, last.month)[1])
    return last if last == end else last.replace(day=1) - timedelta(days=1)


def present(con: duckdb.DuckDBPyConnection) -> dict[str, Source]:
    """The input tables that this run has, by name: those checked as present and readable."""
    readable = {name for (name,) in con.execute("SELECT table_name FROM information_schema.tables").fetchall()}
    if "check_table" not in readable:
        raise InputError("The store has no table `check_table`. Run `phm check` for this parameter file first.")
    checked = read_sql(con, "SELECT table_name, state, first_date, last_date FROM check_table ORDER BY table_name")
    silent: dict[str, list[date]] = {}
    if "silent_month" in readable:
        rows = con.execute("SELECT table_name, month::DATE FROM silent_month WHERE unit = '' ORDER BY ALL").fetchall()
        for table, month in rows:
            silent.setdefault(table, []).append(month)
    found = {
        row.table_name: Source(
            row.table_name, _day(row.first_date), _day(row.last_date), tuple(silent.get(row.table_name, ()))
        )
        for row in checked.itertuples()
        if row.state == "present" and row.table_name in readable
    }
    if absent := [name for name in NEEDED if name not in found]:
        raise InputError(
            f"People cannot be counted without {' and '.join(absent)}. Add the extract to the landing folder."
        )
    return found


def _day(value: object) -> date | None:
    return None if pd.isna(value) else pd.Timestamp(value).date()


def check_index_date(
    con: duckdb.DuckDBPyConnection, index_date: date, sources: Mapping[str, Source], deaths_known: bool = True
) -> None:
    """Refuse an index date outside what the extracts cover.

    It must not be after the GP extract's last record. If it is more than a month
    earlier, the extracts must include people who left or died since. An extract of
    registrations alone reaches to the last of them that began, or further.
    """
    gp = [s.last_date for name, s in sources.items() if name.startswith("gp_") and name != "gp_registration"]
    recorded = max((day for day in gp if day), default=None)
    if recorded and index_date > recorded:
        raise InputError(
            f"The index date {index_date} is after the GP extract's last record ({recorded}). "
            f"Choose {recorded} or earlier."
        )
    last = recorded or sources["gp_registration"].last_date
    if last is None or (last - index_date).days <= PAST_DAYS:
        return
    [(leavers,)] = con.execute(
        "SELECT count(*) FROM gp_registration WHERE registered_to > $index_date", {"index_date": index_date}
    ).fetchall()
    if not leavers or "death" not in sources or not deaths_known:
        lacking = "people who left after it" if not leavers else "deaths"
        raise InputError(
            f"The index date {index_date} lies {(last - index_date).days} days before the GP extract's last record "
            f"({last}), and the extract has no {lacking}. Choose a date after {last - timedelta(days=PAST_DAYS + 1)}."
        )


def window(source: Source, index_date: date) -> Window:
    """The days over which one source is counted. A source without a known last date is taken as complete."""
    to_date = min(index_date, last_complete_month(source.last_date)) if source.last_date else index_date
    while to_date.replace(day=1) in source.silent:
        to_date = to_date.replace(day=1) - timedelta(days=1)
    from_date = months_with_data_before(to_date, 12, source.silent)
    prior_from = months_with_data_before(to_date, 24, source.silent)
    first = source.first_date or prior_from
    return Window(
        source.name,
        from_date,
        to_date,
        prior_from,
        covers_12m=first.replace(day=1) <= from_date,
        covers_prior=first.replace(day=1) <= prior_from,
    )


def windows(sources: Mapping[str, Source], index_date: date) -> dict[str, Window]:
    """The window of each activity whose source is present, by activity; and of adult social care."""
    counted = {activity: table for activity, (_, table) in ACTIVITIES.items()} | {SOCIAL_CARE: "asc_event"}
    return {activity: window(sources[table], index_date) for activity, table in counted.items() if table in sources}


def window_table(known: Mapping[str, Window]) -> pd.DataFrame:
    """One row per source: the days counted, and `complete`: do both windows lie inside the extract?"""
    rows = [
        (w.source, w.from_date, w.to_date, w.prior_from, w.prior_to, w.covers_12m and w.covers_prior)
        for w in {w.source: w for w in known.values()}.values()
    ]
    frame = pd.DataFrame(rows, columns=["source", "from_date", "to_date", "prior_from", "prior_to", "complete"])
    days = ["from_date", "to_date", "prior_from", "prior_to"]
    return frame.astype({"source": "str", "complete": "bool"} | dict.fromkeys(days, "datetime64[s]"))


# Sources with about the same number of rows every month.
MONTHLY_SOURCES = (
    *("gp_medication", "gp_appointment", "apc_episode", "ecds_attendance"),
    *("op_attendance", "csds_contact", "mhsds_contact"),
)
MIN_ROWS, MIN_SHARE = 1_000, 0.1  # rows from which months are compared; of the median month's rows


def trim_sparse_starts(con: duckdb.DuckDBPyConnection, sources: Mapping[str, Source], day: date) -> dict[str, Source]:
    """The sources, each starting with the first month that has MIN_SHARE of the median month's rows.

    A few earlier rows, such as a long hospital stay, do not mean that the extract
    starts there. Rows after `day` are ignored.
    """
    return {name: _trim_sparse_start(con, source, day) for name, source in sources.items()}


def _trim_sparse_start(con: duckdb.DuckDBPyConnection, source: Source, day: date) -> Source:
    if source.name not in MONTHLY_SOURCES or source.first_date is None:
        return source
    day_column = TABLES[source.name].date
    days = read_sql(
        con,
        f"SELECT {day_column} AS day, count(*) AS n FROM {source.name} WHERE {day_column} <= DATE '{day}' GROUP BY ALL",
    )
    if days["n"].sum() < MIN_ROWS:
        return source
    months = days.groupby(pd.to_datetime(days["day"]).dt.to_period("M"))["n"].sum()
    first = months[months >= MIN_SHARE * months.median()].index.min()
    return replace(source, first_date=max(source.first_date, first.start_time.date()))
