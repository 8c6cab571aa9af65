"""Validation of a table: every row is kept, or rejected with a reason; a faulty field of a kept row is null."""

import math
from pathlib import Path

import duckdb

from phm_utils.engine import (
    ROW_GROUP_SIZE,
    activity,
    distrusted_statistics,
    guarded,
    insertion_order,
    memory_limit,
    parquet_source,
    quote,
)
from phm_utils.inputs.extract import Extract
from phm_utils.inputs.landing import LandingFile
from phm_utils.inputs.portions import portions, rows_at_once, same_shape
from phm_utils.inputs.repeats import REPEATED_TABLE, Keys, find_repeated_keys
from phm_utils.inputs.tally import CHECKED_TABLE, REJECTED_TABLE, Tally
from phm_utils.printable import not_printable_sql
from phm_utils.privacy.access import private_folder
from phm_utils.rules.text_forms import trimmed
from phm_utils.runs import StageWriter

# Rejected rows of the table in hand: `file`, `reason`, `original`; of lines that are no rows, `line` and `text`.
QUARANTINE_TABLE = "quarantine_rows"


def validate(
    con: duckdb.DuckDBPyConnection, extract: Extract, writer: StageWriter, quarantine: Path, tally: Tally
) -> None:
    """Check every row of a table, write the kept ones to the store and the others to the quarantine.

    Rows are taken in portions that fit into memory; each makes one file of the store, in order of its key.
    """
    name = extract.table.name
    activity.begin(name)
    with guarded(f"Checking {name}", "A file may be damaged: copy it again, or run `phm doctor` on the file."):
        with distrusted_statistics(con, extract.holds_decimals):
            extract.list_valid_values(con)
        memory = memory_limit(con)
        most = rows_at_once(memory, len(extract.table.for_form(extract.form)))
        extract = extract.in_key_order(con)
        keys = find_repeated_keys(con, extract, memory)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {QUARANTINE_TABLE} (file VARCHAR, reason VARCHAR, original VARCHAR, "
            "line BIGINT, text VARCHAR)"
        )
        passes = math.ceil(keys.repeated / most)
        for number in range(passes):
            _check_repeated(con, extract, number, passes)
            _enter(con, extract, writer, tally, ordered=False)
        for portion in portions(extract.files, most):
            with insertion_order(con, keys.ascending):
                _check_rows(con, extract, extract.rows_sql(portion, _not_repeated(extract, portion, keys)))
                _enter(con, extract, writer, tally, ordered=keys.ascending)
            activity.advance(portion.rows)
        _count_replaced(con, extract, tally)
        unread = _set_unread_apart(con, extract)
        tally.balance(extract.table, sum(f.rows for f in extract.files), unread)
        _write_quarantine(con, extract, quarantine / f"{name}.parquet")
        written = [writer.folder / f for f in writer.tables[name]["files"]]
        con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM {parquet_source(written)}")
        con.execute(f"DROP TABLE IF EXISTS {REPEATED_TABLE}; DROP TABLE {QUARANTINE_TABLE}")


def _not_repeated(extract: Extract, file: LandingFile, keys: Keys) -> str:
    """The condition that leaves out rows whose key occurs more than once: they are checked together."""
    return f"WHERE {extract.key_hash(file)} NOT IN (SELECT key_hash FROM {REPEATED_TABLE})" if keys.repeated else ""


def _check_repeated(con: duckdb.DuckDBPyConnection, extract: Extract, number: int, passes: int) -> None:
    """Check rows whose key occurs more than once: all but one of a key are rejected as `repeated key`.

    The row kept is usable, of the first file by name, and first in the order of
    its content: the same row in whatever order rows arrive.
    """
    chosen = f"(SELECT key_hash FROM {REPEATED_TABLE} WHERE key_hash % {passes} = {number})"
    rows = " UNION ALL BY NAME ".join(
        f"({extract.rows_sql(file, f'WHERE {extract.key_hash(file)} IN {chosen}', original=True)})"
        for file in same_shape(extract.files)
    )
    key = ", ".join(extract.table.key)
    content = ", ".join(c.name for c in extract.table.for_form(extract.form))
    place = f"row_number() OVER (PARTITION BY {key}, reason IS NULL ORDER BY file, {content}, original)"
    repeated = f"CASE WHEN reason IS NULL AND {place} > 1 THEN '{extract.table.key[0]}:repeated key' ELSE reason END"
    _check_rows(con, extract, f"SELECT * REPLACE ({repeated} AS reason) FROM ({rows})")


