"""Linkage of extracts that were pseudonymised before arrival: equal tokens, checked.

Every source carries the same pseudonym of a person. The GP registrations are
the spine: a record joins a person there when the tokens are equal, unless
both its sex and its month of birth contradict the GP's. The SQL beside this
file states each rule for ties and missing values. Nothing here repairs a
token: a record without one, or with somebody else's, stays unattached.
"""

from collections.abc import Iterable
from importlib.resources import files

import duckdb

from phm_utils.engine import Model, guarded, quote
from phm_utils.params import Workbook
from phm_utils.rules import codelists
from phm_utils.tables import TABLES

# Sources that say who a row is about, and GP tables that carry the token alone.
IDENTITY_SOURCES = tuple(t.name for t in TABLES.values() if any(c.name == "birth_month" for c in t.columns))
TOKEN_SOURCES = tuple(
    t.name
    for t in TABLES.values()
    if t.name not in IDENTITY_SOURCES and any(c.name == "token_person_id" for c in t.columns)
)
# Where a source records no fixed abode, the condition that says so; elsewhere it is not known.
NO_FIXED_ABODE_CODES = "homeless"


def link(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterable[Model]:
    """The link stage in pseudonymised form. See the SQL files for one row per what.

    Makes `person_index`, `household`, `link_summary`, `link_pcn`,
    `link_coverage` and `household_pcn`. A source that is absent is skipped and
    stands in `link_summary` with the method 'absent'. Does not depend on the
    workbook's index date.
    """
    present = present_tables(con)
    with guarded("Linking records to people"):
        _make(con, "gp_spine", _sql("gp_spine"))
        _make(con, "lsoa_pcn", _sql("lsoa_pcn"))
        _make(con, "presented", _presented(present))
        _make(con, "settled", _sql("settled"))
        _make(con, "resident", _sql("resident"))
    among = ", ".join(quote(s) for s in IDENTITY_SOURCES)
    yield Model(
        "person_index",
        key=("source", "method", "birth_month", "sex", "token_person_id"),
        sql=_sql("person_index", identity_sources=among),
    )
    yield Model("household", key=("people", "household_token"), sql=_sql("household"))
    absent = [s for s in (*IDENTITY_SOURCES, *TOKEN_SOURCES) if s not in present]
    yield Model("link_summary", key=("source", "method"), sql=_sql("link_summary") + _absent_rows(absent))
    yield Model("link_pcn", key=("pcn_code", "source", "method"), sql=_sql("link_pcn"))
    yield Model(
        "link_coverage",
        key=("pcn_code", "source", "characteristic", "category"),
        sql=_sql("link_coverage", identity_sources=among, area=_area(present)),
    )
    yield Model("household_pcn", key=("pcn_code", "kind"), sql=_sql("household_pcn"))
    for table in ("settled", "presented", "resident", "lsoa_pcn", "gp_spine"):
        con.execute(f"DROP TABLE {table}")


def present_tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    """The tables and views that `con` can read."""
    return {name for (name,) in con.execute("SELECT table_name FROM information_schema.tables").fetchall()}


def _presented(present: set[str]) -> str:
    parts = [
        _sql("presented", source=source, no_fixed_abode=_no_fixed_abode(source))
        for source in IDENTITY_SOURCES
        if source in present
    ]
    parts += [_sql("presented_token_only", source=source) for source in TOKEN_SOURCES if source in present]
    return "\nUNION ALL\n".join(parts)


def _no_fixed_abode(source: str) -> str:
    """SQL that is true where a row of `source` says no fixed abode, null where the source never says."""
    if source != "ecds_attendance":
        return "NULL::BOOLEAN"
    codes = ", ".join(quote(code) for code in codelists.load(NO_FIXED_ABODE_CODES))
    return f"coalesce(accommodation_status IN ({codes}), false)"


def _absent_rows(absent: list[str]) -> str:
    return "".join(f"\nUNION ALL\nSELECT {quote(source)}, 'absent', 0::BIGINT, 0::BIGINT" for source in absent)


def _area(present: set[str]) -> str:
    """The table of small areas, or an empty one of its shape."""
    return "area" if "area" in present else "(SELECT NULL::VARCHAR AS lsoa, NULL::BIGINT AS imd_decile WHERE false)"


def _make(con: duckdb.DuckDBPyConnection, table: str, sql: str) -> None:
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")


def _sql(name: str, **parts: str) -> str:
    """A SQL file of this room, with the named parts put in."""
    text = files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    return text.format(**parts) if parts else text
