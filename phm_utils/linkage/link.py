"""Linkage of extracts that were pseudonymised before arrival: equal tokens, checked.

Every source carries the same pseudonym of a person. The GP registrations are
the spine: a record joins a person there when the tokens are equal, unless
both its sex and its month of birth contradict the GP's. The SQL beside this
file states each rule for ties and missing values. Nothing here repairs a
token: a record without one, or with somebody else's, stays unattached.
"""

from collections.abc import Iterable

import duckdb

from phm_utils.engine import Model, guarded, present_tables, quote
from phm_utils.linkage.known_truth import COLUMNS, KEY, truth_files, truth_model
from phm_utils.linkage.queries import area_table, grouped, make, query
from phm_utils.params import Workbook
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
CHECK_KEY = ("source", "characteristic", "category")
TEMPORARY = (
    *("settled", "presented", "resident", "lsoa_pcn", "gp_spine", "described", "stranger"),
    *("true_person", "told", "judged"),
)


def link(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterable[Model]:
    """The link stage in pseudonymised form. See the SQL files for one row per what.

    Makes `person_index`, `household`, `link_summary`, `link_pcn`,
    `link_coverage`, `household_pcn`, `link_check` where the landing brings no
    estimates of its own and, on synthetic data whose truth is named,
    `link_truth`. A source that is absent is skipped and stands in
    `link_summary` with the method 'absent'. Does not depend on the workbook's
    index date.
    """
    present = present_tables(con)
    with guarded("Linking records to people"):
        _settle(con, present)
    among = ", ".join(quote(s) for s in IDENTITY_SOURCES)
    yield Model(
        "person_index",
        key=("source", "method", "birth_month", "sex", "token_person_id"),
        sql=query("person_index", identity_sources=among),
    )
    yield Model("household", key=("people", "household_token"), sql=query("household"))
    absent = [s for s in (*IDENTITY_SOURCES, *TOKEN_SOURCES) if s not in present]
    yield Model("link_summary", key=("source", "method"), sql=query("link_summary") + _absent_rows(absent))
    yield Model("link_pcn", key=("pcn_code", "source", "method"), sql=query("link_pcn"))
    yield Model(
        "link_coverage",
        key=("pcn_code", "source", "characteristic", "category"),
        sql=query("link_coverage", identity_sources=among),
    )
    yield Model("household_pcn", key=("pcn_code", "kind"), sql=query("household_pcn"))
    if "linkage_error" not in present:
        yield Model("link_check", key=CHECK_KEY, sql=query("link_check", identity_sources=among))
    with guarded("Comparing the linkage with the truth"):
        yield from _truth(con, workbook, present)
    con.execute("DROP VIEW grouped")
    for table in TEMPORARY:
        con.execute(f"DROP TABLE IF EXISTS {table}")


def _settle(con: duckdb.DuckDBPyConnection, present: set[str]) -> None:
    """The stage's temporary tables, and the view `grouped`: records by every group that they stand in."""
    make(con, "gp_spine", query("gp_spine"))
    make(con, "lsoa_pcn", query("lsoa_pcn"))
    make(con, "presented", _presented(present))
    make(con, "settled", query("settled"))
    make(con, "resident", query("resident"))
    make(con, "described", query("described", area=area_table(present)))
    make(con, "stranger", query("stranger"))
    con.execute(f"CREATE OR REPLACE TEMP VIEW grouped AS {grouped('described', has_area='area' in present)}")


def _truth(con: duckdb.DuckDBPyConnection, workbook: Workbook, present: set[str]) -> Iterable[Model]:
    """`link_truth`, where the truth is named, or where the linked landing brings what it showed."""
    if files := truth_files(workbook):
        sources = {source: _no_fixed_abode(source) for source in IDENTITY_SOURCES if source in present}
        yield truth_model(con, files, sources, "area" in present)
    elif workbook.synthetic and "linkage_truth" in present:
        yield Model("link_truth", key=KEY, sql=f"SELECT {', '.join(COLUMNS)} FROM linkage_truth")


def _presented(present: set[str]) -> str:
    parts = [
        query("presented", source=source, no_fixed_abode=_no_fixed_abode(source))
        for source in IDENTITY_SOURCES
        if source in present
    ]
    parts += [query("presented_token_only", source=source) for source in TOKEN_SOURCES if source in present]
    return "\nUNION ALL\n".join(parts)


def _no_fixed_abode(source: str) -> str:
    """SQL that is true where a row of `source` says no fixed abode, null where the source never says."""
    if source != "ecds_attendance":
        return "NULL::BOOLEAN"
    codes = f"SELECT code FROM code_list WHERE list_name = {quote(NO_FIXED_ABODE_CODES)}"
    return f"coalesce(accommodation_status IN ({codes}), false)"


def _absent_rows(absent: list[str]) -> str:
    return "".join(f"\nUNION ALL\nSELECT {quote(source)}, 'absent', 0::BIGINT, 0::BIGINT" for source in absent)
