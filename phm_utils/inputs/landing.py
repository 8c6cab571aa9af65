"""A file of the landing folder, opened: its columns and types, and its rows where DuckDB reads them."""

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from phm_utils.engine import guarded, literal_path, quote, shortages
from phm_utils.errors import InputError
from phm_utils.inputs.csv_files import convert_csv, header_of, session_folder
from phm_utils.inputs.mapping import TableMapping
from phm_utils.schema import Form, Table

FILE_COLUMN = "landing_file"  # the path of each row's file
OF_ADDRESSES = (
    "A list of addresses without people is delivered as `address_list`: a list, a value and a day for each address"
)
ROW_COLUMN = "file_row_number"  # the number of each row in its file, from 0, as DuckDB calls it


@dataclass(frozen=True)
class LandingFile:
    """One file of one table, or several with the same columns that are read together, readable by DuckDB.

    name: table and file, for messages.
    paths: where its rows can be read; the files themselves, or copies of CSVs.
    types: the DuckDB type of each column that it has, by the extract's own names.
    rows: how many it holds.
    unread: Parquet files of the lines of a CSV that are no rows: see `csv_files.Converted`.
    where: a condition on its own columns or ROW_COLUMN, where only some of its rows are meant.
    """

    name: str
    paths: tuple[Path, ...]
    types: dict[str, str]
    rows: int = 0
    unread: tuple[Path, ...] = ()
    where: str | None = None

    @property
    def scan(self) -> str:
        """A FROM clause over its rows, with FILE_COLUMN."""
        files = f"read_parquet([{', '.join(literal_path(p) for p in self.paths)}], filename = '{FILE_COLUMN}')"
        return f"(FROM {files} WHERE {self.where})" if self.where else files

    def column(self, name: str) -> str | None:
        """The file's own spelling of a column's name, whatever its capitals; None if it lacks it."""
        return next((own for own in self.types if own.casefold() == name.casefold()), None)


def read_columns(
    con: duckdb.DuckDBPyConnection, table: Table, path: Path, mapping: TableMapping, form: Form
) -> LandingFile:
    """A file's columns, without reading its rows; refused where a required column is absent.

    The messages are parts of one list: `<table>: <file> <what is wrong>; <what to do>`.
    """
    name = f"{table.name}: {path.name}"
    if path.stat().st_size == 0:
        raise InputError(f"{name} is empty (0 bytes); export it again")
    if path.suffix.lower() == ".parquet":
        types = _parquet_types(con, path, name)
    else:
        types = dict.fromkeys(header_of(path, mapping, name), "VARCHAR")
    file = LandingFile(name, (path,), types)
    _refuse_our_names(table, mapping, name)
    _refuse_missing_columns(table, file, mapping, form)
    return file


def open_file(
    con: duckdb.DuckDBPyConnection, table: Table, path: Path, mapping: TableMapping, form: Form
) -> LandingFile:
    """Make a file readable. Raises InputError as `read_columns` does, and where a CSV cannot be read whole."""
    file = read_columns(con, table, path, mapping, form)
    kept = {name: kind for name, kind in file.types.items() if name.casefold() not in (FILE_COLUMN, ROW_COLUMN)}
    if path.suffix.lower() != ".parquet":
        made = convert_csv(con, path, mapping, list(file.types), list(kept), file.name)
        file = replace(file, paths=(made.rows,), unread=made.unread, types=kept)
    elif len(kept) < len(file.types):
        file = replace(file, paths=(_copy_without(con, file, kept),), types=kept)
    with guarded(f"Reading {file.name}", "The file may be damaged: copy or export it again."):
        [(rows,)] = con.execute(f"SELECT count(*) FROM {file.scan}").fetchall()
    return replace(file, rows=rows)


def _parquet_types(con: duckdb.DuckDBPyConnection, path: Path, name: str) -> dict[str, str]:
    try:
        with shortages(f"Reading {name}"):
            described = con.execute(f"DESCRIBE SELECT * FROM read_parquet({literal_path(path)})").fetchall()
    except duckdb.Error:
        raise InputError(f"{name} is not a readable Parquet file; copy or export it again") from None
    return {column: kind for column, kind, *_ in described}


def _refuse_our_names(table: Table, mapping: TableMapping, name: str) -> None:
    if taken := sorted({c.casefold() for c in mapping.columns.values()} & {FILE_COLUMN, ROW_COLUMN}):
        raise InputError(
            f"{name}: the mapping reads a column `{taken[0]}`, a name that the reader uses; export it under another"
        )


def _copy_without(con: duckdb.DuckDBPyConnection, file: LandingFile, kept: dict[str, str]) -> Path:
    """A copy of a Parquet file without columns whose names DuckDB gives to its own."""
    copy = session_folder(con) / file.paths[0].name
    columns = ", ".join('"' + name.replace('"', '""') + '"' for name in kept)
    with guarded(f"Reading {file.name}", "The file may be damaged: copy or export it again."):
        source = f"read_parquet({literal_path(file.paths[0])})"
        con.execute(f"COPY (SELECT {columns} FROM {source}) TO {quote(copy)} (FORMAT parquet)")
    return copy


def _refuse_missing_columns(table: Table, file: LandingFile, mapping: TableMapping, form: Form) -> None:
    absent = [
        mapping.source_column(c.name)
        for c in table.for_form(form)
        if c.name not in mapping.constants
        and (not c.optional or c.name in mapping.columns)
        and file.column(mapping.source_column(c.name)) is None
    ]
    if absent:
        homes = table.name == "partner_list" and file.column(mapping.source_column("household_token")) is not None
        raise InputError(
            f"{file.name} lacks {len(absent)} column{'s' * (len(absent) > 1)} that the table needs: "
            f"{', '.join(absent)}; it has {len(file.types)}. If they have other names, give these in the mapping file"
            + f". {OF_ADDRESSES}"
            * homes
        )
