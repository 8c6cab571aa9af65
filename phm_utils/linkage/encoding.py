"""`phm encode`: a list of people as sealed Bloom filters, made where the list is held.

For a council or a charity that may not share identifiers. It runs this on its
own machine; what it sends holds no name, date, address or number that can be
read. The list is read and cleaned by the linkage's own rules, so that both
sides give one person the same filter. An NHS number in it is not used.

Record ids. A council's id of a person is an identifier too: it stands in
other data that the NHS holds. So the file has a keyed pseudonym of it, unless
the council asks that its own is kept (ids made for this list alone). The
same id always has the same pseudonym under one key. A look-up says which is
whose, for the council to keep: with it, services can be sent under the
pseudonym, and answers found again.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
import pandas as pd

from phm_utils.engine import guarded, read_sql, session
from phm_utils.errors import InputError
from phm_utils.linkage.bloom import FIELDS, filters
from phm_utils.linkage.encoded_file import encoding_key, writable, write_encoded
from phm_utils.linkage.identified_records import read_list
from phm_utils.linkage.scheme import Scheme, clean_identities
from phm_utils.privacy.access import warn_if_open
from phm_utils.privacy.pseudonyms import key_id, pseudonyms, purpose_key

_RAW = ("nhs_number", "forename", "surname", "date_of_birth", "postcode", "uprn", "sex", "line")
# What the list calls each field; `root` is made from the forename.
_COLUMN_OF = {
    "given": "forename",
    "family": "surname",
    "born": "date_of_birth",
    "known_sex": "sex",
    "place": "postcode",
    "address": "uprn",
    "address_line": "address",
}


@dataclass(frozen=True)
class Encoded:
    """What `encode_list` did: how many records, how many of them have each column usable, and with which key."""

    records: int
    usable: dict[str, int]
    unreadable_births: int
    empty: int
    key_id: str

    def __str__(self) -> str:
        columns = ", ".join(f"{column} {count:,}" for column, count in self.usable.items())
        lines = [f"{self.records:,} records encoded with key {self.key_id}.", f"Usable: {columns}."]
        if self.unreadable_births:
            lines.append(f"{self.unreadable_births:,} dates of birth could not be read and count as missing.")
        if self.empty:
            lines.append(f"{self.empty:,} records hold nothing usable and will be linked to nobody.")
        return "\n".join(lines)


def encode_list(
    given: Path,
    out: Path,
    key: bytes,
    *,
    keep_ids: bool = False,
    lookup: Path | None = None,
    national: Literal["nhs", "any"] = "nhs",
) -> Encoded:
    """Encode every record of a list.

    given: CSV or Parquet with `record_id`, each once, and any of forename,
        surname, date_of_birth, sex, postcode, uprn, address (in one line).
    out: .parquet or .csv; its rows are in the order of the written ids, so
        that a pseudonym's place does not tell whose it is.
    key: the key that council and NHS share for this purpose.
    keep_ids: write the list's own record ids.
    lookup: where to write own ids beside pseudonyms, for the council alone.
    national: which cleaning, see `identity.Scheme`; both sides need the same.
    Raises InputError for a list that cannot be read, or in which no record
    holds anything usable.
    """
    writable(out)
    paths = [path.resolve() for path in (given, out, lookup) if path]
    if len(set(paths)) < len(paths):
        raise InputError(
            "The list, what is sent and the look-up need three different names: one would overwrite another."
        )
    key_of_all = encoding_key(key)
    with session() as con:
        source = read_list(con, given)
        with guarded("Cleaning the list"):
            people = _cleaned(con, Scheme(source.name, national))
    filled = people[[field.name for field in FIELDS]].notna()
    if not filled.any(axis=None):
        raise InputError(f"{given.name}: none of {len(people):,} records holds anything usable. Fill its columns.")
    own = people["record_id"]
    people["written"] = own if keep_ids else pseudonyms(own, purpose_key(key_of_all, "record id"))
    people = people.sort_values("written", ignore_index=True)
    write_encoded(out, list(people["written"]), filters(people, key_of_all), key, national)
    if lookup:
        _write_lookup(lookup, people)
    usable = {column: int(filled[name].sum()) for name, column in _COLUMN_OF.items()}
    return Encoded(len(people), usable, source.unreadable_births, int((~filled.any(axis=1)).sum()), key_id(key_of_all))


def _cleaned(con: duckdb.DuckDBPyConnection, scheme: Scheme) -> pd.DataFrame:
    """One row per record: its id and its cleaned identifiers."""
    clean_identities(con, scheme)
    same = " AND ".join(f"identity.{column} IS NOT DISTINCT FROM record.{column}" for column in _RAW)
    fields = ", ".join(f"identity.{field.name}" for field in FIELDS)
    return read_sql(con, f"SELECT record.record_id, {fields} FROM record INNER JOIN identity ON {same}")


def _write_lookup(path: Path, people: pd.DataFrame) -> None:
    """Own ids beside those written, readable by its owner alone."""
    pairs = people[["record_id", "written"]].sort_values("record_id")
    warn_if_open(path.parent)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        pairs.to_csv(file, index=False, lineterminator="\n")
