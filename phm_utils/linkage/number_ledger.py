"""The ledger of identities: a person keeps their pseudonym when a better identifier arrives later.

A pseudonym is made of a person's *root*. Without a ledger the root comes from
the best identifier of the day, and changes with it. The ledger remembers, as
keyed hashes, every way by which a person was known, and the root: whoever
presents one of those ways in a later run has that root. One row per
`evidence` (hash), with

    rank       0 a root itself, else the kind of evidence (sql/identified/ledger_claim.sql), 1 strongest
    root       whose it is; null where several people claimed it. For rank 0, itself or what replaced it
    first_run  the run in which it was first seen; since_run: that in which it came to this root.
               Runs are counted, those that changed nothing left out: there is no clock

Rules: each person of a run has one root, and no two have the same. Where the
ledger and the linkage disagree on who is one person, pairs of person and root
are settled in the order of `ledger_rival.sql`; whoever is left without gets a
new root, and `root_change` tells. Evidence that several people claim
identifies nobody. A number that moves to somebody of another birth date and
other names moves alone: its former holder is still known by description.

The file lies in the vault, under the user's root key, and is saved after the
landing is whole: a run that is interrupted changes nothing.
"""

from pathlib import Path

import duckdb

from phm_utils.engine import guarded
from phm_utils.errors import StepFailed
from phm_utils.linkage.queries import make, query
from phm_utils.privacy import vault
from phm_utils.privacy.pseudonyms import purpose_key

CONTENT = "ledger of identities 1"  # what the vault file says that it holds; the number is the form's
COLUMNS = "evidence UUID, rank TINYINT, root UUID, first_run INTEGER, since_run INTEGER"
_WORKING = ("thin", "person", "said", "claim", "pair", "rival", "open", "settled", "fresh", "root", "before", "change")


def keep(con: duckdb.DuckDBPyConnection, ledger: Path | None, key: bytes, *, spine: str = "gp_registration") -> None:
    """After the linkage: give every person a root, the one of earlier runs where the ledger knows them.

    con: holds `identity`, `person_of` and `person_of_record`. ledger: its vault file, which need
        not exist yet; None for roots from this run's identifiers alone.
    key: the user's root key. spine: the source whose word on who holds a number goes first.
    Makes the temporary tables
    `root_of`: one row per `person`, with `root` (text, to be pseudonymised);
    `root_change`: one row per `old_root`, `new_root` and `why` of this run (ledger_change.sql);
    `root_replaced`: one row per `old_root` that any run replaced, with the
        `new_root` that stands for it now.
    Nothing is written: see `save`. Raises InputError where the ledger cannot be opened with this key.
    """
    with guarded("Keeping the ledger of identities"):
        _open(con, ledger, key)
        hash_key = purpose_key(key, "ledger")
        _people(con)
        make(con, "ledger_said", query("identified/ledger_said", spine=spine.replace("'", "''")))
        if ledger is None:
            con.execute("CREATE OR REPLACE TEMP TABLE ledger_claim (evidence UUID, rank TINYINT, cluster BIGINT)")
        else:
            _make_hashed(con, "ledger_claim", hash_key, hash_of_words=_hash("words"))
        _settle(con)
        again = _hash(f"'root|' || chosen.words || '|run {_run(con)}'")
        _make_hashed(con, "ledger_fresh", hash_key, hash_of_words=_hash("'root|' || words"), hash_of_words_again=again)
        _tell(con)
        for table in _WORKING:
            con.execute(f"DROP TABLE ledger_{table}")
    _check(con)


