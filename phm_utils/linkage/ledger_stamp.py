"""The stamp of a ledger: which state of the ledger a landing was made with.

A stamp is the number of the ledger's last change and a keyed digest of all its
rows: `run 3, 5f0c…`. Without the key it says nothing about anybody, and each
purpose has its own, so that landings of two purposes have no stamp in common.
The landing has it (`linkage_setting`), and so has `stamps/<name>.json` below
the identified root, which stays where a landing is taken away. The next linkage
refuses a ledger that is not in that state: deleted, or an older or another's
copy put back, it would give people other pseudonyms without a word.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from phm_utils.engine import guarded
from phm_utils.errors import InputError
from phm_utils.linkage.ledger import COLUMNS, CONTENT
from phm_utils.privacy import vault
from phm_utils.privacy.pseudonyms import key_id, pseudonym, purpose_key

DIGITS = 16
ROW = "concat_ws('|', evidence, rank, coalesce(root::VARCHAR, ''), first_run, since_run)"
WAY_OUT = (
    "Put back the ledger that belongs to it, from a backup. Or give `--accept-ledger`: pseudonyms may then change, and "
    "no longer join those of earlier landings."
)


@dataclass(frozen=True)
class Record:
    """A stamp that was recorded: where, for which purpose, and with which key (its id)."""

    where: Path
    purpose: str
    key_id: str
    stamp: str


def stamp_after(con: duckdb.DuckDBPyConnection, key: bytes, purpose: str) -> str:
    """After `assign_roots`: the stamp of the ledger that `save_ledger` leaves, for one purpose."""
    return _stamp(con, "ledger_next", key, purpose)


def check_ledger(
    con: duckdb.DuckDBPyConnection, ledger: Path, key: bytes, records: Iterable[Record], *, accept: bool = False
) -> None:
    """Refuse a ledger that is not in the state of the last landing.

    ledger: its vault file, which may be missing. records: the stamps that were recorded. accept: go on all the same.
    Raises InputError that names the file and the two states.
    """
    found = list(records)
    if accept or not found:
        return
    if not ledger.is_file():
        raise InputError(
            f"The ledger {ledger} is missing, and {found[0].where} was made with it ({found[0].stamp}). Without it "
            f"people would get other pseudonyms: nothing was written. {WAY_OUT}"
        )
    con.register("_ledger", vault.read_table(ledger, key, CONTENT))
    try:
        with guarded("Reading the ledger of identities"):
            con.execute(f"CREATE OR REPLACE TEMP TABLE ledger_found ({COLUMNS})")
            con.execute("INSERT INTO ledger_found FROM _ledger")
            for record in found:
                now = _stamp(con, "ledger_found", key, record.purpose)
                if (record.key_id, record.stamp) != (key_id(key), now):
                    raise InputError(
                        f"The ledger {ledger} ({now}) is not the one with which {record.where} was made "
                        f"({record.stamp}): an older or another copy. People would get other pseudonyms: nothing was "
                        f"written. {WAY_OUT}"
                    )
            con.execute("DROP TABLE ledger_found")
    finally:
        con.unregister("_ledger")


def _stamp(con: duckdb.DuckDBPyConnection, table: str, key: bytes, purpose: str) -> str:
    """Each row is hashed with the key and the hashes are combined by XOR, so their order does not matter."""
    row_key = purpose_key(key, "ledger stamp rows")
    [(run, rows, combined)] = con.execute(
        "SELECT coalesce(max(since_run), 0), count(*),"
        f" bit_xor(left(sha256($row_key::BLOB || encode({ROW})), 32)::UUID::UHUGEINT)::VARCHAR FROM {table}",
        {"row_key": row_key},
    ).fetchall()
    digest = pseudonym(f"{run}|{rows}|{combined}", purpose_key(key, f"ledger stamp {purpose}"))
    return f"run {run}, {digest[:DIGITS]}"
