"""Linkage of extracts that were pseudonymised before arrival: equal tokens, checked.

Every source carries the same pseudonym of a person. The GP registrations are
the spine: a record joins a person there when the tokens are equal, unless
both its sex and its month of birth contradict the GP's. The SQL files of `sql`
state the rules for ties and missing values. No token is repaired: a record
without one, or with another person's, is not linked.
"""

from collections.abc import Iterable

import duckdb

from phm_utils.engine import Model, guarded, present_tables, quote
from phm_utils.linkage.known_truth import COLUMNS, KEY, truth_files, truth_model
from phm_utils.linkage.queries import area_table, grouped, make, make_view, query
from phm_utils.params import Workbook
from phm_utils.tables import TABLES

# Sources with columns of identity, and GP tables with the token alone.
IDENTITY_SOURCES = tuple(t.name for t in TABLES.values() if any(c.name == "birth_month" for c in t.columns))
TOKEN_SOURCES = tuple(
    t.name
    for t in TABLES.values()
    if t.name not in IDENTITY_SOURCES and any(c.name == "token_person_id" for c in t.columns)
)
# The code list for no fixed abode, in the one source that records it.
NO_FIXED_ABODE_CODES = "homeless"
CHECK_KEY = ("source", "characteristic", "category")
TEMPORARY = (
    *("identity_link", "resident", "lsoa_pcn", "gp_spine", "random_pair"),
    *("true_person", "true_record", "link_outcome"),
)


TEMPORARY_VIEWS = ("grouped", "identity_attributes", "source_identity")


def link(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterable[Model]:
    """The link stage in pseudonymised form. The SQL files state the rows of each table.

    Makes `person_index`, `household`, `link_summary`, `link_pcn`,
    `link_coverage`, `household_pcn` where addresses are known, `link_check` where the landing has no
    estimates and, on synthetic data whose truth is named,
    `link_truth`. A source that is absent is skipped and appears in
    `link_summary` with the method 'absent'. Does not depend on the workbook's
    index date.
    """
    present = present_tables(con)
    with guarded("Linking records to people"):
        _make_link_tables(con, present)
    sources = ", ".join(quote(s) for s in IDENTITY_SOURCES)
    yield Model(
        "person_index",
        key=("source", "method", "birth_month", "sex", "token_person_id"),
        sql=query("person_index", identity_sources=sources),
        partition_by="source",
        slices=tuple(f"source = {quote(s)}" for s in IDENTITY_SOURCES if s in present),
    )
    yield Model("household", key=("people", "household_token"), sql=query("household"))
    absent = [s for s in (*IDENTITY_SOURCES, *TOKEN_SOURCES) if s not in present]
    yield Model("link_summary", key=("source", "method"), sql=query("link_summary") + _absent_rows(absent))
    yield Model("link_pcn", key=("pcn_code", "source", "method"), sql=query("link_pcn"))
    yield Model(
        "link_coverage",
        key=("pcn_code", "source", "characteristic", "category"),
        sql=query("link_coverage", identity_sources=sources),
    )
    if _households_known(con):
        yield Model("household_pcn", key=("pcn_code", "kind"), sql=query("household_pcn"))
    if "linkage_error" not in present:
        yield Model("link_check", key=CHECK_KEY, sql=query("link_check", identity_sources=sources))
    with guarded("Comparing the linkage with the truth"):
        yield from _truth(con, workbook, present)
    for view in TEMPORARY_VIEWS:
        con.execute(f"DROP VIEW IF EXISTS {view}")
    for table in TEMPORARY:
        con.execute(f"DROP TABLE IF EXISTS {table}")


def _make_link_tables(con: duckdb.DuckDBPyConnection, present: set[str]) -> None:
    """The stage's temporary tables, and the view `grouped`: records by each group that they belong to.

    Identities of every source are the largest of them: one table holds them, the others are views.
    """
    make(con, "gp_spine", query("gp_spine"))
    make(con, "lsoa_pcn", query("lsoa_pcn"))
    make_view(con, "source_identity", _source_identities(present))
    make(con, "identity_link", query("identity_link"))
    make(con, "resident", query("resident"))
    make_view(con, "identity_attributes", query("identity_attributes", area=area_table(present)))
    make(con, "random_pair", query("random_pair"))
    make_view(con, "grouped", grouped("identity_attributes", has_area="area" in present))


def _truth(con: duckdb.DuckDBPyConnection, workbook: Workbook, present: set[str]) -> Iterable[Model]:
    """`link_truth`, from the linked landing's `linkage_truth`, or where the truth is named.

    The linked landing's record ids are pseudonyms, which no truth knows: it brings its own comparison.
    """
    if workbook.synthetic and "linkage_truth" in present:
        yield Model("link_truth", key=KEY, sql=f"SELECT {', '.join(COLUMNS)} FROM linkage_truth")
    elif files := truth_files(workbook):
        sources = {source: _no_fixed_abode(source) for source in IDENTITY_SOURCES if source in present}
        yield truth_model(con, files, sources, "area" in present)


def _households_known(con: duckdb.DuckDBPyConnection) -> bool:
    """Do the registrations give addresses, and months of birth, which tell a care home?"""
    [(addresses, ages)] = con.execute("SELECT count(household_token), count(age) FROM resident").fetchall()
    return addresses > 0 and ages > 0


def _source_identities(present: set[str]) -> str:
    parts = [
        query("source_identity", source=source, no_fixed_abode=_no_fixed_abode(source))
        for source in IDENTITY_SOURCES
        if source in present
    ]
    parts += [query("source_token", source=source) for source in TOKEN_SOURCES if source in present]
    return "\nUNION ALL\n".join(parts)


def _no_fixed_abode(source: str) -> str:
    """SQL: true where a row of `source` records no fixed abode, null where the source never records it."""
    if source != "ecds_attendance":
        return "NULL::BOOLEAN"
    codes = f"SELECT code FROM code_list WHERE list_name = {quote(NO_FIXED_ABODE_CODES)}"
    recorded = f"(SELECT count(accommodation_status) FROM {source}) > 0"
    return f"CASE WHEN {recorded} THEN coalesce(accommodation_status IN ({codes}), false) END"


def _absent_rows(absent: list[str]) -> str:
    return "".join(f"\nUNION ALL\nSELECT {quote(source)}, 'absent', 0::BIGINT, 0::BIGINT" for source in absent)
