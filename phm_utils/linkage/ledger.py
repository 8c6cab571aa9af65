"""The ledger of identities: a person keeps their pseudonym when a better identifier arrives later.

A pseudonym is made of a person's *root*. Without a ledger the root comes from
the best identifier of the day, and changes with it. The ledger keeps, as
keyed hashes, the evidence by which each person was known, and the root: a
person with the same evidence in a later run gets that root. One row per
`evidence` (hash), with

    rank       0 a root itself, else the kind of evidence (sql/identified/ledger_claim.sql), 1 strongest
    root       its root; null where several people claimed it. For rank 0, itself or its replacement
    first_run  the run in which it was first seen; since_run: that in which it got this root.
               A run number, counting only runs that changed the ledger

Rules: each person of a run has one root, and no two have the same. Where the
ledger and the linkage disagree, pairs of person and root are matched in the
order of `ledger_conflict.sql`; a person left without gets a new root, and
`root_change` records it. Evidence that several people claim identifies none
of them. A number that moves to a person of another birth date and other names
moves alone: its former holder is still known by description.

The file is in the vault, under the user's root key, and is saved when the
landing is complete, and published with it: an interrupted run changes nothing.
The landing has the ledger's stamp (see `ledger_stamp`).
"""

from pathlib import Path

import duckdb

from phm_utils.engine import guarded
from phm_utils.errors import StepFailed
from phm_utils.linkage.queries import make, query
from phm_utils.privacy import vault
from phm_utils.privacy.pseudonyms import purpose_key

CONTENT = "ledger of identities 1"  # declared content of the vault file; the number is the format's
COLUMNS = "evidence UUID, rank TINYINT, root UUID, first_run INTEGER, since_run INTEGER"
_WORKING = (
    *("thin", "person", "identity", "claim", "pair", "conflict", "undecided", "matched", "new_root"),
    *("root", "before", "change"),
)


def assign_roots(
    con: duckdb.DuckDBPyConnection, ledger: Path | None, key: bytes, *, spine: str = "gp_registration"
) -> None:
    """After the linkage: give every person a root, that of earlier runs where the ledger has it.

    con: has `identity`, `person_of` and `person_of_record`. ledger: its vault file, which may
        not exist yet; None for roots from this run's identifiers alone.
    key: the user's root key. spine: the source that decides first who holds a number.
    Makes the temporary tables
    `root_of`: one row per `person`, with `root` (text, to be pseudonymised);
    `root_change`: one row per `old_root`, `new_root` and `why` of this run (ledger_change.sql);
    `root_replaced`: one row per `old_root` that any run replaced, with the
        `new_root` that replaces it now.
    Nothing is written: see `save_ledger`. Raises InputError where the ledger cannot be opened with this key.
    """
    with guarded("Keeping the ledger of identities"):
        _open(con, ledger, key)
        hash_key = purpose_key(key, "ledger")
        _people(con)
        make(con, "ledger_identity", query("identified/ledger_identity", spine=spine.replace("'", "''")))
        if ledger is None:
            con.execute("CREATE OR REPLACE TEMP TABLE ledger_claim (evidence UUID, rank TINYINT, cluster BIGINT)")
        else:
            _make_hashed(con, "ledger_claim", hash_key, hash_of_words=_hash("words"))
        _match_roots(con)
        again = _hash(f"'root|' || chosen.words || '|run {_run(con)}'")
        _make_hashed(
            con, "ledger_new_root", hash_key, hash_of_words=_hash("'root|' || words"), hash_of_words_again=again
        )
        _make_results(con)
        for table in _WORKING:
            con.execute(f"DROP TABLE ledger_{table}")
    _check(con)


def save_ledger(con: duckdb.DuckDBPyConnection, ledger: Path, key: bytes, draft: Path | None = None) -> None:
    """After `assign_roots`, and once the landing is complete: write the ledger, if it changed.

    draft: where it is written, to be moved to `ledger` later; None: to `ledger` itself.
    Raises StepFailed where another run has changed it meanwhile, or where it
    cannot be written: later runs would not know the landing's pseudonyms, so
    the linkage must be run again.
    """
    [(read, run)] = con.execute("SELECT stamp, run FROM ledger_read").fetchall()
    if vault.stamp(ledger) != read:
        raise StepFailed(f"Another run changed {ledger} meanwhile, so it was not saved. Run `phm link` again.")
    [(changes,)] = con.execute("SELECT count(*) FROM ledger_next WHERE since_run = ?", [run]).fetchall()
    if not changes:
        return
    con.execute("SET arrow_lossless_conversion = true")  # 16 bytes to a hash, not its text
    rows = con.sql("FROM ledger_next").to_arrow_reader(vault.ROWS_AT_A_TIME)
    try:
        vault.write_table(draft or ledger, rows, key, CONTENT)
    except OSError as error:
        raise StepFailed(
            f"The landing is complete, but not the ledger {ledger} ({error.strerror}), so neither is published. Make "
            "room or rights for it and run `phm link` again."
        ) from None
    finally:
        rows.close()
        con.execute("RESET arrow_lossless_conversion")


