"""Keys that occur more than once in a table, found without holding all keys in memory."""

import math
from dataclasses import dataclass

import duckdb

from phm_utils.engine import insertion_order
from phm_utils.inputs.extract import Extract
from phm_utils.inputs.portions import same_shape

REPEATED_TABLE = "repeated_keys"  # one row per key that occurs more than once: `key_hash`, and `n` rows
LATE_TABLE = "late_keys"
MOST_LATE_SHARE, MOST_LATE = 0.02, 1_000_000  # of a table's rows; where more are late, all keys are counted
BYTES_PER_KEY = 64  # in memory while keys are counted, measured
SHARE_OF_MEMORY = 0.4


@dataclass(frozen=True)
class Keys:
    """What is known of a table's keys.

    repeated: rows whose key occurs more than once.
    ascending: are all other rows in ascending order of their key as text?
    """

    repeated: int
    ascending: bool


def find_repeated_keys(con: duckdb.DuckDBPyConnection, extract: Extract, memory: int) -> Keys:
    """Make REPEATED_TABLE for a table of the extract.

    memory: bytes that DuckDB may use.

    Most extracts lie in the order of their key. A row is late where its key is not larger than all
    before it; the second of two rows with one key is late. So only late keys need counting. Where many
    are late, all keys are counted, a range of their hashes at a time.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE {REPEATED_TABLE} (key_hash UBIGINT, n BIGINT)")
    late = _list_late_keys(con, extract)
    if late:
        _count_keys(con, extract, f"WHERE {extract.keys(extract.files[0])[0]} IN (SELECT key FROM {LATE_TABLE})")
    elif late is None:
        passes = math.ceil(sum(f.rows for f in extract.files) * BYTES_PER_KEY / (memory * SHARE_OF_MEMORY))
        for number in range(passes):
            _count_keys(con, extract, of_hash=f"WHERE key_hash % {passes} = {number}" if passes > 1 else "")
    [(keys, rows)] = con.execute(f"SELECT count(*), coalesce(sum(n), 0) FROM {REPEATED_TABLE}").fetchall()
    con.execute(f"DROP TABLE IF EXISTS {LATE_TABLE}")
    return Keys(int(rows), ascending=late is not None and late == rows - keys and _same_order_as_text(con, extract))


def _list_late_keys(con: duckdb.DuckDBPyConnection, extract: Extract) -> int | None:
    """Put late keys in LATE_TABLE; how many, or None where there are too many, or files of different columns."""
    file = extract.one_shape
    if file is None or len(extract.table.key) > 1:
        return None
    most = min(MOST_LATE, int(file.rows * MOST_LATE_SHARE))
    [key] = extract.keys(file)
    with insertion_order(con):  # a window without ORDER BY takes rows as they come
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {LATE_TABLE} AS SELECT key FROM (SELECT {key} AS key, max({key}) OVER "
            f"(ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS largest_before FROM {file.scan}) "
            f"WHERE key <= largest_before LIMIT {most + 1}"
        )
    [(late,)] = con.execute(f"SELECT count(*) FROM {LATE_TABLE}").fetchall()
    return late if late <= most else None


def _count_keys(con: duckdb.DuckDBPyConnection, extract: Extract, where: str = "", of_hash: str = "") -> None:
    """Add the keys that occur more than once among some rows to REPEATED_TABLE."""
    hashes = " UNION ALL ".join(
        f"SELECT {extract.key_hash(file)} AS key_hash FROM {file.scan} {where}" for file in same_shape(extract.files)
    )
    con.execute(
        f"INSERT INTO {REPEATED_TABLE} SELECT key_hash, count(*) FROM ({hashes}) {of_hash} "
        "GROUP BY key_hash HAVING count(*) > 1"
    )


def _same_order_as_text(con: duckdb.DuckDBPyConnection, extract: Extract) -> bool:
    """Do whole-number keys have one number of digits, so that their order is that of their text?"""
    if not extract.integer_keys or extract.one_shape is None:
        return True
    [key] = extract.keys(extract.one_shape)
    [(low, high)] = con.execute(f"SELECT min({key}), max({key}) FROM {extract.one_shape.scan}").fetchall()
    return low is None or (low >= 0 and len(str(low)) == len(str(high)))
