"""The landing folder and the mapping file: an extract's own file names, columns, codes and dates in our terms.

A mapping file runs no code: it renames, recodes and gives the format of
dates. An unknown name is refused, with the nearest known name.
"""

import csv
import difflib
import itertools
import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb
from pydantic import Field

from phm_utils.engine import guarded, has_unclosed_quote, literal_path, quote
from phm_utils.errors import InputError
from phm_utils.params import Frozen, Workbook, load_yaml, validated
from phm_utils.runs import resolve
from phm_utils.schema import Form, Table
from phm_utils.tables import BOUNDARY_FILE, TABLES


class TableMapping(Frozen):
    """How one table of ours is found and read in the landing folder."""

    files: str | None = Field(None, description="file name or pattern below the landing folder, such as sus/apc_*.csv")
    delimiter: str = Field(",", min_length=1, max_length=1, description="CSV: sign between two fields")
    encoding: Literal["utf-8", "cp1252", "latin-1", "utf-16"] = Field(
        "utf-8", description="CSV: text encoding; cp1252 is that of Windows, and what latin-1 mostly means"
    )
    columns: dict[str, str] = Field(default_factory=dict, description="our column: the extract's own column")
    constants: dict[str, str] = Field(default_factory=dict, description="our column: one value for every row")
    values: dict[str, dict[str, str]] = Field(default_factory=dict, description="our column: {their code: our code}")
    nulls: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="our column: documented nulls")
    date_formats: tuple[str, ...] = Field((), description="strptime forms of every date; default year-month-day")
    formats: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="our column: its own date forms")

    @property
    def codec(self) -> str:
        """Python's name of the encoding. A file that calls itself latin-1 mostly has the curly quotes of cp1252."""
        return {"latin-1": "cp1252", "utf-8": "utf-8-sig"}.get(self.encoding, self.encoding)

    def source_column(self, column: str) -> str:
        """The extract's name for a column of ours."""
        return self.columns.get(column, column)

    def date_forms(self, column: str) -> tuple[str, ...]:
        """The strptime forms in which an extract writes a column; empty for year-month-day."""
        return self.formats.get(column, self.date_formats)


class Mapping(Frozen):
    """A mapping file."""

    extract_date: date | None = Field(None, description="last day that the extracts cover; default: today")
    tables: dict[str, TableMapping] = Field(default_factory=dict, description="our table: how it is found and read")

    def of(self, table: str) -> TableMapping:
        """The mapping of one table; our own names where none is given."""
        return self.tables.get(table, TableMapping())


def load_mapping(workbook: Workbook) -> Mapping:
    """The workbook's mapping file, validated; an empty mapping where it names none."""
    if workbook.mapping is None:
        return Mapping()
    path = resolve(workbook.mapping)
    mapping = validated(Mapping, load_yaml(path), path.name)
    if faults := _mapping_faults(mapping):
        raise InputError(f"{path.name}: {len(faults)} fault{'s' * (len(faults) > 1)}.\n" + "\n".join(faults))
    return mapping


def _mapping_faults(mapping: Mapping) -> list[str]:
    faults = []
    for name, entry in mapping.tables.items():
        if name not in TABLES:
            faults.append(f"- no table `{name}`{_suggestion(name, list(TABLES))}")
            continue
        faults += _unknown_columns(TABLES[name], entry) + _unsure_years(TABLES[name], entry)
    return faults


def _unknown_columns(table: Table, entry: TableMapping) -> list[str]:
    known = [c.name for c in table.columns]
    given = {c for group in (entry.columns, entry.constants, entry.values, entry.nulls, entry.formats) for c in group}
    faults = [f"- {table.name}: no column `{c}`{_suggestion(c, known)}" for c in sorted(given - set(known))]
    both = sorted(set(entry.columns) & set(entry.constants))
    return faults + [f"- {table.name}: `{c}` has both a column and a constant; keep one" for c in both]


def _unsure_years(table: Table, entry: TableMapping) -> list[str]:
    forms = sorted({form for group in (entry.date_formats, *entry.formats.values()) for form in group if "%y" in form})
    return [
        f"- {table.name}: `{form}` has a year of two digits, and which century it means is a guess; export four digits"
        for form in forms
    ]


