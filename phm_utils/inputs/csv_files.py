"""A CSV of the extract as a Parquet file of text: each of its lines is one row there, or is kept as an unread line.

Lines are counted apart from the reader that splits them (`engine.csv_lines`); where the two do not add up, some
lines were taken into a quoted field. Those are set apart, all others read again, and a file that still does not
add up is refused.
"""

import csv
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from phm_utils.engine import literal_path, quote, shortages
from phm_utils.engine.csv_lines import BYTE_FOR_BYTE, count_lines, lines_of
from phm_utils.errors import InputError
from phm_utils.inputs.mapping import TableMapping

LONGEST_LINE = 8_000_000  # bytes of one row; a longer one is not read
LINES_AT_ONCE = 10_000
UNREADABLE, BROKEN = "(row):unreadable line", "(row):line break in a field"
UNREAD = pa.schema([("file", pa.string()), ("line", pa.int64()), ("reason", pa.string()), ("text", pa.string())])


@dataclass(frozen=True)
class Converted:
    """rows: the Parquet file of the rows. unread: Parquet files of the other lines, with the columns of UNREAD: name of
    the file without its ending, number of the line (from 1), reason as `(row):rule`, text.
    """

    rows: Path
    unread: tuple[Path, ...]


def header_of(path: Path, mapping: TableMapping, name: str) -> list[str]:
    """The names of a CSV's columns."""
    try:
        with path.open(encoding=mapping.codec, newline="") as handle:
            header = [cell.strip() for cell in next(csv.reader(handle, delimiter=mapping.delimiter), [])]
    except (UnicodeError, csv.Error):
        raise InputError(
            f"{name} is not readable as CSV in {mapping.encoding}; save it as UTF-8, "
            "or set `encoding` in the mapping file"
        ) from None
    alike = [column.casefold() for column in header]
    broken = any("\n" in column or "\r" in column for column in header)
    if not any(header) or "" in header or len(set(alike)) < len(alike) or broken:
        raise InputError(f"{name}: the first line must name every column once; {len(header)} names were read")
    return header


def convert_csv(
    con: duckdb.DuckDBPyConnection, path: Path, mapping: TableMapping, columns: list[str], kept: list[str], name: str
) -> Converted:
    """A CSV's rows as Parquet in the session's temporary folder, and its unread lines.

    columns: all that its first line names. kept: those wanted.
    Raises InputError where its letters are of another encoding, a quotation mark is never closed, or lines would be
    lost.
    """
    folder = session_folder(con)
    source = path if mapping.encoding == "utf-8" else _in_utf8(path, folder, mapping, name)
    reader = _Reader(con, folder, f"{path.stem}.parquet", mapping.delimiter, columns, kept, name)
    lines = count_lines(source) - 1
    read = reader.read(source)
    if read is None or read[0] + read[1] != lines:
        source, lines = reader.set_broken_lines_apart(source)
        read = reader.read(source)
    if read is None or read[0] + read[1] != lines:
        raise InputError(f"{name}: its {lines:,} lines cannot be told apart as rows; export it again")
    reader.keep_rejected(read[1])
    return Converted(reader.copy, tuple(reader.unread))


def session_folder(con: duckdb.DuckDBPyConnection) -> Path:
    """A new folder for copies of a file, in the session's temporary folder and gone with it."""
    [(spill,)] = con.execute("SELECT current_setting('temp_directory')").fetchall()
    Path(spill).mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="read-", dir=spill))


