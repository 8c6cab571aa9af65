"""The vault of identities: who each pseudonym of a linked landing is. `phm link` writes it; `phm reidentify` reads it.

Of people, one row per GP registration of a linked person, with the registration as it was linked: whether somebody may
stand on a list is decided from it again. Of addresses, one row per pseudonym and source: its UPRN, and the postcode as
that source has it, for a recipient may be given what its own lists say and nothing from a registration.

It is locked under the user's root key, which analysts do not have, as what it is for one purpose. A digest of all of it
stands in the linked landing (`linkage_setting`), and so in the store of the run made from that: another file, an older
one put back, or one of another purpose is refused.
"""

import hashlib
import hmac
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from phm_utils.engine import guarded, present_tables, quote
from phm_utils.errors import InputError
from phm_utils.linkage.queries import make, query
from phm_utils.privacy import vault
from phm_utils.privacy.pseudonyms import purpose_key
from phm_utils.rules.identifiers import nhs_number_form, uprn_form

VAULT_FILE = Path("vault") / "identities.phm"  # below `<identified_root>/linking/<name>`
SETTING = "identities"  # its name in `linkage_setting`
CONTENT = "identities 2"  # declared content of the vault file; the number is the format's
EARLIER = "identities 1"  # which had no addresses
DIGITS = 32


def content_of(purpose: str) -> str:
    """What the vault file of one purpose is declared to hold."""
    return f"{CONTENT} {purpose}"


def write_identities(con: duckdb.DuckDBPyConnection, path: Path, key: bytes, purpose: str) -> str:
    """After `make_tokens`: write the vault file; its digest, which says nothing without the key.

    con: also has the extract's `gp_registration` and, where there is one, `death`.
    """
    with guarded("Writing the vault of identities"):
        deaths = "death" in present_tables(con)
        found = (
            query("identified/death_of_person")
            if deaths
            else "SELECT NULL AS person, NULL::DATE AS day, true AS died WHERE false"
        )
        make(con, "death_of_person", found)
        make(
            con,
            "identity_row",
            query("identified/identities", number_form=nhs_number_form("gp_registration.nhs_number")),
        )
        table = con.sql("FROM identity_row ORDER BY token, registered_from, registration").to_arrow_table()
        con.execute("DROP TABLE identity_row")
        addresses = con.sql(_addresses(present_tables(con))).to_arrow_table()
    return seal_identities(path, table.drop_columns(["registration"]), addresses, key, purpose)


def _addresses(present: Collection[str]) -> str:
    """SQL: one row per pseudonym of an address and `source`: a list's table and name, or `gp_registration`.

    postcode: of the source's rows of that address the most frequent, and of several the first of the alphabet.
    """
    given = {
        "gp_registration": "'' AS list_name, postcode",
        "partner_list": "list_name, postcode",
        "address_list": "list_name, NULL AS postcode",
    }
    rows = " UNION ALL ".join(
        f"SELECT {quote(table)} AS source, uprn, {columns} FROM {table} WHERE uprn IS NOT NULL"
        for table, columns in given.items()
        if table in present
    )
    return (
        "SELECT token_of_address.token, counted.source, counted.list_name, "
        f"min({uprn_form('counted.uprn')}) AS uprn, min_by(counted.postcode, (-counted.n, counted.postcode)) "
        "FILTER (WHERE counted.postcode IS NOT NULL) AS postcode "
        f"FROM (SELECT source, uprn, list_name, postcode, count(*) AS n FROM ({rows}) GROUP BY ALL) AS counted "
        "INNER JOIN token_of_address ON token_of_address.uprn = counted.uprn "
        "GROUP BY token_of_address.token, counted.source, counted.list_name ORDER BY token, source, list_name"
    )


def seal_identities(
    path: Path, people: pa.Table | pd.DataFrame, addresses: pa.Table | pd.DataFrame, key: bytes, purpose: str
) -> str:
    """Lock the rows of people and of addresses into the vault file; their digest."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    for rows in (people, addresses):
        table = pa.Table.from_pandas(rows, preserve_index=False) if isinstance(rows, pd.DataFrame) else rows
        with pa.ipc.new_stream(sink, table.schema.remove_metadata(), options=options) as stream:
            stream.write_table(table.combine_chunks(), max_chunksize=vault.ROWS_AT_A_TIME)
    content = sink.getvalue().to_pybytes()
    with vault.writing(path, key, content_of(purpose)) as file:
        file.write(content)
    return _digest(content, key)


@dataclass(frozen=True)
class Identities:
    """The opened vault: of people one row per registration, of addresses one per pseudonym and source."""

    table: pa.Table
    addresses: pa.Table

    def addresses_of(self, tokens: Iterable[str]) -> pd.DataFrame:
        """The rows of some addresses: `token`, `source`, `list_name`, `uprn` and `postcode`."""
        chosen = pc.is_in(self.addresses["token"], value_set=pa.array(list(tokens), pa.string()))
        return self.addresses.filter(chosen).to_pandas()

    def of(self, tokens: Iterable[str]) -> pd.DataFrame:
        """The rows of some people: identifying columns, and those that `privacy.permission.decide` takes."""
        chosen = pc.is_in(self.table["token"], value_set=pa.array(list(tokens), pa.string()))
        return self.table.filter(chosen).to_pandas()


def open_identities(path: Path, key: bytes, purpose: str, digest: str | None) -> Identities:
    """Open the vault, checked to its end.

    digest: what the store of the run says of it. Raises InputError where the file is missing, was locked with another
    key or for another purpose, is cut short or changed, or is not the one with which the run's landing was made.
    """
    if digest is None:
        raise InputError(
            "The landing of this run came pseudonymised, or was linked by a version that kept no identities. "
            "Run `phm link` and `phm run` again; or send the request to whoever holds the key."
        )
    try:
        content = vault.read_bytes(path, key, content_of(purpose))
    except InputError:
        if _is_earlier(path, key, purpose):
            raise InputError(
                f"{path} was written by an earlier version and has no addresses. Run `phm link` and `phm run` again."
            ) from None
        raise
    if not hmac.compare_digest(_digest(content, key), digest):
        raise InputError(
            f"{path} is not the vault with which the landing of this run was linked: an older or another copy, or the "
            "linkage is newer than the run. Run `phm run` again, or put back the file that belongs to it."
        )
    both = pa.BufferReader(content)
    return Identities(pa.ipc.open_stream(both).read_all(), pa.ipc.open_stream(both).read_all())


def _is_earlier(path: Path, key: bytes, purpose: str) -> bool:
    """Is a vault that cannot be read one of the earlier format?"""
    try:
        vault.read_bytes(path, key, f"{EARLIER} {purpose}")
    except InputError:
        return False
    return True


def _digest(content: bytes, key: bytes) -> str:
    """A keyed digest of what the file holds. The same rows in the same order have the same."""
    return hmac.new(purpose_key(key, "identities digest"), content, hashlib.sha256).hexdigest()[:DIGITS]
