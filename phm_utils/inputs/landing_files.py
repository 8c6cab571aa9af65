"""Which files of the landing folder hold which table, and which are read by none: every file is one or the other."""

import difflib
import re
from pathlib import Path

import pandas as pd

from phm_utils.errors import InputError
from phm_utils.inputs.mapping import Mapping, TableMapping
from phm_utils.params import Workbook
from phm_utils.runs import resolve
from phm_utils.tables import BOUNDARY_FILE, TABLES

ENDINGS = (".parquet", ".csv", ".tsv", ".txt")
# Of files that may hold rows, though not in a form that is read.
OTHER_DATA = (
    *("", ".gz", ".zip", ".7z", ".bz2", ".xz", ".zst", ".tar", ".xlsx", ".xls", ".xlsb", ".xlsm", ".ods", ".json"),
    *(".jsonl", ".xml", ".feather", ".arrow", ".orc", ".avro", ".sas7bdat", ".sav", ".dta", ".rds", ".dat", ".dbf"),
    *(".mdb", ".accdb", ".sqlite", ".db", ".duckdb", ".bak"),
)
MARKERS = ("thumbs.db", "desktop.ini")  # what systems leave in any folder, beside names that begin with `.` or `_`
ALIKE = 0.85  # of two names, from 0 to 1, from which one is taken for a misspelling of the other


def landing_folder(workbook: Workbook) -> Path:
    """Where the extracts are, or an InputError that says how to get them."""
    folder = resolve(workbook.landing)
    if folder.is_dir():
        return folder
    advice = "Run `phm simulate` first." if workbook.synthetic else "Correct `landing` in the parameter file."
    unset = " An environment variable in it is not set." if "$" in str(folder) else ""
    raise InputError(f"No folder {workbook.landing} to read extracts from.{unset} {advice}")


def table_files(folder: Path, table: str, mapping: TableMapping) -> list[Path]:
    """The files of one table, in order of name; empty where the extract lacks the table.

    Searched: the mapping's own name or pattern; else `<table>.parquet`, `<table>.csv` and so on, or a folder
    `<table>` or, as Spark writes it, `<table>.parquet`. Capitals do not matter.
    Raises InputError where the table is found twice, or its folder holds what is not read.
    """
    if mapping.files:
        found = [file for path in _matching(folder, table, mapping.files) for file in _files_of(path, table)]
        if not found:
            raise InputError(f"{table}: no file matches `{mapping.files}`, which the mapping names")
        return found
    places = sorted(path for path in folder.iterdir() if _is_called(path, table))
    found = [file for path in places for file in _files_of(path, table)]
    if len({p.suffix.lower() for p in found}) > 1 or (len(found) > 1 and len(places) > 1):
        raise InputError(f"{table}: found twice, as {found[0].name} and as {found[-1].name}; keep one")
    return found


def _matching(folder: Path, table: str, pattern: str) -> list[Path]:
    try:
        if not Path(pattern).parts or ".." in Path(pattern).parts:
            raise ValueError(pattern)
        return sorted(folder.glob(pattern))
    except (ValueError, NotImplementedError):
        raise InputError(
            f"{table}: `files` in the mapping is no name or pattern below the landing folder, such as sus/apc_*.csv"
        ) from None


def _is_called(path: Path, table: str) -> bool:
    name = path.name.casefold()
    return (name == table and path.is_dir()) or name in {f"{table}{ending}" for ending in ENDINGS}


def _files_of(path: Path, table: str) -> list[Path]:
    """A file; or the files of a folder, which may hold nothing else."""
    if not path.is_dir():
        return [path]
    inside = sorted(p for p in path.iterdir() if not is_marker(p))
    found = [p for p in inside if p.suffix.lower() in ENDINGS and p.is_file()]
    if others := [p.name for p in inside if p not in found]:
        raise InputError(
            f"{table}: {len(others)} of {len(inside)} in the folder {path.name} cannot be read (first: {others[0]}). "
            "Unpack files, save them as CSV or Parquet, put those of subfolders into one folder (or name them by "
            "`files` in the mapping), or take them away"
        )
    return found


def is_marker(path: Path) -> bool:
    """Is it what a system or a program leaves beside files, not an extract?"""
    return path.name.startswith((".", "_")) or path.name.casefold() in MARKERS


def unread_files(workbook: Workbook, found: dict[str, list[Path]]) -> pd.DataFrame:
    """Files below the landing folder that are neither of a table nor the outlines, one row each, in order.

    found: by table, from `present_tables`.
    Columns: `path` below the folder; `table_name`, the table of which it may be by its name, else empty.
    """
    folder = landing_folder(workbook)
    read = {path for paths in found.values() for path in paths} | {folder / BOUNDARY_FILE}
    others = sorted(p for p in folder.rglob("*") if p.is_file() and p not in read)
    below = [path.relative_to(folder) for path in others]
    below = [path for path in below if not any(is_marker(Path(part)) for part in path.parts)]
    named = [(path.as_posix(), _table_alike(path)) for path in below]
    return pd.DataFrame(named, columns=["path", "table_name"]).astype("str")


def _table_alike(path: Path) -> str:
    """The table whose name a data file, or its folder, has in another spelling or with an addition; else empty."""
    if path.suffix.lower() not in (*ENDINGS, *OTHER_DATA):
        return ""
    for part in path.parts:
        name = re.sub(r"[^a-z0-9]+", "_", part.casefold().partition(".")[0]).strip("_")
        begun = [table for table in TABLES if re.match(rf"{table}(_|\d|$)", name)]
        if close := sorted(begun, key=len)[-1:] or difflib.get_close_matches(name, TABLES, n=1, cutoff=ALIKE):
            return close[0]
    return ""


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
