"""The days counted by source, and the columns left out of this run."""

from collections.abc import Iterator

import duckdb

from phm_utils.engine import Model, read_sql
from phm_utils.params import Workbook
from phm_utils.privacy.release import AREA, Release, aggregate, key, keys

DAYS = ("from_date", "to_date", "prior_from", "prior_to")
WINDOW = Release(
    "activity_window",
    "Days over which each source's contacts are counted, and the 12 months before",
    (AREA, *keys("source", *DAYS), key("complete", "bool")),
    part="Days over which contacts are counted",
    needs="a source of contacts",
)
LEFT_OUT = Release(
    "person_left_out",
    "Columns of the person table left out of this run, because a table is absent or too short, or a field is empty",
    (AREA, *keys("table_name", "column_name", "what")),
    may_be_empty=True,
    lists_lacks=True,
)
RELEASES = (WINDOW, LEFT_OUT)


def coverage_tables(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: windows and gaps, for the ICS only: extracts are not by PCN."""
    days = ", ".join(f"strftime({day}, '%Y-%m-%d') AS {day}" for day in DAYS)
    windows = read_sql(con, f"SELECT source, {days}, complete FROM activity_window ORDER BY source")
    yield aggregate(WINDOW, windows.assign(area_code=workbook.ics_code))
    left = read_sql(con, "SELECT table_name, column_name, what FROM person_left_out ORDER BY ALL")
    yield aggregate(LEFT_OUT, left.assign(area_code=workbook.ics_code))