class _Reader:
    """One CSV file being read, into files of one folder."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path, file: str, delimiter: str, columns: list[str],
                 kept: list[str], name: str) -> None:  # fmt: skip
        self.con, self.folder, self.delimiter, self.name = con, folder, delimiter, name
        self.copy = folder / file
        self.columns = ", ".join(f"{quote(c)}: 'VARCHAR'" for c in columns)
        self.kept = ", ".join('"' + c.replace('"', '""') + '"' for c in kept)
        self.unread: list[Path] = []

    def read(self, source: Path) -> tuple[int, int] | None:
        """Read a file's rows into `copy`: rows and rejected lines; None where DuckDB cannot read it at all."""
        # One thread reads: a quoted line break is then never taken for the end of a row.
        scan = (
            f"read_csv({literal_path(source)}, columns = {{{self.columns}}}, header = true, auto_detect = false, "
            f"parallel = false, delim = {quote(self.delimiter)}, quote = '\"', escape = '\"', "
            f"max_line_size = {LONGEST_LINE}, buffer_size = {4 * LONGEST_LINE}, store_rejects = true)"
        )
        self.con.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
        try:
            with shortages(f"Reading {self.name}"):
                [(rows,)] = self.con.execute(
                    f"COPY (SELECT {self.kept} FROM {scan}) TO {quote(self.copy)} (FORMAT parquet)"
                ).fetchall()
        except duckdb.Error:
            return None
        self._refuse_letters()
        [(rejected,)] = self.con.execute("SELECT count(DISTINCT line) FROM reject_errors").fetchall()
        return rows, rejected

    def _refuse_letters(self) -> None:
        [(lines,)] = self.con.execute(
            "SELECT count(DISTINCT line) FROM reject_errors WHERE contains(error_type::VARCHAR, 'ENCOD') "
            "OR contains(error_type::VARCHAR, 'UNICODE')"
        ).fetchall()
        if lines:
            raise InputError(
                f"{self.name} is not in UTF-8 ({lines} lines cannot be read); "
                "save it as UTF-8, or set `encoding: cp1252` (Windows) or `utf-16` in the mapping file"
            )

    def keep_rejected(self, lines: int) -> None:
        """Keep the lines that the last reading rejected."""
        if lines:
            path = self._unread_file()
            self.con.execute(
                f"COPY (SELECT {quote(self.copy.stem)} AS file, line::BIGINT AS line, {quote(UNREADABLE)} AS reason, "
                f"min(csv_line) AS text FROM reject_errors GROUP BY ALL ORDER BY line) TO {quote(path)}"
            )
        self.con.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")

    def set_broken_lines_apart(self, source: Path) -> tuple[Path, int]:
        """A copy without the lines of quoted fields that go over more than one, and how many rows it should have.

        They stay as blank lines, so that numbers of lines are those of the file.
        """
        whole = self.folder / "whole_lines.csv"
        with whole.open("w", encoding=BYTE_FOR_BYTE, newline="\n") as made, self._unread_writer() as unread:
            lines = self._broken_lines(source, made)
            for some in iter(lambda: list(islice(lines, LINES_AT_ONCE)), []):
                numbers, texts = zip(*some, strict=True)
                columns = [[self.copy.stem] * len(some), numbers, [BROKEN] * len(some), texts]
                unread.write_table(pa.table(columns, schema=UNREAD))
        return whole, count_lines(whole) - 1

    def _broken_lines(self, source: Path, made: IO[str]) -> Iterator[tuple[int, str]]:
        """Number and text of each broken line; the others are written to `made`."""
        for line in lines_of(source, self.delimiter, self.name):
            made.write(f"{line.text}\n" if line.whole else "\n")
            if not line.whole:
                yield line.number, line.text.encode(BYTE_FOR_BYTE).decode("utf-8", errors="replace")

    def _unread_writer(self) -> pq.ParquetWriter:
        return pq.ParquetWriter(self._unread_file(), UNREAD)

    def _unread_file(self) -> Path:
        self.unread.append(self.folder / f"unread{len(self.unread)}.parquet")
        return self.unread[-1]


def _in_utf8(path: Path, folder: Path, mapping: TableMapping, name: str) -> Path:
    """A copy in UTF-8 of a file in another encoding."""
    copy = folder / "utf8.csv"
    try:
        with (
            path.open(encoding=mapping.codec, newline="") as given,
            copy.open("w", encoding="utf-8", newline="") as made,
        ):
            shutil.copyfileobj(given, made)
    except UnicodeError:
        raise InputError(
            f"{name} is not in {mapping.codec}; save it as UTF-8, or correct `encoding` in the mapping file"
        ) from None
    return copy
