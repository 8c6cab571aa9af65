"""Stage `check`: extracts in, validated tables and the account of every row out."""

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import Model, guarded, read_sql, session
from phm_utils.errors import InputError
from phm_utils.inputs.geography import boundary_model, refuse_mixed_vintage, refuse_strangers
from phm_utils.inputs.governance import permitted, refuse_lists, source_model
from phm_utils.inputs.landing import boundary_file, gathered, open_file, present_tables
from phm_utils.inputs.mapping import Mapping, load_mapping
from phm_utils.inputs.optouts import list_opt_outs, withhold
from phm_utils.inputs.tally import Tally
from phm_utils.inputs.validate import Extract, validate
from phm_utils.params import Workbook
from phm_utils.runs import StageWriter, Store, resolve
from phm_utils.tables import TABLES

# What other tables are checked against comes first.
ORDER = ("practice", "area", "postcode_area", "gp_registration")
PRACTICE_COLUMNS = ("practice_code", "practice_name", "pcn_code", "pcn_name", "icb_code", "published_list_size")


def check(
    con: duckdb.DuckDBPyConnection,
    workbook: Workbook,
    writer: StageWriter,
    quarantine: Path,
    today: date | None = None,
) -> None:
    """Validate every table of the landing folder into the store.

    quarantine: folder for the rows turned away, `<table>.parquet`, fields as text.
    today: the day of the check: agreements must still run on it, and no row may be
        dated after it unless the mapping file gives an `extract_date`.

    Writes the validated tables (columns of `tables.py`, and `nulled_fields`: faults as
    `column:rule`, joined by ;), `check_table`, `check_field`, `check_completeness`,
    `check_practice`, `governance_source` and `boundary`.
    Raises InputError, listing every fault at once, where files, columns,
    permissions or vintages are not usable.
    """
    day = today or date.today()
    mapping = load_mapping(workbook)
    permissions = permitted(workbook, day)
    extracts = _open_all(con, workbook, mapping, mapping.extract_date or day)
    list_opt_outs(con, extracts.get("gp_registration"))
    tally = Tally()
    for name in [*ORDER, *(t for t in TABLES if t not in ORDER)]:
        if name not in extracts:
            if not TABLES[name].made_here:
                tally.absent(name, TABLES[name].source)
            continue
        hidden = withhold(con, TABLES[name].source, dict(permissions), workbook.purpose)
        extract = _with_withheld(extracts[name], hidden)
        validate(con, extract, writer, quarantine, tally)
        _compare(con, name, workbook, tally)
    _refuse_lists(con, extracts, permissions, workbook, day)
    _write_account(con, workbook, writer, tally, source_model(permissions))


def _open_all(
    con: duckdb.DuckDBPyConnection, workbook: Workbook, mapping: Mapping, extract_date: date
) -> dict[str, Extract]:
    """Every table of the extract, opened; one InputError for all that is wrong with files and columns."""
    found, faults = present_tables(workbook, mapping)
    extracts = {}
    for name, paths in found.items():
        files = []
        for path in paths:
            try:
                files.append(open_file(con, TABLES[name], path, mapping.of(name), workbook.form))
            except InputError as fault:
                faults.append(str(fault))
        if len(files) == len(paths):
            if not sum(f.rows + f.unreadable for f in files):
                faults.append(f"{name}: no rows; take the file away if the extract has no such table")
            extracts[name] = Extract(
                TABLES[name], gathered(files), mapping.of(name), workbook.form, extract_date, False
            )
    if faults:
        listed = "\n".join(f"- {fault}" for fault in faults)
        raise InputError(f"{workbook.landing}: {len(faults)} fault{'s' * (len(faults) > 1)}.\n{listed}")
    return extracts


def _with_withheld(extract: Extract, withheld: bool) -> Extract:
    return Extract(extract.table, extract.files, extract.mapping, extract.form, extract.extract_date, withheld)


def _compare(con: duckdb.DuckDBPyConnection, name: str, workbook: Workbook, tally: Tally) -> None:
    """What one table must agree on with the tables before it."""
    if name == "area":
        refuse_mixed_vintage(con, workbook)
    elif any(c.name == "lsoa" for c in TABLES[name].columns) and _has(con, "area"):
        if name == "gp_registration":
            refuse_strangers(con, workbook)
        [(rows,)] = con.execute(
            f"SELECT count(*) FROM {name} WHERE lsoa IS NOT NULL AND lsoa NOT IN (SELECT lsoa FROM area)"
        ).fetchall()
        tally.kept(name, "lsoa", "not in the area table", rows)