def root_counts(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """After `assign_roots`: people of this run, how many the ledger knew, its runs, and replaced roots by reason."""
    names = ("people", "known", "runs before", "merged", "divided", "shared")
    [counts] = con.execute(
        "SELECT people, known, run - 1, merged, divided, shared FROM ledger_read, "
        "(SELECT count(DISTINCT old_root) FILTER (WHERE why = 'merged') AS merged,"
        " count(DISTINCT old_root) FILTER (WHERE why = 'divided') AS divided,"
        " count(DISTINCT old_root) FILTER (WHERE why = 'shared') AS shared FROM root_change)"
    ).fetchall()
    return dict(zip(names, counts, strict=True))


def _open(con: duckdb.DuckDBPyConnection, ledger: Path | None, key: bytes) -> None:
    """`ledger_before`, from the vault, and `ledger_read`: the file's stamp and this run's number."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE ledger_before ({COLUMNS})")
    stamp = vault.stamp(ledger) if ledger else None
    if ledger and stamp:
        con.register("_ledger", vault.read_table(ledger, key, CONTENT))
        con.execute("INSERT INTO ledger_before FROM _ledger")
        con.unregister("_ledger")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE ledger_read AS SELECT ?::VARCHAR AS stamp,"
        " coalesce(max(since_run), 0) + 1 AS run, 0 AS people, 0 AS known FROM ledger_before",
        [stamp],
    )


def _people(con: duckdb.DuckDBPyConnection) -> None:
    """`ledger_person`: every person with a number, `cluster`; `ledger_thin`: people of one record each."""
    make(
        con,
        "ledger_thin",
        "SELECT -row_number() OVER () AS cluster, person, source || '|' || record_id AS record FROM person_of_record"
        " WHERE identity_id IN (SELECT identity_id FROM person_of WHERE thin)",
    )
    make(
        con,
        "ledger_person",
        "SELECT person, min(identity_id) AS cluster FROM person_of WHERE NOT thin GROUP BY person"
        " UNION ALL SELECT person, cluster FROM ledger_thin",
    )


def _match_roots(con: duckdb.DuckDBPyConnection) -> None:
    """`ledger_matched`: the root that each person of this run keeps.

    In rounds: a pair of person and root is matched where it is the earliest
    turn of both, and all other pairs of the two are removed.
    """
    make(
        con,
        "ledger_pair",
        "SELECT claim.cluster, earlier.root FROM ledger_claim AS claim"
        " INNER JOIN ledger_before AS earlier ON earlier.evidence = claim.evidence"
        " WHERE claim.cluster IS NOT NULL AND earlier.root IS NOT NULL AND earlier.rank > 0"
        " GROUP BY claim.cluster, earlier.root",
    )
    make(con, "ledger_conflict", query("identified/ledger_conflict"))
    make(con, "ledger_matched", "FROM ledger_pair WHERE cluster NOT IN (SELECT cluster FROM ledger_conflict)")
    make(con, "ledger_undecided", "SELECT cluster, root, min(turn) AS turn FROM ledger_conflict GROUP BY cluster, root")
    while con.execute("SELECT count(*) FROM ledger_undecided").fetchall() != [(0,)]:
        con.execute(
            "INSERT INTO ledger_matched SELECT cluster, root FROM ledger_undecided"
            " QUALIFY turn = min(turn) OVER (PARTITION BY cluster) AND turn = min(turn) OVER (PARTITION BY root)"
        )
        con.execute(
            "DELETE FROM ledger_undecided WHERE cluster IN (SELECT cluster FROM ledger_matched)"
            " OR root IN (SELECT root FROM ledger_matched)"
        )


def _make_results(con: duckdb.DuckDBPyConnection) -> None:
    """The three tables of `assign_roots`, and `ledger_next`."""
    make(con, "ledger_root", "FROM ledger_matched UNION ALL FROM ledger_new_root")
    make(con, "ledger_change", query("identified/ledger_change"))
    make(con, "ledger_next", query("identified/ledger_next", run=str(_run(con))))
    make(
        con,
        "root_of",
        "SELECT ledger_person.person, ledger_root.root::VARCHAR AS root"
        " FROM ledger_person LEFT JOIN ledger_root ON ledger_root.cluster = ledger_person.cluster",
    )
    changes = "SELECT old_root::VARCHAR AS old_root, new_root::VARCHAR AS new_root, why FROM ledger_change"
    make(con, "root_change", changes)
    make(
        con,
        "root_replaced",
        "SELECT evidence::VARCHAR AS old_root, root::VARCHAR AS new_root FROM ledger_next"
        " WHERE rank = 0 AND root <> evidence",
    )
    con.execute(
        "UPDATE ledger_read SET people = (SELECT count(*) FROM ledger_root),"
        " known = (SELECT count(*) FROM ledger_matched)"
    )


def _check(con: duckdb.DuckDBPyConnection) -> None:
    """Refuse people without a root, or two people with one: neither may reach a landing."""
    counted = con.execute("SELECT count(*), count(DISTINCT person), count(DISTINCT root) FROM root_of").fetchall()
    if len(set(counted[0])) != 1:
        raise StepFailed("The ledger did not give each person a unique root. Nothing was written.")


def _run(con: duckdb.DuckDBPyConnection) -> int:
    return con.execute("SELECT run FROM ledger_read").fetchall()[0][0]


def _hash(words: str) -> str:
    """SQL for the keyed hash of a text: SHA-256 of key and text, cut in half.

    Cut so, it cannot be extended to a longer text without the
    key (Coron, Dodis, Malinaud and Puniya 2005, doi:10.1007/11535218_26), at
    half the cost of HMAC. These hashes never leave the vault and this run:
    pseudonyms are HMACs of the roots.
    """
    return f"left(sha256($hash_key::BLOB || encode({words})), 32)"


def _make_hashed(con: duckdb.DuckDBPyConnection, table: str, hash_key: bytes, **parts: str) -> None:
    """A temporary table from the SQL file of its name, with the key bound, so that it is in no query's text."""
    sql = query(f"identified/{table}", **parts)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}", {"hash_key": hash_key})
