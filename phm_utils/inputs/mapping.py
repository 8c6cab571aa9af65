"""The mapping file: an extract's own file names, columns, codes and dates in our terms.

It runs no code: it renames, recodes and gives the format of dates. An unknown
name is refused, with the nearest known name.
"""

import difflib
from datetime import date
from typing import Literal

from pydantic import Field

from phm_utils.errors import InputError
from phm_utils.params import Frozen, Workbook, load_yaml, validated
from phm_utils.runs import resolve
from phm_utils.schema import Table
from phm_utils.tables import TABLES


class TableMapping(Frozen):
    """How one table of ours is found and read in the landing folder."""

    files: str | None = Field(None, description="file name or pattern below the landing folder, such as sus/apc_*.csv")
    delimiter: str = Field(",", pattern=r'^[^"\r\n]$', description="CSV: sign between two fields, one character")
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
