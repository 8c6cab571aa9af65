"""The check stage: validate every table of the extract, and refuse small areas of two vintages.

Two vintages would join without an error, and areas would be lost.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import Model, activity
from phm_utils.errors import InputError, StepFailed
from phm_utils.inputs.alarms import Counts, alarms, refuse_alarms
from phm_utils.inputs.date_order import with_date_order
from phm_utils.inputs.extract import Extract
from phm_utils.inputs.governance import OF_LISTS, permitted, refuse_lists, source_model
from phm_utils.inputs.landing import open_file
from phm_utils.inputs.landing_files import boundary_file, landing_folder, present_tables, unread_files
from phm_utils.inputs.listed_addresses import address_account, refuse_addresses_as_people
from phm_utils.inputs.mapping import Mapping, load_mapping
from phm_utils.inputs.nobody import shared_identifiers
from phm_utils.inputs.opt_outs import (
    SENSITIVE,
    TAKEN_AS_SENSITIVE,
    UNREADABLE,
    read_opt_outs,
    unreadable_sensitive,
    withhold,
)
from phm_utils.inputs.people_account import people_account
from phm_utils.inputs.places import boundary_model, check_areas
from phm_utils.inputs.plausible import doubts
from phm_utils.inputs.practice_table import settle_practices
from phm_utils.inputs.silence import silent_months, silent_practices
from phm_utils.inputs.tally import Tally
from phm_utils.inputs.validate import validate
from phm_utils.params import Workbook
from phm_utils.rules.restricted_codes import RESTRICTED_FILE, RestrictedCodes, restricted_codes
from phm_utils.runs import StageWriter, Store, project_root, resolve
from phm_utils.tables import TABLES

NO_REGISTRATIONS = "gp_registration:absent"  # accepted: the check alone, without people to report on

# Tables that others are checked against come first.
ORDER = ("practice", "area", "postcode_area", "gp_registration")


def check_stage(con: duckdb.DuckDBPyConnection, workbook: Workbook, writer: StageWriter) -> None:
    """The stage: see `check`; rejected rows go to the run's own quarantine, and the last run is compared."""
    store = Store(resolve(workbook.outputs) / workbook.name / "store")
    before = store.read("check_table") if store.files("check_table") else None
    with _same_landing(resolve(workbook.landing)):
        check(con, workbook, writer, resolve(workbook.identified_root) / "quarantine" / workbook.name, before=before)


@contextmanager
def _same_landing(folder: Path) -> Iterator[None]:
    """Refuse tables of which some are from before, and some from after, a linkage that replaced the landing."""
    before = folder.stat().st_ino if folder.is_dir() else None
    yield
    if before is not None and (not folder.is_dir() or folder.stat().st_ino != before):
        raise StepFailed(f"{folder} was replaced while it was read, by a linkage or simulation. Run the command again.")


def check(
    con: duckdb.DuckDBPyConnection,
    workbook: Workbook,
    writer: StageWriter,
    quarantine: Path,
    today: date | None = None,
    before: pd.DataFrame | None = None,
) -> None:
    """Validate every table of the landing folder into the store.

    quarantine: folder for the rejected rows, `<table>.parquet`, fields as text.
    today: the day of the check: agreements must still run on it, and no row may be
        dated after it unless the mapping file gives an `extract_date`.
    before: `check_table` of the last run of this parameter file, if there was one.

    Writes the validated tables (columns of `tables.py`, and `nulled_fields`: faults as
    `column:rule`, joined by ;), `check_table`, `check_field`, `check_completeness`,
    `check_practice`, `check_address_list`, `check_alarm`, `unread_file`, `governance_source` and `boundary`.
    Legally restricted codes are withheld and counted: the row of a GP event, the field elsewhere (`restricted_codes`).
    Raises InputError, listing every fault at once, where files, columns,
    permissions or vintages are not usable, and where the extract cannot be right (`alarms`).
    """
    day = today or date.today()
    mapping = load_mapping(workbook)
    permissions = permitted(workbook, day)
    extracts = _open_all(con, workbook, mapping, mapping.extract_date or day, restricted_codes())
    nobody = shared_identifiers(con, extracts)
    extracts = {name: replace(extract, nobody=nobody) for name, extract in extracts.items()}
    tally = Tally()
    for flag, rows in read_opt_outs(con, extracts.get("gp_registration"), permissions, workbook).items():
        tally.count_withheld("gp_registration", flag, UNREADABLE, rows)
    if doubtful := unreadable_sensitive(con, extracts.get("gp_registration")):
        tally.count_kept("gp_registration", SENSITIVE, TAKEN_AS_SENSITIVE, doubtful)
    activity.expect(sum(file.rows for extract in extracts.values() for file in extract.files))
    for name in [*ORDER, *(t for t in TABLES if t not in ORDER)]:
        if name not in extracts:
            if not TABLES[name].made_by_link:
                tally.add_absent(name, TABLES[name].source)
            continue
        hidden = withhold(con, TABLES[name].source, permissions, workbook)
        extract = replace(extracts[name], withheld=hidden)
        validate(con, extract, writer, quarantine, tally)
        check_areas(con, name, workbook, tally)
    _refuse_lists(con, extracts, permissions, workbook, day)
    practices = settle_practices(con, workbook, writer, tally)
    unread = unread_files(workbook, present_tables(workbook, mapping)[0])
    _write_counts(con, workbook, writer, tally, practices, before, unread)
    writer.add(con, source_model(permissions))


