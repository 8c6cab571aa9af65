"""The mapping file: an analyst's own file names, column names, codes and date forms, in our terms.

Nothing in a mapping file is run: it renames, recodes and says how dates are
written. A name that we do not know is refused, with the nearest one we do.
"""

import difflib
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field

from phm_utils.errors import InputError
from phm_utils.params import Frozen, Workbook, load_yaml, validated
from phm_utils.runs import resolve
from phm_utils.tables import TABLES, Table


class TableMapping(Frozen):
    """How one table of ours is found and read in the landing folder."""

    files: str | None = Field(None, description="file name or pattern below the landing folder, such as sus/apc_*.csv")
    delimiter: str = Field(",", min_length=1, max_length=1, description="CSV: what stands between two fields")
    encoding: Literal["utf-8", "latin-1", "utf-16"] = Field("utf-8", description="CSV: how letters are stored")
    columns: dict[str, str] = Field(default_factory=dict, description="our column: the extract's own column")
    constants: dict[str, str] = Field(default_factory=dict, description="our column: one value for every row")
    values: dict[str, dict[str, str]] = Field(default_factory=dict, description="our column: {their code: our code}")
    nulls: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="our column: documented nulls")
    date_formats: tuple[str, ...] = Field((), description="strptime forms of every date; default year-month-day")
    formats: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="our column: its own date forms")

    def source_column(self, column: str) -> str:
        """The extract's name for a column of ours."""
        return self.columns.get(column, column)

    def date_forms(self, column: str) -> tuple[str, ...]:
        """The strptime forms in which an extract writes a column; empty for year-month-day."""
        return self.formats.get(column, self.date_formats)


class Mapping(Frozen):
    """A mapping file."""

    extract_date: date | None = Field(None, description="last day that the extracts can know; default: today")
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
    if faults := _unknown_names(mapping):
        raise InputError(f"{path.name}: {len(faults)} unknown name{'s' * (len(faults) > 1)}.\n" + "\n".join(faults))
    return mapping


def _unknown_names(mapping: Mapping) -> list[str]:
    faults = []
    for name, entry in mapping.tables.items():
        if name not in TABLES:
            faults.append(f"- no table `{name}`{_nearest(name, list(TABLES))}")
            continue
        faults += _unknown_columns(TABLES[name], entry)
    return faults


def _unknown_columns(table: Table, entry: TableMapping) -> list[str]:
    known = [c.name for c in table.columns]
    given = {c for group in (entry.columns, entry.constants, entry.values, entry.nulls, entry.formats) for c in group}
    faults = [f"- {table.name}: no column `{c}`{_nearest(c, known)}" for c in sorted(given - set(known))]
    both = sorted(set(entry.columns) & set(entry.constants))
    return faults + [f"- {table.name}: `{c}` has both a column and a constant; keep one" for c in both]


def _nearest(name: str, known: list[str]) -> str:
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
