"""The landing that a linkage writes: the extract's tables in pseudonymised form, and its quality tables."""

from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import ROW_GROUP_SIZE, parquet_source, present_tables, quote
from phm_utils.linkage.known_truth import truth_files
from phm_utils.linkage.link import IDENTITY_SOURCES, TOKEN_SOURCES
from phm_utils.linkage.model import LinkageModel, level_labels
from phm_utils.linkage.quality_tables import quality_tables
from phm_utils.linkage.queries import make, query
from phm_utils.params import Workbook
from phm_utils.privacy.pseudonyms import make_pseudonyms, pads_of, pseudonym_sql, purpose_key
from phm_utils.rules.identifiers import NO_FIXED_ABODE, nhs_number_form, postcode_form, uprn_form
from phm_utils.schema import DATE_FILLERS
from phm_utils.tables import TABLES

PERSON_PURPOSE = "person"  # of the key, derived from the purpose's, under which people's pseudonyms are made
ADDRESS_SOURCES = ("address_list",)  # of addresses alone
GROUPS_OF_RECORDS = ("spell_id", "referral_id")
RECORD_DIGITS = 20  # hexadecimal, 80 bits: among 60 million records two share an id once in 10^9 extracts
REFERENCES = ("practice", "area")  # not postcodes: an address is released as its small area


def link_events(con: duckdb.DuckDBPyConnection) -> None:
    """After `finish_linking`: `event_person`, one row per GP event source, NHS number and practice, with its person."""
    make(con, "number_at_practice", query("identified/number_at_practice"))
    present = present_tables(con)
    form = nhs_number_form("nhs_number")
    sources = [source for source in TOKEN_SOURCES if source in present]
    selects = [query("identified/event_person", source=source, number_form=form) for source in sources]
    empty = "SELECT NULL AS source, NULL AS nhs_number, NULL AS practice_code, NULL AS person WHERE false"
    make(con, "event_person", "\nUNION ALL\n".join(f"SELECT * FROM (\n{s}\n)" for s in selects) or empty)


