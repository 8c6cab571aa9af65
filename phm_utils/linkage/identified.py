"""`phm link`: from an identified extract to a pseudonymised landing that the ordinary run reads.

What is written holds no name, NHS number, full date of birth, postcode or
UPRN: only columns of the pseudonymised form, with the tokens in their place.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import ROW_GROUP_SIZE, guarded, quote
from phm_utils.linkage.identity import link_people, same_identity, steps
from phm_utils.linkage.link import IDENTITY_SOURCES, TOKEN_SOURCES, present_tables
from phm_utils.params import Workbook
from phm_utils.privacy.pseudonyms import pseudonyms, purpose_key, require_secret
from phm_utils.runs import resolve
from phm_utils.tables import BOUNDARY_FILE, DATE_FILLERS, TABLES

REFERENCES = ("practice", "area")  # postcodes stay behind: an address is known by its small area


@dataclass(frozen=True)
class Linked:
    """What was written: the landing's folder, and records and identities by source and method."""

    folder: Path
    steps: pd.DataFrame


def run(con: duckdb.DuckDBPyConnection, workbook: Workbook, key: bytes) -> Linked:
    """Link the identified tables that `con` can read, and write the pseudonymised landing.

    con: every validated table of an identified extract, by its name.
    key: the user's root key; pseudonyms are made with the key of the
        workbook's purpose derived from it. The demo's key is refused for real data.
    Writes `<identified_root>/landing/<name>/linked`, whole or not at all; a
    parameter file with `form: pseudonymised` and this landing then reads it.
    """
    require_secret(key, synthetic=workbook.synthetic)
    folder = resolve(workbook.identified_root) / "landing" / workbook.name / "linked"
    draft = folder.with_name(".linked.part")
    shutil.rmtree(draft, ignore_errors=True)  # left by a run that was killed
    draft.mkdir(parents=True, mode=0o700)
    try:
        with guarded("Linking identified records"):
            link_people(con)
            make_tokens(con, purpose_key(key, workbook.purpose))
            write_landing(con, draft)
            done = steps(con)
        outlines = resolve(workbook.landing) / BOUNDARY_FILE
        if outlines.is_file():
            shutil.copyfile(outlines, draft / BOUNDARY_FILE)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Linked(folder, done)


def make_tokens(con: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """After `link_people`: make `token_of_person` and `token_of_address` with one purpose's key.

    People and addresses have keys of their own, so that no token of one can
    be looked up among the other's.
    """
    _tokens(con, "token_of_person", "person", "SELECT DISTINCT person FROM person_of", purpose_key(key, "person"))
    present = present_tables(con)
    housed = [f"SELECT uprn FROM {source}" for source in IDENTITY_SOURCES if source in present]
    addresses = f"SELECT DISTINCT uprn FROM ({' UNION ALL '.join(housed)}) WHERE uprn IS NOT NULL"
    _tokens(con, "token_of_address", "uprn", addresses, purpose_key(key, "household"))


def write_landing(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """After `make_tokens`: one Parquet file per table, columns of the pseudonymised form, in key order."""
    present = present_tables(con)
    for table in (*IDENTITY_SOURCES, *TOKEN_SOURCES, *REFERENCES):
        if table not in present:
            continue
        order = ", ".join(TABLES[table].key)
        con.execute(
            f"COPY (SELECT {_columns(table)} FROM {_rows(table, present)} ORDER BY {order}) "
            f"TO {quote(folder / f'{table}.parquet')} (FORMAT parquet, ROW_GROUP_SIZE {ROW_GROUP_SIZE})"
        )


def _tokens(con: duckdb.DuckDBPyConnection, table: str, column: str, sql: str, key: bytes) -> None:
    values = [value for (value,) in con.execute(sql).fetchall()]
    con.register("_tokens", pd.DataFrame({column: values, "token": pseudonyms(values, key)}, dtype="string"))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM _tokens")
    con.unregister("_tokens")


def _columns(table: str) -> str:
    """The pseudonymised form's columns, each from where it is to be had."""
    fillers = ", ".join(f"DATE {quote(day)}" for day in DATE_FILLERS)
    made = {
        "token_person_id": "person_token.token",
        "household_token": "address_token.token",
        "birth_month": f"CASE WHEN given.date_of_birth NOT IN ({fillers}) "
        "THEN date_trunc('month', given.date_of_birth)::DATE END",
        "lsoa": "coalesce(given.lsoa, postcode_area.lsoa)" if table in IDENTITY_SOURCES else "given.lsoa",
    }
    names = [column.name for column in TABLES[table].for_form("pseudonymised")]
    return ", ".join(f"{made.get(name, f'given.{name}')} AS {name}" for name in names)


def _rows(table: str, present: set[str]) -> str:
    """The FROM clause of one table: its rows beside their person's token and their address."""
    if table in REFERENCES:
        return f"{table} AS given"
    tokens = "LEFT JOIN token_of_person AS person_token ON person_token.person = found.person"
    if table in TOKEN_SOURCES:
        return (
            f"{table} AS given LEFT JOIN event_person AS found ON found.source = {quote(table)}"
            " AND found.nhs_number = given.nhs_number"
            f" AND found.practice_code IS NOT DISTINCT FROM given.practice_code {tokens}"
        )
    places = "SELECT NULL::VARCHAR AS postcode, NULL::VARCHAR AS lsoa WHERE false"
    if "postcode_area" in present:
        places = "SELECT replace(postcode, ' ', '') AS postcode, min(lsoa) AS lsoa FROM postcode_area GROUP BY ALL"
    return (
        f"{table} AS given LEFT JOIN person_of AS found ON found.source = {quote(table)}"
        f" AND {same_identity('found', 'given')} {tokens}"
        " LEFT JOIN token_of_address AS address_token ON address_token.uprn = given.uprn"
        f" LEFT JOIN ({places}) AS postcode_area ON postcode_area.postcode = replace(upper(given.postcode), ' ', '')"
    )
