"""`phm encode`: a list of people as encrypted Bloom filters, made by its owner.

For a council or a charity that may not share identifiers. It runs this on its
own machine; the file has no readable name, date, address or number. The list
is cleaned by the linkage's rules, so that both sides give one person the same
filter. An NHS number in it is not used.

Record ids. A council's id of a person is an identifier too: it is in other
data of the NHS. So the file has a keyed pseudonym of it, unless the council
keeps its own ids (made for this list alone). One id always has the same
pseudonym under one key. The council keeps a look-up of ids and pseudonyms, to
send services under the pseudonym and to read answers.
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
from phm_utils.linkage.encoded_file import draft_of, encoding_key, writable, write_encoded
from phm_utils.linkage.identified_records import read_list
from phm_utils.linkage.scheme import Scheme, clean_identities
from phm_utils.privacy.access import warn_if_open
from phm_utils.privacy.pseudonyms import key_id, pseudonyms, purpose_key
from phm_utils.privacy.workplace import workplace

_RAW = ("nhs_number", "forename", "surname", "date_of_birth", "postcode", "uprn", "sex", "line")
# The list's column for each field; `root` is made from the forename.
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
    """Summary of `encode_list`: records, usable values by column, and the key's id."""

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
            lines.append(f"{self.empty:,} records have nothing usable and cannot be linked.")
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
        that the order of pseudonyms does not show whose they are.
    key: the key that council and NHS share for this purpose.
    keep_ids: write the list's own record ids.
    lookup: where to write own ids with their pseudonyms, for the council alone.
    national: which cleaning, see `scheme.Scheme`; both sides need the same.
    Raises InputError for a list that cannot be read, or in which no record
    has anything usable.
    """
    writable(out)
    paths = [path.resolve() for path in (given, out, lookup) if path]
    if len(set(paths)) < len(paths):
        raise InputError(
            "The list, the encoded file and the look-up need three different names: one would overwrite another."
        )
    with workplace() as place:
        for path in (out, *([lookup] if lookup else [])):
            place.note(draft_of(path))
        return _encode(given, out, key, keep_ids, lookup, national)


def _encode(
    given: Path, out: Path, key: bytes, keep_ids: bool, lookup: Path | None, national: Literal["nhs", "any"]
) -> Encoded:
    key_of_all = encoding_key(key)
    with session() as con:
        source = read_list(con, given)
        with guarded("Cleaning the list"):
            people = _cleaned(con, Scheme(source.name, national))
    filled = people[[field.name for field in FIELDS]].notna()
    if not filled.any(axis=None):
        raise InputError(f"{given.name}: none of {len(people):,} records has anything usable. Fill its columns.")
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
    """Write own ids with their pseudonyms, readable by the file's owner alone."""
    pairs = people[["record_id", "written"]].sort_values("record_id")
    warn_if_open(path.parent)
    draft = draft_of(path)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            pairs.to_csv(file, index=False, lineterminator="\n")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
