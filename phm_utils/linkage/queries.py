"""The SQL files of linkage, and the temporary tables made from them."""

import duckdb

from phm_utils.engine import activity
from phm_utils.engine.sql_files import raw, sql_file
from phm_utils.rules.groups import NOT_KNOWN, AgeBands, ethnic_group_sql, fifth_sql

AGES = AgeBands((0, 18, 40, 65, 80))


def query(name: str, **parts: str) -> str:
    """A SQL file of linkage by its path below `sql`, with its named SQL parts filled in."""
    return sql_file("linkage", name, **{part: raw(text) for part, text in parts.items()})


def make(con: duckdb.DuckDBPyConnection, table: str, sql: str) -> None:
    """Make or replace a temporary table."""
    activity.begin(table)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")


def make_view(con: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    """Make or replace a temporary view, for what is read once or costs less to work out again than to keep."""
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")


def area_table(present: set[str]) -> str:
    """The table of small areas, or an empty one of its shape."""
    return "area" if "area" in present else "(SELECT NULL::VARCHAR AS lsoa, NULL::BIGINT AS imd_decile WHERE false)"


def grouped(table: str, *, has_area: bool) -> str:
    """The rows of `table` (its columns: see the SQL file) once for each group of records that they belong to."""
    return query(
        "grouped",
        identity_attributes=table,
        has_area=str(has_area).lower(),
        age_group=AGES.sql("identity_attributes.age", NOT_KNOWN),
        ethnic_group=ethnic_group_sql("identity_attributes.ethnicity"),
        fifth=fifth_sql("((identity_attributes.imd_decile + 1) // 2)"),
    )