def _suggestion(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean `{close[0]}`?" if close else f"; there are: {', '.join(known)}"


def landing_folder(workbook: Workbook) -> Path:
    """Where the extracts are, or an InputError that says how to get them."""
    folder = resolve(workbook.landing)
    if folder.is_dir():
        return folder
    advice = "Run `phm simulate` first." if workbook.synthetic else "Correct `landing` in the parameter file."
    unset = " An environment variable in it is not set." if "$" in str(folder) else ""
    raise InputError(f"No folder {workbook.landing} to read extracts from.{unset} {advice}")


CSV_ENDINGS = (".csv", ".tsv", ".txt")
ENDINGS = (".parquet", *CSV_ENDINGS)
LONGEST_LINE = 8_000_000  # bytes of one CSV row; a longer one is quarantined


@dataclass(frozen=True)
class LandingFile:
    """One file of one table, or several with the same columns that are read together, readable by DuckDB.

    name: table and file, for messages.
    paths: where its rows can be read; the files themselves, or copies of CSVs.
    types: the DuckDB type of each column that it has, by the extract's own names.
    rows: how many it holds, and `unreadable`: lines of a CSV that do not split into its columns.
    where: a condition on its own columns or `file_row_number`, where only some of its rows are meant.
    """

    name: str
    paths: tuple[Path, ...]
    types: dict[str, str]
    rows: int = 0
    unreadable: int = 0
    where: str | None = None

    @property
    def scan(self) -> str:
        """A FROM clause over its rows; the column `filename` names the file of each row."""
        files = f"read_parquet([{', '.join(literal_path(p) for p in self.paths)}])"
        return f"(SELECT *, filename FROM {files} WHERE {self.where})" if self.where else files

    def column(self, name: str) -> str | None:
        """The file's own spelling of a column's name, whatever its capitals; None if it lacks it."""
        return next((own for own in self.types if own.casefold() == name.casefold()), None)


def table_files(folder: Path, table: str, mapping: TableMapping) -> list[Path]:
    """The files of one table, in order of name; empty where the extract lacks the table.

    Searched: the mapping's own name or pattern, else `<table>.parquet`,
    `<table>.csv`, or every such file in a folder `<table>`.
    """
    if mapping.files:
        found = sorted(p for p in folder.glob(mapping.files) if p.is_file())
        if not found:
            raise InputError(f"{table}: no file matches `{mapping.files}`, which the mapping names")
        return found
    inside = sorted(p for p in (folder / table).glob("*") if p.suffix.lower() in ENDINGS)
    found = [p for p in (folder / f"{table}{ending}" for ending in ENDINGS) if p.is_file()] + inside
    if len({p.suffix.lower() for p in found}) > 1 or (len(found) > 1 and found[0].parent != found[-1].parent):
        raise InputError(f"{table}: found twice, as {found[0].name} and as {found[-1].name}; keep one")
    return found


def present_tables(workbook: Workbook, mapping: Mapping) -> tuple[dict[str, list[Path]], list[str]]:
    """The files of every table that the landing folder holds, and what is wrong with the folder."""
    folder = landing_folder(workbook)
    found, faults = {}, []
    for name in TABLES:
        try:
            if files := table_files(folder, name, mapping.of(name)):
                found[name] = files
        except InputError as fault:
            faults.append(str(fault))
    if not found and not faults:
        faults.append(f"no table in {workbook.landing}: name files after tables ({', '.join(list(TABLES)[:3])}, ...)")
    return found, faults


def boundary_file(workbook: Workbook) -> Path | None:
    """The outlines of small areas, where the landing folder holds them."""
    path = landing_folder(workbook) / BOUNDARY_FILE
    return path if path.is_file() else None


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
        types = dict.fromkeys(_header(path, mapping, name), "VARCHAR")
    file = LandingFile(name, (path,), types)
    _refuse_missing_columns(table, file, mapping, form)
    return file


def open_file(
    con: duckdb.DuckDBPyConnection, table: Table, path: Path, mapping: TableMapping, form: Form
) -> LandingFile:
    """Make a file readable. Raises InputError as `read_columns` does, and where a CSV's letters cannot be read."""
    file = read_columns(con, table, path, mapping, form)
    if path.suffix.lower() != ".parquet":
        copy, unreadable = _convert_csv(con, path, mapping, file)
        file = replace(file, paths=(copy,), unreadable=unreadable)
    with guarded(f"Reading {file.name}", "The file may be damaged: copy or export it again."):
        [(rows,)] = con.execute(f"SELECT count(*) FROM {file.scan}").fetchall()
    return replace(file, rows=rows)


def _parquet_types(con: duckdb.DuckDBPyConnection, path: Path, name: str) -> dict[str, str]:
    try:
        described = con.execute(f"DESCRIBE SELECT * FROM read_parquet({literal_path(path)})").fetchall()
    except duckdb.Error:
        raise InputError(f"{name} is not a readable Parquet file; copy or export it again") from None
    return {column: kind for column, kind, *_ in described}


def _refuse_missing_columns(table: Table, file: LandingFile, mapping: TableMapping, form: Form) -> None:
    absent = [
        mapping.source_column(c.name)
        for c in table.for_form(form)
        if c.name not in mapping.constants
        and (not c.optional or c.name in mapping.columns)
        and file.column(mapping.source_column(c.name)) is None
    ]
    if absent:
        raise InputError(
            f"{file.name} lacks {len(absent)} column{'s' * (len(absent) > 1)} that the table needs: "
            f"{', '.join(absent)}; it has {len(file.types)}. If they have other names, give these in the mapping file"
        )


def _convert_csv(
    con: duckdb.DuckDBPyConnection, path: Path, mapping: TableMapping, file: LandingFile
) -> tuple[Path, int]:
    """A CSV as a Parquet file of text, in the session's temporary folder, and its unreadable lines."""
    [(spill,)] = con.execute("SELECT current_setting('temp_directory')").fetchall()
    Path(spill).mkdir(parents=True, exist_ok=True)
    copy = Path(tempfile.mkdtemp(prefix="csv-", dir=spill)) / f"{path.stem}.parquet"
    if has_unclosed_quote(path, mapping.encoding, mapping.delimiter):
        raise InputError(f"{file.name} has a quotation mark that is never closed; export it again")
    source, encoding = (
        (_in_utf8(path, copy.parent, file.name), "utf-8") if mapping.codec == "cp1252" else (path, mapping.encoding)
    )
    columns = ", ".join(f"{quote(c)}: 'VARCHAR'" for c in file.types)
    # One thread reads: a quoted line break is then never taken for the end of a row.
    read = (
        f"read_csv({literal_path(source)}, columns = {{{columns}}}, header = true, auto_detect = false, "
        f"parallel = false, delim = {quote(mapping.delimiter)}, quote = '\"', escape = '\"', "
        f"encoding = {quote(encoding)}, "
        f"max_line_size = {LONGEST_LINE}, buffer_size = {4 * LONGEST_LINE}, store_rejects = true)"
    )
    with guarded(f"Reading {file.name}", f"Save it as CSV in UTF-8 with `{mapping.delimiter}` between fields."):
        con.execute(f"COPY (SELECT * FROM {read}) TO {quote(copy)} (FORMAT parquet)")
        return copy, _unreadable_lines(con, file.name)


def _unreadable_lines(con: duckdb.DuckDBPyConnection, name: str) -> int:
    counts = dict(
        con.execute("SELECT error_type::VARCHAR, count(DISTINCT line) FROM reject_errors GROUP BY ALL").fetchall()
    )
    [(lines,)] = con.execute("SELECT count(DISTINCT line) FROM reject_errors").fetchall()
    con.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans")
    if letters := sum(n for kind, n in counts.items() if "UNICODE" in kind or "ENCOD" in kind):
        raise InputError(
            f"{name} is not in UTF-8 ({letters} lines cannot be read); "
            "save it as UTF-8, or set `encoding: cp1252` (Windows) or `utf-16` in the mapping file"
        )
    return lines


def _in_utf8(path: Path, folder: Path, name: str) -> Path:
    """A copy in UTF-8 of a file in cp1252, which DuckDB does not read by itself."""
    copy = folder / "utf8.csv"
    try:
        with path.open(encoding="cp1252", newline="") as given, copy.open("w", encoding="utf-8", newline="") as made:
            shutil.copyfileobj(given, made)
    except UnicodeError:
        raise InputError(
            f"{name} is not in cp1252; save it as UTF-8, or correct `encoding` in the mapping file"
        ) from None
    return copy


def _header(path: Path, mapping: TableMapping, name: str) -> list[str]:
    try:
        with path.open(encoding=mapping.codec, newline="") as handle:
            lines = list(itertools.islice(csv.reader(handle, delimiter=mapping.delimiter), 2))
    except (UnicodeError, csv.Error):
        raise InputError(
            f"{name} is not readable as CSV in {mapping.encoding}; save it as UTF-8, "
            "or set `encoding` in the mapping file"
        ) from None
    header = [cell.strip() for cell in lines[0]] if lines else []
    repeated = {c.casefold() for c in header if [h.casefold() for h in header].count(c.casefold()) > 1}
    if not any(header) or "" in header or repeated:
        raise InputError(f"{name}: the first line must name every column once; {len(header)} names were read")
    return header
