"""`phm encode`: a list of people as sealed Bloom filters, made where the list is held.

For a council or a charity that may not share identifiers. It runs this on its
own machine; what it sends holds no name, date, address or number that can be
read. The list is cleaned by the linkage's own rules, so that both sides give
one person the same filter.

Record ids. A council's id of a person is an identifier too: it stands in
other data that the NHS holds. So the file has a keyed pseudonym of it, unless
the council asks that its own is kept (ids made for this list alone). The
same id always has the same pseudonym under one key. `--lookup` writes which
is whose, for the council to keep: with it, services can be sent under the
pseudonym, and answers found again.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb
import pandas as pd

from phm_utils.engine import guarded, quote, read_sql, session
from phm_utils.errors import InputError
from phm_utils.linkage.bloom import FIELDS, filters
from phm_utils.linkage.encoded_file import ENDINGS, encoding_key, writable, write_encoded
from phm_utils.linkage.identity import Scheme, clean_identities
from phm_utils.privacy.pseudonyms import key_id, pseudonyms, purpose_key

IDENTIFIERS = ("forename", "surname", "date_of_birth", "sex", "postcode", "uprn", "address")
RECORD = "record_id"
National = Literal["nhs", "any"]
# A file with more unreadable dates than this is in another format, and its people would not be found.
MOST_UNREADABLE_DATES = 0.05
_SOURCE = "list"


@dataclass(frozen=True)
class Encoded:
    """What `encode_list` did: how many records, how many of them hold each field, and with which key."""

    records: int
    known: dict[str, int]
    unreadable_dates: int
    key_id: str

    def __str__(self) -> str:
        lines = [f"{self.records} records encoded with key {self.key_id}. They hold:"]
        lines += [f"  {name}: {count}" for name, count in self.known.items()]
        if self.unreadable_dates:
            lines.append(f"{self.unreadable_dates} dates of birth are not written YYYY-MM-DD and were left out.")
        return "\n".join(lines)


def encode_list(
    given: Path,
    out: Path,
    key: bytes,
    *,
    keep_ids: bool = False,
    lookup: Path | None = None,
    national: National = "nhs",
) -> Encoded:
    """Encode every record of a list.

    given: CSV or Parquet with `record_id`, unique, and any of `IDENTIFIERS`.
    out: .parquet or .csv; its rows are in the order of the written ids, so
        that neither a pseudonym's place nor a filter's tells the list's order.
    key: the key that council and NHS share for this purpose.
    keep_ids: write the list's own record ids.
    lookup: where to write own ids beside pseudonyms (CSV, for the council alone).
    national: which cleaning, see `identity.Scheme`; both sides need the same.
    Raises InputError for a list without record ids or identifiers.
    """
    writable(out)
    with session() as con, guarded("Encoding the list", "Is it a CSV in UTF-8, or Parquet, with one row per record?"):
        unreadable = _read(con, given)
        people = _cleaned(con, Scheme(_SOURCE, national))
    if not people[[field.name for field in FIELDS]].notna().any(axis=None):
        raise InputError(f"{given.name}: no record holds any usable identifier. Check its columns against the guide.")
    own = people[RECORD]
    people["written"] = own if keep_ids else pseudonyms(own, purpose_key(encoding_key(key), "record id"))
    people = people.sort_values("written", ignore_index=True)
    write_encoded(out, list(people["written"]), filters(people, encoding_key(key)), key, national)
    if lookup:
        people[[RECORD, "written"]].sort_values(RECORD).to_csv(lookup, index=False, lineterminator="\n")
    known = {field.name: int(people[field.name].notna().sum()) for field in FIELDS}
    return Encoded(len(people), known, unreadable, key_id(encoding_key(key)))


def _read(con: duckdb.DuckDBPyConnection, given: Path) -> int:
    """Make the view `record` of the list's rows; how many dates of birth could not be read."""
    if given.suffix.lower() not in ENDINGS:
        raise InputError(f"{given.name}: a list is read from .csv or .parquet. Save it as one of the two.")
    if not given.is_file():
        raise InputError(f"{given} is not there. Give the path of the list.")
    csv = given.suffix.lower() == ".csv"
    scan = f"read_csv({quote(given)}, header=true, all_varchar=true)" if csv else f"read_parquet({quote(given)})"
    con.execute(f"CREATE TEMP TABLE given AS SELECT * FROM {scan}")
    columns = {name.lower() for (name, *_) in con.execute("DESCRIBE given").fetchall()}
    if not columns & set(IDENTIFIERS):
        raise InputError(f"{given.name} has none of the columns {', '.join(IDENTIFIERS)}. Name its columns so.")
    _check_ids(con, given, columns)
    text = {name: f"{name}::VARCHAR" if name in columns else "NULL::VARCHAR" for name in IDENTIFIERS}
    day = f"try_cast(left(trim({text['date_of_birth']}), 10) AS DATE)"
    con.execute(
        f"CREATE TEMP VIEW record AS SELECT {quote(_SOURCE)} AS source, {RECORD}::VARCHAR AS record_id,"
        f" NULL::VARCHAR AS nhs_number, {text['forename']} AS forename, {text['surname']} AS surname,"
        f" {day} AS date_of_birth, {text['sex']} AS sex, {text['postcode']} AS postcode, {text['uprn']} AS uprn,"
        f" {text['address']} AS line, NULL::BOOLEAN AS verified, NULL::DATE AS latest FROM given"
    )
    filled = f"coalesce(trim({text['date_of_birth']}), '') <> ''"
    [(dates, unreadable)] = con.execute(
        f"SELECT count(*), count(*) FILTER ({day} IS NULL) FROM given WHERE {filled}"
    ).fetchall()
    if unreadable > MOST_UNREADABLE_DATES * dates:
        raise InputError(
            f"{given.name}: {unreadable} of {dates} dates of birth are not written YYYY-MM-DD. Write them so."
        )
    return unreadable


def _check_ids(con: duckdb.DuckDBPyConnection, given: Path, columns: set[str]) -> None:
    if RECORD not in columns:
        raise InputError(f"{given.name} has no column {RECORD}. Give every record an id of its own.")
    rows, filled, distinct = con.execute(
        f"SELECT count(*), count({RECORD}), count(DISTINCT {RECORD}) FROM given"
    ).fetchall()[0]
    if not rows:
        raise InputError(f"{given.name} has no rows.")
    if distinct < rows:
        raise InputError(
            f"{given.name}: {rows - filled} of {rows} records have no {RECORD} and {filled - distinct} repeat "
            "another's. Give every record an id of its own."
        )


def _cleaned(con: duckdb.DuckDBPyConnection, scheme: Scheme) -> pd.DataFrame:
    """One row per record: its id and its cleaned identifiers."""
    clean_identities(con, scheme)
    raw = ("forename", "surname", "date_of_birth", "sex", "postcode", "uprn", "line")
    same = " AND ".join(f"identity.{c} IS NOT DISTINCT FROM record.{c}" for c in raw)
    fields = ", ".join(f"identity.{field.name}" for field in FIELDS)
    return read_sql(con, f"SELECT record.{RECORD}, {fields} FROM record INNER JOIN identity ON {same}")