def _has(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    [(views,)] = con.execute(
        "SELECT count(*) FROM duckdb_views() WHERE view_name = ? AND NOT internal", [table]
    ).fetchall()
    return views > 0


def _refuse_lists(con: duckdb.DuckDBPyConnection, extracts: dict, permissions: list, workbook: Workbook,
                  day: date) -> None:  # fmt: skip
    if "partner_list" in extracts:
        lists = con.execute("SELECT DISTINCT list_name FROM partner_list ORDER BY ALL").fetchall()
        refuse_lists(permissions, [name for (name,) in lists], workbook, day)


def _write_account(
    con: duckdb.DuckDBPyConnection, workbook: Workbook, writer: StageWriter, tally: Tally, sources: Model
) -> None:
    practices = pd.DataFrame(columns=list(PRACTICE_COLUMNS))
    if "practice" in writer.tables:
        practices = _own_practices(read_sql(con, f"SELECT {', '.join(PRACTICE_COLUMNS)} FROM practice"), workbook)
        tally.strangers(read_sql(con, "SELECT practice_code FROM practice")["practice_code"])
    outlines = boundary_model(workbook)
    if outlines is None:
        tally.absent("boundary", "reference")
    else:
        tally.present("boundary", "reference", len(outlines.frame))
        writer.add(con, outlines)
    for model in (
        tally.table_model(),
        tally.field_model(),
        tally.completeness_model(practices, workbook),
        tally.practice_model(con, practices, workbook),
        sources,
    ):
        writer.add(con, model)


def _own_practices(practices: pd.DataFrame, workbook: Workbook) -> pd.DataFrame:
    """The practices of the run's own ICS, where the table says which board each belongs to."""
    own = practices["icb_code"] == workbook.ics_code
    return practices[own].reset_index(drop=True) if own.any() else practices


def input_files(workbook: Workbook) -> list[Path]:
    """Every file that the stage will read; a run is resumed only while none has changed."""
    found, _ = present_tables(workbook, load_mapping(workbook))
    files = [path for paths in found.values() for path in paths]
    outlines = boundary_file(workbook)
    files += [outlines] if outlines else []
    files += [resolve(workbook.mapping)] if workbook.mapping else []
    return [*files, resolve(workbook.governance)]


def areas(workbook: Workbook) -> dict[str, str]:
    """Names of the ICS and its PCNs by code, from the practice table alone; the ICS alone where there is none."""
    mapping = load_mapping(workbook)
    found, _ = present_tables(workbook, mapping)
    names = {workbook.ics_code: workbook.title}
    if "practice" not in found:
        return names
    with session() as con, guarded("Reading the practice table"):
        entry = mapping.of("practice")
        files = [open_file(con, TABLES["practice"], path, entry, workbook.form) for path in found["practice"]]
        extract = Extract(TABLES["practice"], files, entry, workbook.form, date.max, False)
        rows = pd.concat([read_sql(con, extract.rows_sql(file)) for file in files])
    own = _own_practices(rows[rows["reason"].isna()], workbook).sort_values(["pcn_code", "practice_code"])
    pcns = own.groupby("pcn_code")["pcn_name"].first()
    return names | {code: name if isinstance(name, str) else code for code, name in pcns.items()}


def report(store: Store) -> str:
    """What became of every row, as text: one line per table, then the faults met most."""
    tables, fields = store.read("check_table"), store.read("check_field")
    present = tables[tables["state"] == "present"]
    lines = [f"{'table':<20}{'rows in':>14} = {'kept':>12} + {'quarantined':>12}{'with a field nulled':>22}"]
    for row in present.itertuples():
        lines.append(
            f"{row.table_name:<20}{row.rows_in:>14,} = {row.rows_kept:>12,} + {row.rows_quarantined:>12,}"
            f"{row.rows_nulled:>22,}"
        )
    if absent := list(tables.loc[tables["state"] == "absent", "table_name"]):
        lines.append(f"absent: {', '.join(absent)}")
    faults = fields[fields["disposition"] != "documented null"].sort_values(
        ["rows", "table_name", "column_name", "rule"], ascending=[False, True, True, True]
    )
    if len(faults):
        lines += ["", f"{'rows':>10}  what became of them"]
    for row in faults.itertuples():
        lines.append(f"{row.rows:>10,}  {row.disposition}: {row.table_name}.{row.column_name}, {row.rule}")
    return "\n".join(lines)
