"""A list that its recipient filled in and sent back: CSV or Excel, read as text and nothing else of it."""

import csv
import re
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd

from phm_utils.errors import InputError

COLUMNS = ("reference", "status", "date")
HEADING_ROWS = 30  # above the names of the columns: what the list says of itself
MOST_BYTES, MOST_PLAIN_BYTES, MOST_ROWS = 50_000_000, 500_000_000, 200_000
ADVICE = "Send back the list as CSV or .xlsx with the columns reference, status and date."
# A reference, with a digit at least, alone between two ends of fields.
OTHER_ROW = re.compile(r"(?:^|[,;\t\r\n])[\"\s]*(?=[A-Za-z]*\d)[0-9A-Za-z]{12}[\"\s]*(?:[,;\t]|$)")
Row = tuple[int, Sequence[Any]]  # its number in the file, from 1, and its cells


@dataclass(frozen=True)
class Returned:
    """rows: one per row of the file that has something in one of the three columns: `line`, and they as text.

    not_read: names of the other columns, whose text is not kept.
    """

    rows: pd.DataFrame
    not_read: tuple[str, ...]


def read_returned(path: Path) -> Returned:
    """The rows of a returned list. Columns may stand in any order, in any capitals, below a heading.

    Raises InputError where the file cannot be read, or nowhere names the three columns once.
    """
    if path.is_dir() or not path.is_file():
        raise InputError(f"There is no file {path}. {ADVICE}")
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path.name} is larger than {MOST_BYTES // 10**6} MB: it is no list. {ADVICE}")
    with path.open("rb") as file:
        first = file.read(4)
    tables = _sheets(path) if first == b"PK\x03\x04" else [_csv_rows(path)]
    found = [table for table in (_with_columns(rows) for rows in tables) if table is not None]
    if not found:
        raise InputError(f"{path.name} has no row that names the columns reference, status and date. {ADVICE}")
    if len(found) > 1:
        raise InputError(f"{path.name} has {len(found)} sheets with these columns. Leave the one that was filled in.")
    return found[0]


def _with_columns(rows: Iterable[Row]) -> Returned | None:
    """The rows below the one that names the columns; None where none does."""
    rows = list(rows)
    for place, (_, cells) in enumerate(rows[:HEADING_ROWS]):
        names = [_name(cell) for cell in cells]
        if not set(COLUMNS) <= set(names):
            continue
        if twice := [name for name in COLUMNS if names.count(name) > 1]:
            raise InputError(f"Two columns are named {twice[0]}: leave the one that was filled in.")
        where = [names.index(name) for name in COLUMNS]
        others = [str(cell).strip() for cell, name in zip(cells, names, strict=True) if name and name not in COLUMNS]
        return Returned(_text_rows(rows[place + 1 :], where), tuple(others))
    return None


def _name(cell: Any) -> str:
    return re.sub(r"[\s_]+", " ", str(cell if cell is not None else "")).strip().casefold()


def _text_rows(rows: Sequence[Row], where: Sequence[int]) -> pd.DataFrame:
    cells = [(line, *(_text(row[n]) if n < len(row) else "" for n in where)) for line, row in rows]
    frame = pd.DataFrame(cells, columns=["line", *COLUMNS]).astype({"line": "int64"} | dict.fromkeys(COLUMNS, "str"))
    return frame[frame[list(COLUMNS)].ne("").any(axis=1)].reset_index(drop=True)


def _text(cell: Any) -> str:
    """A cell as text: a day of a spreadsheet as 2025-01-31, a whole number without a decimal."""
    if cell is None or cell == "":
        return ""
    if isinstance(cell, datetime | date):
        return cell.strftime("%Y-%m-%d")
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return re.sub(r"\s+", " ", str(cell)).strip()


def _sheets(path: Path) -> list[list[Row]]:
    """The rows of each sheet of an Excel workbook."""
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(path) as parts:
            if sum(part.file_size for part in parts.infolist()) > MOST_PLAIN_BYTES:
                raise InputError(f"{path.name} unpacks to more than {MOST_PLAIN_BYTES // 10**6} MB. {ADVICE}")
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            return [_rows_of(sheet, path.name) for sheet in book.worksheets]
        finally:
            book.close()
    except (InputError, MemoryError):
        raise
    except Exception as fault:  # openpyxl raises errors of many kinds, some of which quote cells
        raise InputError(
            f"{path.name} cannot be read as an Excel workbook ({type(fault).__name__}). {ADVICE}"
        ) from None


def _rows_of(sheet: Any, name: str) -> list[Row]:
    sheet.reset_dimensions()  # what the file says of its size may be wrong
    rows = []
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        if number > MOST_ROWS:
            raise InputError(f"{name} has more than {MOST_ROWS:,} rows: it is no list. {ADVICE}")
        if any(cell not in (None, "") for cell in cells):
            rows.append((number, cells))
    return rows


def _csv_rows(path: Path) -> list[Row]:
    """The rows of a CSV file with commas, semicolons or tabs; each with the number of its first line."""
    text = _decoded(path)
    lines = text.splitlines()
    heading = next(
        (line for line in lines[:HEADING_ROWS] if {*COLUMNS} <= set(re.split(r"[^a-z]+", line.casefold()))), ""
    )
    apart = max(",;\t", key=heading.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=apart, strict=True)
    rows, before = [], 0
    try:
        for cells in reader:
            rows.append((before + 1, cells))
            before = reader.line_num
            if len(rows) > MOST_ROWS:
                raise InputError(f"{path.name} has more than {MOST_ROWS:,} rows: it is no list. {ADVICE}")
    except csv.Error:
        raise InputError(
            f"{path.name}, from line {before + 1}: a quotation mark is not closed, or a field is too long. {ADVICE}"
        ) from None
    _refuse_swallowed(rows, path.name)
    return [row for row in rows if any(row[1])]


def _refuse_swallowed(rows: Sequence[Row], name: str) -> None:
    """Refuse a file in which a stray quotation mark took other rows into one field."""
    for line, cells in rows:
        if any(("\n" in cell or "\r" in cell) and OTHER_ROW.search(cell) for cell in cells):
            raise InputError(f"{name}, line {line}: between two quotation marks stand other rows. {ADVICE}")


def _decoded(path: Path) -> str:
    """The text of a file: UTF-8, UTF-16 with its mark, else as old Excel writes it. The three columns are ASCII."""
    content = path.read_bytes()
    encodings = ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252", "latin-1")
    for encoding in encodings:
        with suppress(UnicodeError):
            text = content.decode(encoding)
            if "\0" in text:
                break
            return text
    raise InputError(f"{path.name} is not text. {ADVICE}")
