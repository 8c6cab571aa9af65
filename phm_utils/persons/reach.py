"""How far back the extracts really reach, and whether they hold what decides; as known on the index date."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.persons.sources import Source
from phm_utils.tables import TABLES

# Columns without any value in a table that has rows: what is counted by them is not known, and not nought.
DECISIVE = {
    "apc_episode": ("diag_01", "admimeth"),
    "gp_event": ("snomed_code",),
    "gp_medication": ("bnf_code", "is_repeat"),
    "gp_appointment": ("status",),
    "op_attendance": ("attended",),
    "csds_contact": ("attended",),
    "mhsds_contact": ("attended",),
    "asc_event": ("event_type",),
    "partner_list": ("flag",),
}
# Sources of which every month should hold much the same.
COUNTED = (
    *("gp_medication", "gp_appointment", "apc_episode", "ecds_attendance"),
    *("op_attendance", "csds_contact", "mhsds_contact"),
)
FEW_ROWS, FAIR_SHARE = 1_000, 0.1  # rows from which months are compared; of the median month's rows


def reaching(con: duckdb.DuckDBPyConnection, sources: Mapping[str, Source], day: date) -> dict[str, Source]:
    """The sources, each said to begin with the first month that holds a fair share of an ordinary month's rows.

    A few rows from years before, such as a long hospital stay, do not make an
    extract reach back so far. Rows after `day` are not looked at.
    """
    return {name: _without_strays(con, source, day) for name, source in sources.items()}


def _without_strays(con: duckdb.DuckDBPyConnection, source: Source, day: date) -> Source:
    if source.name not in COUNTED or source.first_date is None:
        return source
    dated = TABLES[source.name].date
    days = read_sql(
        con, f"SELECT {dated} AS day, count(*) AS n FROM {source.name} WHERE {dated} <= DATE '{day}' GROUP BY {dated}"
    )
    if days["n"].sum() < FEW_ROWS:
        return source
    months = days.groupby(pd.to_datetime(days["day"]).dt.to_period("M"))["n"].sum()
    first = months[months >= FAIR_SHARE * months.median()].index.min()
    return replace(source, first_date=max(source.first_date, first.start_time.date()))


def blank_columns(
    con: duckdb.DuckDBPyConnection, sources: Mapping[str, Source], day: date
) -> frozenset[tuple[str, str]]:
    """Decisive columns, as (table, column), without any value up to `day` although their table has rows by then."""
    found = set()
    for table in DECISIVE.keys() & sources.keys():
        past = f"FROM {table} WHERE {TABLES[table].date} <= DATE '{day}'"
        answers = ", ".join(f"EXISTS (SELECT 1 {past} AND {column} IS NOT NULL)" for column in DECISIVE[table])
        some, *filled = con.execute(f"SELECT EXISTS (SELECT 1 {past}), {answers}").fetchall()[0]
        found |= {(table, column) for column, has in zip(DECISIVE[table], filled, strict=True) if some and not has}
    return frozenset(found)