def _open_all(
    con: duckdb.DuckDBPyConnection,
    workbook: Workbook,
    mapping: Mapping,
    extract_date: date,
    restricted: RestrictedCodes,
) -> dict[str, Extract]:
    """Every table of the extract, opened; one InputError for all that is wrong with files and columns."""
    found, faults = present_tables(workbook, mapping)
    if "gp_registration" not in found and NO_REGISTRATIONS not in workbook.accept:
        faults.append(
            "gp_registration: absent, and every report counts the people registered; add the extract. "
            f"To check the others alone: `accept: [{NO_REGISTRATIONS}]`"
        )
    extracts = {}
    for name, paths in found.items():
        files = []
        for path in paths:
            try:
                files.append(open_file(con, TABLES[name], path, mapping.of(name), workbook.form))
            except InputError as fault:
                faults.append(str(fault))
        if len(files) == len(paths):
            if not any(f.rows or f.unread for f in files):
                faults.append(f"{name}: no rows; take the file away if the extract has no such table")
            extract = Extract(
                TABLES[name],
                files,
                mapping.of(name),
                workbook.form,
                extract_date,
                False,
                index_date=workbook.index_date,
                restricted=restricted,
            )
            try:
                extracts[name] = with_date_order(con, extract)
            except InputError as fault:
                faults.append(str(fault))
    if faults:
        listed = "\n".join(f"- {fault}" for fault in faults)
        raise InputError(f"{workbook.landing}: {len(faults)} fault{'s' * (len(faults) > 1)}.\n{listed}")
    return extracts


def _refuse_lists(con: duckdb.DuckDBPyConnection, extracts: dict, permissions: list, workbook: Workbook,
                  day: date) -> None:  # fmt: skip
    if "partner_list" in extracts:
        refuse_addresses_as_people(con, workbook.form)
    lists = {
        table: [n for (n,) in con.execute(f"SELECT DISTINCT list_name FROM {table} ORDER BY ALL").fetchall()]
        for table in OF_LISTS
        if table in extracts
    }
    refuse_lists(permissions, lists, workbook, day)


def _write_counts(
    con: duckdb.DuckDBPyConnection,
    workbook: Workbook,
    writer: StageWriter,
    tally: Tally,
    practices: pd.DataFrame,
    before: pd.DataFrame | None,
    unread: pd.DataFrame,
) -> None:
    outlines = boundary_model(workbook)
    if outlines is None or outlines.frame is None:
        tally.add_absent("boundary", "reference")
    else:
        tally.add_present("boundary", "reference", len(outlines.frame))
        writer.add(con, outlines)
    months = tally.month_counts()
    for model in (silent_practices(con, months, workbook), silent_months(months, workbook)):
        writer.add(con, model)
    own = practices[practices["of_ics"]]
    tables, completeness = tally.table_model(), tally.completeness_model(own, workbook)
    account = people_account(con, workbook, tables.rows())
    addresses = address_account(con, set(tables.rows().query("state == 'present'")["table_name"]), workbook)
    found = doubts(con, tables.rows(), completeness.rows(), workbook)
    for doubt in found:
        tally.count_kept(*doubt.entry)
    fields = tally.field_model()
    counts = Counts(tables.rows(), fields.rows(), completeness.rows(), before, found, unread)
    accepted = refuse_alarms(alarms(con, counts, workbook), workbook)
    others = Model("unread_file", ("path",), frame=unread)
    for model in (
        tables,
        fields,
        completeness,
        tally.practice_model(con, own, workbook),
        account,
        addresses,
        accepted,
        others,
    ):
        writer.add(con, model)


def input_files(workbook: Workbook) -> list[Path]:
    """Every file that the stage reads; a run is resumed only if none has changed."""
    found, _ = present_tables(workbook, load_mapping(workbook))
    files = [path for paths in found.values() for path in paths]
    others = unread_files(workbook, found)
    files += [landing_folder(workbook) / path for path in others.loc[others["table_name"] != "", "path"]]
    outlines = boundary_file(workbook)
    files += [outlines] if outlines else []
    files += [resolve(workbook.mapping)] if workbook.mapping else []
    return [*files, resolve(workbook.governance), project_root() / RESTRICTED_FILE]
