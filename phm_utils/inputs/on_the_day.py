"""Registrations and deaths of some people as the landing folder has them now, read again for the day of a list.

A run may be a month old. What arrived since is in the landing folder: it is read by the rules of the check, of these
people alone, and what cannot be read counts against a list.
"""

from collections.abc import Iterator
from datetime import date

import duckdb
import pandas as pd

from phm_utils.engine import guarded, read_sql
from phm_utils.errors import InputError
from phm_utils.inputs.date_order import with_date_order
from phm_utils.inputs.extract import Extract
from phm_utils.inputs.landing import open_file
from phm_utils.inputs.landing_files import present_tables
from phm_utils.inputs.mapping import load_mapping
from phm_utils.inputs.opt_outs import FLAGS
from phm_utils.params import Workbook
from phm_utils.tables import TABLES

ASKED = "asked_today"  # the table of the people asked about
DAYS = ("registered_from", "registered_to")


def registrations_today(
    con: duckdb.DuckDBPyConnection, workbook: Workbook, tokens: pd.Series, opt_outs: tuple[str, ...]
) -> pd.DataFrame:
    """One row per registration of some people, as `privacy.permission.decide` takes them.

    con: a session of its own. workbook: of a pseudonymised landing. tokens: people, by their pseudonym.
    opt_outs: those of FLAGS that keep somebody off a list.
    Raises InputError where the landing cannot be read, or has no registrations or deaths: without them nobody could say
    who died or moved.
    """
    con.register("_tokens", pd.DataFrame({"token": tokens.astype("str")}))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {ASKED} AS SELECT DISTINCT token FROM _tokens")
    con.unregister("_tokens")
    with guarded("Reading the registrations and deaths of the day"):
        flags = [flag for flag in FLAGS if flag in opt_outs]
        rows = pd.concat(
            _rows(con, open_today(con, workbook, "gp_registration"), ["practice_code", *DAYS, *FLAGS, "sensitive"])
        )
        deaths = pd.concat(_rows(con, open_today(con, workbook, "death"), ["date_of_death"]))
    died = deaths.assign(day=pd.to_datetime(deaths["date_of_death"])).groupby("token")["day"].min()
    unread = set(deaths.loc[deaths["date_of_death"].isna(), "token"])  # died on a day that cannot be read
    faulty = rows["nulled_fields"].fillna("").str.contains("registered_to:|practice_code:", regex=True)
    return pd.DataFrame(
        {
            "token": rows["token"],
            "practice_code": rows["practice_code"],
            "registered_from": rows["registered_from"],
            "registered_to": rows["registered_to"],
            "unreadable": rows["reason"].notna() | faulty | rows["token"].isin(unread),
            "opted_out": rows[flags].any(axis=1),
            "sensitive": rows["sensitive"],
            "date_of_death": died.reindex(rows["token"]).to_numpy(),
        }
    ).reset_index(drop=True)


def open_today(con: duckdb.DuckDBPyConnection, workbook: Workbook, table: str) -> Extract:
    """A table of the landing folder, read by the rules of the check. Raises InputError where it is not there."""
    mapping = load_mapping(workbook)
    found, faults = present_tables(workbook, mapping)
    if table not in found:
        raise InputError(
            f"The landing folder has no table {table}: who died or moved since cannot be known, and nobody is listed."
            + "".join(f"\n- {fault}" for fault in faults)
        )
    entry = mapping.of(table)
    files = [open_file(con, TABLES[table], path, entry, workbook.form) for path in found[table]]
    day = mapping.extract_date or date.today()
    return with_date_order(con, Extract(TABLES[table], files, entry, workbook.form, day, withheld=False))


def _rows(con: duckdb.DuckDBPyConnection, extract: Extract, columns: list[str]) -> Iterator[pd.DataFrame]:
    """Of the people asked about: `token`, the columns, and `reason` of a row that the check would reject."""
    person = "token_person_id"
    extract.list_valid_values(con, [person, *columns])
    flags = {column.name for column in extract.table.columns if column.type == "bool"}
    wanted = ", ".join(f"coalesce({name}, false) AS {name}" if name in flags else name for name in columns)
    for file in extract.files:
        rows = extract.values_sql(file, [person, *columns])
        yield read_sql(
            con,
            f"SELECT {person} AS token, {wanted}, nulled_fields, reason FROM ({rows}) AS given "
            f"SEMI JOIN {ASKED} AS asked ON asked.token = given.{person} ORDER BY ALL",
        )
