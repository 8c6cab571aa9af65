"""The SQL files of this room, and the temporary tables made from them."""

from importlib.resources import files

import duckdb


def query(name: str, **parts: str) -> str:
    """A SQL file of this room by its path below `sql`, with the named parts put in."""
    text = files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return text.format(**parts) if parts else text


def make(con: duckdb.DuckDBPyConnection, table: str, sql: str) -> None:
    """Make or replace a temporary table."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")


def present_tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    """The tables and views that `con` can read."""
    return {name for (name,) in con.execute("SELECT table_name FROM information_schema.tables").fetchall()}


def area_table(present: set[str]) -> str:
    """The table of small areas, or an empty one of its shape."""
    return "area" if "area" in present else "(SELECT NULL::VARCHAR AS lsoa, NULL::BIGINT AS imd_decile WHERE false)"