def save(con: duckdb.DuckDBPyConnection, ledger: Path, key: bytes) -> None:
    """After `keep`, and once the landing is in its place: write the ledger as it is now; unchanged, it is left alone.

    Raises StepFailed where another run has written it meanwhile, or where it
    cannot be written: the landing then has pseudonyms that no later run
    would know again, so the linkage must be run once more.
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
        vault.write_table(ledger, rows, key, CONTENT)
    except OSError as error:
        raise StepFailed(
            f"The landing is written, but not the ledger {ledger} ({error.strerror}). Make room or rights for it and "
            "run `phm link` again, with the same extracts, before the landing is used."
        ) from None
    finally:
        rows.close()
        con.execute("RESET arrow_lossless_conversion")


def tally(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """After `keep`: people in this run and how many the ledger knew, its runs, and old roots by what became of them."""
    names = ("people", "known", "runs before", "merged", "divided", "shared")
    [counts] = con.execute(
        "SELECT people, known, run - 1, merged, divided, shared FROM ledger_read, "
        "(SELECT count(DISTINCT old_root) FILTER (WHERE why = 'merged') AS merged,"
        " count(DISTINCT old_root) FILTER (WHERE why = 'divided') AS divided,"
        " count(DISTINCT old_root) FILTER (WHERE why = 'shared') AS shared FROM root_change)"
    ).fetchall()
    return dict(zip(names, counts, strict=True))


def _open(con: duckdb.DuckDBPyConnection, ledger: Path | None, key: bytes) -> None:
    """`ledger_before`, as the vault has it, and `ledger_read`: which writing of the file, and this run's number."""
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
    """`ledger_person`: every person and a number for them, `cluster`; `ledger_thin`: those who are one record each."""
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


def _settle(con: duckdb.DuckDBPyConnection) -> None:
    """`ledger_settled`: which person of this run carries which root on.

    Round by round, every pair of person and root takes each other for which
    it is both's earliest turn, and all other pairs of the two are struck out.
    """
    make(
        con,
        "ledger_pair",
        "SELECT claim.cluster, held.root FROM ledger_claim AS claim"
        " INNER JOIN ledger_before AS held ON held.evidence = claim.evidence"
        " WHERE claim.cluster IS NOT NULL AND held.root IS NOT NULL AND held.rank > 0"
        " GROUP BY claim.cluster, held.root",
    )
    make(con, "ledger_rival", query("identified/ledger_rival"))
    make(con, "ledger_settled", "FROM ledger_pair WHERE cluster NOT IN (SELECT cluster FROM ledger_rival)")
    make(con, "ledger_open", "SELECT cluster, root, min(turn) AS turn FROM ledger_rival GROUP BY cluster, root")
    while con.execute("SELECT count(*) FROM ledger_open").fetchall() != [(0,)]:
        con.execute(
            "INSERT INTO ledger_settled SELECT cluster, root FROM ledger_open"
            " QUALIFY turn = min(turn) OVER (PARTITION BY cluster) AND turn = min(turn) OVER (PARTITION BY root)"
        )
        con.execute(
            "DELETE FROM ledger_open WHERE cluster IN (SELECT cluster FROM ledger_settled)"
            " OR root IN (SELECT root FROM ledger_settled)"
        )


def _tell(con: duckdb.DuckDBPyConnection) -> None:
    """The three tables of `keep`, and `ledger_next`."""
    make(con, "ledger_root", "FROM ledger_settled UNION ALL FROM ledger_fresh")
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
        " known = (SELECT count(*) FROM ledger_settled)"
    )


def _check(con: duckdb.DuckDBPyConnection) -> None:
    """Two people with one root, or one without, must never reach a landing, whatever went wrong before."""
    counted = con.execute("SELECT count(*), count(DISTINCT person), count(DISTINCT root) FROM root_of").fetchall()
    if len(set(counted[0])) != 1:
        raise StepFailed("The ledger did not give each person one root of their own. Nothing was written.")


def _run(con: duckdb.DuckDBPyConnection) -> int:
    return con.execute("SELECT run FROM ledger_read").fetchall()[0][0]


def _hash(words: str) -> str:
    """SQL for the keyed hash of a text: SHA-256 of key and text, cut in half.

    Cut so, it cannot be carried on to a longer text by somebody without the
    key (Coron, Dodis, Malinaud and Puniya 2005, doi:10.1007/11535218_26), at
    half the cost of HMAC. These hashes never leave the vault and this run:
    pseudonyms are HMACs of the roots.
    """
    return f"left(sha256($hash_key::BLOB || encode({words})), 32)"


def _make_hashed(con: duckdb.DuckDBPyConnection, table: str, hash_key: bytes, **parts: str) -> None:
    """A temporary table from the SQL file of its name, with the key bound so that no query's text has it."""
    sql = query(f"identified/{table}", **parts)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}", {"hash_key": hash_key})
