"""The part of `phm doctor` about extracts: files that are absent or do not fit."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb

from phm_utils.engine import parquet_source, session
from phm_utils.errors import InputError
from phm_utils.inputs.governance import permitted
from phm_utils.inputs.landing import read_columns
from phm_utils.inputs.landing_files import boundary_file, landing_folder, present_tables, unread_files
from phm_utils.inputs.mapping import Mapping, load_mapping
from phm_utils.inputs.run_size import run_size, size_lines
from phm_utils.params import Workbook
from phm_utils.runs import resolve
from phm_utils.tables import BOUNDARY_FILE, TABLES
from phm_utils.topic import ADVICE, MISSING, OK, Line

NO_ACTIVITY = (
    "partner_list",
    "address_list",
    "programme_enrolment",
)  # hold no activity: their last date is no window's end


def extracts(workbook: Workbook) -> Iterator[Line]:
    """One line per table, file and permission that the parameter file names: present, absent or faulty."""
    try:
        landing_folder(workbook)
        yield OK, f"landing folder {workbook.landing}"
        mapping = load_mapping(workbook)
        yield OK, f"mapping file: {workbook.mapping or 'none, so our own names'}"
        permitted(workbook)
        yield OK, f"{workbook.governance}: every source is permitted for {workbook.purpose}"
    except InputError as fault:
        yield MISSING, str(fault)
        return
    found, faults = present_tables(workbook, mapping)
    yield from ((MISSING, fault) for fault in faults)
    with session() as con:
        for name, table in TABLES.items():
            if name in found:
                yield from _table(con, name, found[name], workbook, mapping)
            elif not table.made_by_link:
                yield ADVICE, f"{name}: absent ({table.title.lower()}); reports leave out what needs it"
        yield from _size(con, found, workbook)
    if boundary_file(workbook) is None:
        yield ADVICE, f"{BOUNDARY_FILE}: absent; reports leave out maps"
    yield from _unread(workbook, found)


def _size(con: duckdb.DuckDBPyConnection, found: dict[str, list[Path]], workbook: Workbook) -> Iterator[Line]:
    """About how much memory, disk and time a run will need; nothing where a file cannot be read."""
    outputs = resolve(workbook.outputs)
    place = next(folder for folder in (outputs, *outputs.parents) if folder.exists())
    try:
        size = run_size(con, found)
    except duckdb.Error:  # said already, of the file
        return
    for fits, text in size_lines(size, workbook.resources, shutil.disk_usage(place).free):
        yield (OK if fits else ADVICE), text


def _table(
    con: duckdb.DuckDBPyConnection, name: str, paths: list[Path], workbook: Workbook, mapping: Mapping
) -> Iterator[Line]:
    faults = []
    for path in paths:
        try:
            read_columns(con, TABLES[name], path, mapping.of(name), workbook.form)
        except InputError as fault:
            faults.append(str(fault))
    yield from ((MISSING, fault) for fault in faults)
    if not faults:
        yield OK, f"{name}: {len(paths)} file{'s' * (len(paths) > 1)}, no column missing"
        yield from _last_day(con, name, paths, workbook, mapping)


def _last_day(
    con: duckdb.DuckDBPyConnection, name: str, paths: list[Path], workbook: Workbook, mapping: Mapping
) -> Iterator[Line]:
    """Advice where a table's rows end before the index date; a CSV is not read for it."""
    day = TABLES[name].date
    if day is None or name in NO_ACTIVITY or any(p.suffix.lower() != ".parquet" for p in paths):
        return
    column = mapping.of(name).source_column(day).replace('"', '""')
    [(last,)] = con.execute(f'SELECT max(TRY_CAST("{column}" AS DATE)) FROM {parquet_source(paths)}').fetchall()
    if last and last < workbook.index_date:
        yield ADVICE, f"{name}: ends on {last:%d %B %Y}, before the index date; windows end with it"


def _unread(workbook: Workbook, found: dict[str, list[Path]]) -> Iterator[Line]:
    for row in unread_files(workbook, found).itertuples():
        alike = f"; is it of {row.table_name}?" if row.table_name else "; no table has this name"
        yield ADVICE, f"{row.path}: not read{alike}"
