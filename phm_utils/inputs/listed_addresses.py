"""Lists of addresses: how many are addresses of somebody registered, and what a list of addresses cannot be.

A list of addresses names nobody: it says something of people through the addresses of the registrations alone. So one
with other keys says nothing, and one that holds nearly every address says the same of everybody.
"""

from collections.abc import Collection, Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model, quote, read_sql
from phm_utils.errors import InputError
from phm_utils.inputs.doubts import FEWEST, Doubt
from phm_utils.inputs.landing import OF_ADDRESSES
from phm_utils.params import Workbook
from phm_utils.rules.identifiers import uprn_form
from phm_utils.schema import Form

TABLE, ACCOUNT = "address_list", "check_address_list"
# Of a table's addresses, not of anybody registered: registers cover whole districts, and dwellings stand empty.
MOST_UNKNOWN = 0.70
MOST_OF_ALL = 0.95  # of the addresses of people registered, from which a list with one value leaves nobody out
WHO = {"pseudonymised": ("token_person_id", "sex", "birth_month"),
       "identified": ("nhs_number", "forename", "surname", "date_of_birth")}  # fmt: skip


def address_account(con: duckdb.DuckDBPyConnection, present: Collection[str], workbook: Workbook) -> Model:
    """`check_address_list`: one row per list of addresses; none where the extract has no such table.

    con: with the validated tables of `present`. rows: of the list, of which `without` have no address that is known.
    addresses: distinct ones; `registered`: those of somebody registered on the index date.
    """
    model = Model(ACCOUNT, ("list_name",))
    if TABLE not in present:
        types = {"list_name": "str", **dict.fromkeys(("rows", "without", "addresses", "registered"), "int64")}
        return Model(ACCOUNT, model.key, frame=pd.DataFrame(columns=list(types)).astype(types))
    address, home = _address(workbook.form), _registered(present, workbook)
    sql = (
        f"SELECT list_name, count(*) AS rows, count(*) - count(address) AS without, "
        "count(DISTINCT address) AS addresses, count(DISTINCT home.address) AS registered "
        f"FROM (SELECT list_name, {address} AS address FROM {TABLE}) AS listed LEFT JOIN ({home}) AS home "
        "USING (address) GROUP BY list_name ORDER BY list_name"
    )
    return Model(ACCOUNT, model.key, frame=read_sql(con, sql))


def _address(form: Form) -> str:
    """SQL: the address of a row, in a standard form."""
    return "household_token" if form == "pseudonymised" else uprn_form("uprn")


def _registered(present: Collection[str], workbook: Workbook) -> str:
    """SQL: the distinct addresses of people registered on the index date."""
    if "gp_registration" not in present:
        return "SELECT NULL::VARCHAR AS address WHERE false"
    day = f"DATE {quote(workbook.index_date.isoformat())}"
    return (
        f"SELECT DISTINCT {_address(workbook.form)} AS address FROM gp_registration "
        f"WHERE registered_from <= {day} AND coalesce(registered_to, {day}) >= {day} AND address IS NOT NULL"
    )


def doubts_of_addresses(
    con: duckdb.DuckDBPyConnection, present: Collection[str], workbook: Workbook
) -> Iterator[Doubt]:
    """Doubts about lists of addresses whose validated table is readable in `con`; none without registrations."""
    if not {TABLE, "gp_registration"} <= set(present):
        return
    con.execute(f"CREATE OR REPLACE TEMP TABLE registered_address AS {_registered(present, workbook)}")
    [(known, listed, homes)] = con.execute(
        f"SELECT (SELECT count(DISTINCT household_token) FROM {TABLE} SEMI JOIN registered_address "
        f"ON address = household_token), (SELECT count(DISTINCT household_token) FROM {TABLE}), "
        "(SELECT count(*) FROM registered_address)"
    ).fetchall()
    if listed >= FEWEST and homes and (listed - known) / listed > MOST_UNKNOWN:
        text = (
            f"{listed - known:,} of {listed:,} addresses ({(listed - known) / listed:.0%}) are of nobody registered; "
            f"up to {MOST_UNKNOWN:.0%} is plausible"
        )
        look = "whether the lists and the registrations were pseudonymised with one key, and from one form of the UPRN"
        yield Doubt(TABLE, "household_token", "unknown_address", listed - known, listed, True, text, look)
    if homes >= FEWEST:
        yield from _of_all(con, homes)
    con.execute("DROP TABLE registered_address")


def _of_all(con: duckdb.DuckDBPyConnection, homes: int) -> Iterator[Doubt]:
    """A list that says one and the same of nearly every address; of several such lists the fullest."""
    found = con.execute(
        f"SELECT list_name, count(DISTINCT household_token) AS n FROM {TABLE} SEMI JOIN registered_address "
        "ON address = household_token GROUP BY list_name, value ORDER BY n DESC, list_name LIMIT 1"
    ).fetchall()
    for name, listed in found:
        if listed / homes >= MOST_OF_ALL:
            text = (
                f"{name} says one and the same of {listed:,} of {homes:,} addresses of people registered "
                f"({listed / homes:.0%}); less than {MOST_OF_ALL:.0%} is plausible"
            )
            look = "whether it is a register of all addresses, and what of it makes an address one of the list"
            yield Doubt(TABLE, "list_name", "every_address", listed, homes, True, text, look)


def refuse_addresses_as_people(con: duckdb.DuckDBPyConnection, form: Form) -> None:
    """Refuse lists within `partner_list` that name nobody, in any row, and give addresses: they are of addresses.

    Raises InputError with the lists, and what to deliver instead.
    """
    address = "household_token" if form == "pseudonymised" else "uprn"
    nobody = " AND ".join(f"count({name}) = 0" for name in WHO[form])
    found = con.execute(
        f"SELECT list_name, count(*), count({address}) FROM partner_list GROUP BY list_name "
        f"HAVING {nobody} AND count({address}) > 0 ORDER BY list_name"
    ).fetchall()
    if found:
        listed = "\n".join(f"- {name}: {rows:,} rows, {given:,} with an address" for name, rows, given in found)
        raise InputError(
            f"partner_list: {len(found)} list{'s' * (len(found) > 1)} with addresses and without people: no row has "
            f"{', '.join(WHO[form][:-1])} or {WHO[form][-1]}.\n{listed}\n{OF_ADDRESSES}."
        )


def address_lines(account: pd.DataFrame) -> list[str]:
    """What the report of the check says: a line per list. account: `check_address_list`."""
    lines = []
    for row in account.itertuples():
        without = f"; {row.without:,} of {row.rows:,} rows without an address" if row.without else ""
        lines.append(
            f"list of addresses {row.list_name}: {row.registered:,} of {row.addresses:,} addresses are of somebody "
            f"registered on the index date{without}"
        )
    return lines