def make_tokens(con: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """After `link_events`: make `token_of_person` and `token_of_address` with one purpose's key.

    Addresses are those of people's records and those of lists of addresses, which may know others.
    People and addresses have separate keys, so that tokens of one cannot
    be looked up among the other's.
    """
    people = (
        "SELECT person, coalesce(root, person) AS value FROM"
        " (SELECT person FROM person_of_record UNION SELECT person FROM event_person WHERE person IS NOT NULL)"
        " LEFT JOIN root_of USING (person)"
    )
    make_pseudonyms(con, "token_of_person", "person", people, purpose_key(key, PERSON_PURPOSE))
    sources = ("record", *_address_sources(con))
    given = " UNION ALL ".join(f"SELECT uprn FROM {source}" for source in sources)
    addresses = f"SELECT DISTINCT uprn, {uprn_form('uprn')} AS value FROM ({given}) WHERE uprn IS NOT NULL"
    make_pseudonyms(con, "token_of_address", "uprn", addresses, purpose_key(key, "household"))


def _address_sources(con: duckdb.DuckDBPyConnection) -> list[str]:
    present = present_tables(con)
    return [source for source in ADDRESS_SOURCES if source in present]


def addresses_said(con: duckdb.DuckDBPyConnection) -> list[str]:
    """A line per source of addresses alone: its rows, and those without a UPRN, which stay and have no token."""
    lines = []
    for source in _address_sources(con):
        [(rows, known)] = con.execute(f"SELECT count(*), count(uprn) FROM {source}").fetchall()
        lines.append(f"{source}: {rows:,} rows, {rows - known:,} of them without a UPRN and so without a household")
    return lines


def write_landing(con: duckdb.DuckDBPyConnection, folder: Path, key: bytes) -> None:
    """After `make_tokens`: one Parquet file per table, columns of the pseudonymised form, in key order.

    key: the purpose's. Record ids are pseudonyms under it too, so that landings of two purposes join neither by
    an id nor, as rows are in the order of these, by their place.
    """
    present = present_tables(con)
    for table in (*IDENTITY_SOURCES, *TOKEN_SOURCES, *ADDRESS_SOURCES, *REFERENCES):
        if table not in present:
            continue
        order = ", ".join(TABLES[table].key)
        con.execute(
            f"COPY (SELECT * FROM (SELECT {_columns(table)} FROM {_rows(table, present)}) ORDER BY {order}) "
            f"TO {quote(folder / f'{table}.parquet')} (FORMAT parquet, ROW_GROUP_SIZE {ROW_GROUP_SIZE})",
            _record_pads(table, key),
        )


def record_columns(table: str) -> tuple[str, ...]:
    """The columns of a table that identify a record or group records at its source."""
    if table in REFERENCES:
        return ()
    return tuple(c.name for c in TABLES[table].columns if c.name in TABLES[table].key or c.name in GROUPS_OF_RECORDS)


def _record_pads(table: str, key: bytes) -> dict[str, bytes]:
    """The values that the SQL of `_columns` binds: each column of ids has a key of its own."""
    pads: dict[str, bytes] = {}
    for column in record_columns(table):
        pads |= pads_of(purpose_key(key, f"record {table} {column}"), column)
    return pads


def _columns(table: str) -> str:
    """SQL for the columns of the pseudonymised form."""
    fillers = ", ".join(f"DATE {quote(day)}" for day in DATE_FILLERS)
    made = {
        "token_person_id": "person_token.token",
        "household_token": "address_token.token",
        "birth_month": f"CASE WHEN given.date_of_birth NOT IN ({fillers}) "
        "THEN date_trunc('month', given.date_of_birth)::DATE END",
        "lsoa": "coalesce(given.lsoa, postcode_area.lsoa)" if table in IDENTITY_SOURCES else "given.lsoa",
        "no_fixed_abode": f"{postcode_form('given.postcode')} = {quote(NO_FIXED_ABODE)}",
    }
    made |= {
        column: f"left({pseudonym_sql(f'given.{column}', column)}, {RECORD_DIGITS})" for column in record_columns(table)
    }
    names = [column.name for column in TABLES[table].for_form("pseudonymised")]
    return ", ".join(f"{made.get(name, f'given.{name}')} AS {name}" for name in names)


def _rows(table: str, present: set[str]) -> str:
    """The FROM clause of one table: its rows joined to person and address tokens."""
    if table in REFERENCES:
        return f"{table} AS given"
    homes = "LEFT JOIN token_of_address AS address_token ON address_token.uprn = given.uprn"
    if table in ADDRESS_SOURCES:
        return f"{table} AS given {homes}"
    tokens = "LEFT JOIN token_of_person AS person_token ON person_token.person = found.person"
    if table in TOKEN_SOURCES:
        return (
            f"{table} AS given LEFT JOIN event_person AS found ON found.source = {quote(table)}"
            " AND found.nhs_number = given.nhs_number"
            f" AND found.practice_code IS NOT DISTINCT FROM given.practice_code {tokens}"
        )
    places = "SELECT NULL::VARCHAR AS postcode, NULL::VARCHAR AS lsoa WHERE false"
    if "postcode_area" in present:
        standard = postcode_form("postcode")
        places = f"SELECT {standard} AS postcode, min(lsoa) AS lsoa FROM postcode_area GROUP BY ALL"
    return (
        f"{table} AS given LEFT JOIN person_of_record AS found ON found.source = {quote(table)}"
        f" AND found.record_id = given.{TABLES[table].key[0]}::VARCHAR {tokens}"
        f" {homes} LEFT JOIN ({places}) AS postcode_area ON postcode_area.postcode = {postcode_form('given.postcode')}"
    )


def write_quality(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    workbook: Workbook,
    settings: dict[str, str],
    model: LinkageModel,
    verdicts: pd.DataFrame | None,
) -> None:
    """After linking: the `linkage_*` tables (see `quality_tables`), one Parquet file each."""
    truth = truth_files(workbook)
    source = parquet_source(truth) if truth else None
    for table in quality_tables(con, settings, words=level_labels(model.splink), truth=source, reviewed=verdicts):
        sql = table.sql
        if table.frame is not None:
            if table.frame.empty:  # an empty file would be rejected as broken
                continue
            con.register("_quality", table.frame)
            sql = "SELECT * FROM _quality"
        con.execute(
            f"COPY (SELECT * FROM ({sql}) ORDER BY {', '.join(table.key)}) "
            f"TO {quote(folder / f'{table.name}.parquet')} (FORMAT parquet)"
        )
        if table.frame is not None:
            con.unregister("_quality")