def _check_rows(con: duckdb.DuckDBPyConnection, extract: Extract, rows: str) -> None:
    """Put checked rows in CHECKED_TABLE, and those of them that are rejected in REJECTED_TABLE too."""
    with distrusted_statistics(con, extract.holds_decimals):
        con.execute(f"CREATE OR REPLACE TEMP TABLE {CHECKED_TABLE} AS {rows}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {REJECTED_TABLE} AS FROM {CHECKED_TABLE} WHERE reason IS NOT NULL")


def _enter(
    con: duckdb.DuckDBPyConnection, extract: Extract, writer: StageWriter, tally: Tally, *, ordered: bool
) -> None:
    """Count the rows in CHECKED_TABLE, write the kept ones as the table's next file, and set the others apart.

    ordered: do the rows lie in the order of their key?
    """
    table = extract.table
    tally.count(con, table)
    path = writer.folder / table.name / f"{len(writer.files_of(table.name)) + 1:04d}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = ", ".join([c.name for c in table.for_form(extract.form)] + ["nulled_fields"])
    order = "" if ordered else f"ORDER BY {', '.join(table.key)}"
    con.execute(
        f"COPY (SELECT {columns} FROM {CHECKED_TABLE} WHERE reason IS NULL {order}) "
        f"TO {quote(path)} (FORMAT parquet, ROW_GROUP_SIZE {ROW_GROUP_SIZE})"
    )
    writer.record(table.name, path, con)
    con.execute(f"INSERT INTO {QUARANTINE_TABLE} BY NAME SELECT file, reason, original FROM {REJECTED_TABLE}")
    con.execute(f"DROP TABLE {CHECKED_TABLE}; DROP TABLE {REJECTED_TABLE}")


def _count_replaced(con: duckdb.DuckDBPyConnection, extract: Extract, tally: Tally) -> None:
    """Count the names that readers see in which characters were replaced or taken out."""
    for file in same_shape(extract.files):
        for field in (f for f in extract.fields(file) if f.column.printed and f.kind == "VARCHAR"):
            hidden = not_printable_sql(trimmed(field.raw))
            [(rows,)] = con.execute(f"SELECT count(*) FROM {file.scan} WHERE {hidden}").fetchall()
            tally.count_kept(extract.table.name, field.name, "characters that cannot be shown, replaced", rows)


def _set_unread_apart(con: duckdb.DuckDBPyConnection, extract: Extract) -> dict[str, int]:
    """Put the lines of CSVs that are no rows into the quarantine; how many by reason."""
    unread = [path for file in extract.files for path in file.unread]
    if not unread:
        return {}
    con.execute(f"INSERT INTO {QUARANTINE_TABLE} BY NAME FROM {parquet_source(unread)}")
    return dict(
        con.execute(
            f"SELECT reason, count(*) FROM {QUARANTINE_TABLE} WHERE text IS NOT NULL GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    )


def _write_quarantine(con: duckdb.DuckDBPyConnection, extract: Extract, path: Path) -> None:
    """The rejected rows, fields as the text that came; of withheld rows the key and nothing else.

    Of lines that are no rows: the number of the line and its text.
    """
    path.unlink(missing_ok=True)
    [(rows,)] = con.execute(f"SELECT count(*) FROM {QUARANTINE_TABLE}").fetchall()
    if not rows:
        return
    private_folder(path.parent, path.parents[1], synthetic=True)  # where a disk keeps no modes it is said, not refused
    names = [c.name for c in extract.table.for_form(extract.form)]
    fields = ", ".join(f"json_extract_string(original, '$.{n}') AS {n}" for n in names)
    columns = f"file, line, reason, {fields}, text"
    con.execute(
        f"COPY (SELECT {columns} FROM {QUARANTINE_TABLE} ORDER BY ALL) "
        f"TO {quote(path)} (FORMAT parquet, ROW_GROUP_SIZE {ROW_GROUP_SIZE})"
    )
