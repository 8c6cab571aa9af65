"""The check stage: validate every table of the extract, and refuse small areas of two vintages.

Two vintages would join without an error, and areas would be lost.
"""

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import geopandas as gpd
import pandas as pd
import pyogrio

from phm_utils.engine import Model, activity, guarded, read_sql, session
from phm_utils.errors import InputError
from phm_utils.inputs.alarms import Counts, alarms, refuse_alarms
from phm_utils.inputs.date_order import with_date_order
from phm_utils.inputs.extract import Extract
from phm_utils.inputs.governance import permitted, refuse_lists, source_model
from phm_utils.inputs.landing import Mapping, boundary_file, load_mapping, open_file, present_tables
from phm_utils.inputs.nobody import shared_identifiers
from phm_utils.inputs.opt_outs import UNREADABLE, read_opt_outs, withhold
from phm_utils.inputs.tally import Tally
from phm_utils.inputs.validate import validate
from phm_utils.params import Workbook
from phm_utils.rules.restricted_codes import RESTRICTED_FILE, RestrictedCodes, restricted_codes
from phm_utils.runs import StageWriter, Store, project_root, resolve
from phm_utils.tables import CRS, TABLES

# Census 2021 gave new codes from E01033769 on to areas that were split or merged; all others kept their 2011 code.
FIRST_NEW_IN_2021, LAST_NEW_IN_2021 = "E01033769", "E01035999"
MAX_UNKNOWN_SHARE = 0.20  # of registrations in England; residents of neighbouring ICSs are far fewer
MIN_REGISTRATIONS = 1_000  # fewer need not include every code


def refuse_mixed_vintage(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> None:
    """Refuse an `area` table of another vintage than the run's, or of more than one."""
    chosen = workbook.geography
    found = con.execute("SELECT DISTINCT lsoa_vintage, imd_version FROM area ORDER BY ALL").fetchall()
    wrong = [(v, i) for v, i in found if v != chosen.lsoa_vintage or i not in (None, chosen.imd_version)]
    [(new,)] = con.execute(f"SELECT count(*) FROM area WHERE {_new_in_2021()}").fetchall()
    if wrong:
        listed = "; ".join(f"LSOA {v} with {i}" for v, i in found)
        raise InputError(
            f"Table `area` holds {listed}, but the run is set to LSOA {chosen.lsoa_vintage} with {chosen.imd_version}. "
            "Use one vintage: IMD2019 joins 2011 areas, IoD2025 joins 2021 areas."
        )
    if chosen.lsoa_vintage == 2011 and new:
        raise InputError(
            f"Table `area` has lsoa_vintage 2011, but {new} of its codes are new in 2021. Correct the table."
        )


def refuse_unlisted_areas(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> None:
    """Refuse registrations whose small areas are of another vintage than the `area` table's.

    Most codes are the same in both vintages, so the share of unknown codes alone
    does not show it: registrations in 2011 codes hold none of the codes new in 2021.
    """
    counts = read_sql(
        con,
        f"SELECT count(*) AS people, count(*) FILTER (lsoa NOT IN (SELECT lsoa FROM area)) AS unknown, "
        f"count(*) FILTER ({_new_in_2021()}) AS new FROM gp_registration WHERE starts_with(lsoa, 'E01')",
    ).iloc[0]
    people, unknown, new = (int(counts[c]) for c in ("people", "unknown", "new"))
    [(new_areas,)] = con.execute(f"SELECT count(*) FROM area WHERE {_new_in_2021()}").fetchall()
    vintage = workbook.geography.lsoa_vintage
    advice = f"Give both in {vintage} codes, or change `geography` in the parameter file."
    if people and unknown / people > MAX_UNKNOWN_SHARE:
        raise InputError(
            f"{unknown:,} of {people:,} registrations in England live in small areas that table `area` does not list: "
            f"another vintage, or another place. {advice}"
        )
    if vintage == 2011 and new:
        raise InputError(f"{new:,} of {people:,} registrations have a small area new in 2021; the run is set to 2011. "
                         + advice)  # fmt: skip
    if vintage == 2021 and new_areas and not new and people >= MIN_REGISTRATIONS:
        raise InputError(
            f"None of {people:,} registrations lives in any of the {new_areas} areas new in 2021: "
            f"their codes look like 2011. {advice}"
        )


def _new_in_2021() -> str:
    return f"lsoa BETWEEN '{FIRST_NEW_IN_2021}' AND '{LAST_NEW_IN_2021}'"


def boundary_model(workbook: Workbook) -> Model | None:
    """`boundary`: one row per small area, its outline as WKB in EPSG:27700; None where there are no outlines."""
    path = boundary_file(workbook)
    if path is None:
        return None
    try:
        outlines = gpd.read_file(path)
    except (pyogrio.errors.DataSourceError, OSError, ValueError):
        raise InputError(f"{path.name} is not a readable GeoPackage. Copy or export it again.") from None
    if "lsoa" not in outlines or outlines.crs is None:
        raise InputError(f"{path.name} needs a column `lsoa` and a coordinate reference system (best {CRS}).")
    if outlines["lsoa"].isna().any() or outlines["lsoa"].duplicated().any() or outlines.geometry.isna().any():
        raise InputError(f"{path.name} needs one outline for each `lsoa`: some are absent or repeated.")
    frame = pd.DataFrame({"lsoa": outlines["lsoa"].astype("str"), "geometry": outlines.to_crs(CRS).geometry.to_wkb()})
    return Model("boundary", ("lsoa",), frame=frame)


# Tables that others are checked against come first.
ORDER = ("practice", "area", "postcode_area", "gp_registration")
PRACTICE_COLUMNS = ("practice_code", "practice_name", "pcn_code", "pcn_name", "icb_code", "published_list_size")


def check_stage(con: duckdb.DuckDBPyConnection, workbook: Workbook, writer: StageWriter) -> None:
    """The stage: see `check`; rejected rows go to the run's own quarantine, and the last run is compared."""
    store = Store(resolve(workbook.outputs) / workbook.name / "store")
    before = store.read("check_table") if store.files("check_table") else None
    check(con, workbook, writer, resolve(workbook.identified_root) / "quarantine" / workbook.name, before=before)


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
    `check_practice`, `check_alarm`, `governance_source` and `boundary`.
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
    activity.expect(sum(file.rows for extract in extracts.values() for file in extract.files))
    for name in [*ORDER, *(t for t in TABLES if t not in ORDER)]:
        if name not in extracts:
            if not TABLES[name].made_by_link:
                tally.add_absent(name, TABLES[name].source)
            continue
        hidden = withhold(con, TABLES[name].source, permissions, workbook)
        extract = replace(extracts[name], withheld=hidden)
        validate(con, extract, writer, quarantine, tally)
        _check_areas(con, name, workbook, tally)
    _refuse_lists(con, extracts, permissions, workbook, day)
    _write_counts(con, workbook, writer, tally, source_model(permissions), before)


def _open_all(
    con: duckdb.DuckDBPyConnection,
    workbook: Workbook,
    mapping: Mapping,
    extract_date: date,
    restricted: RestrictedCodes,
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


def _check_areas(con: duckdb.DuckDBPyConnection, name: str, workbook: Workbook, tally: Tally) -> None:
    """Compare a table's small areas with the `area` table."""
    if name == "area":
        refuse_mixed_vintage(con, workbook)
    elif any(c.name == "lsoa" for c in TABLES[name].columns) and _has(con, "area"):
        if name == "gp_registration":
            refuse_unlisted_areas(con, workbook)
        [(rows,)] = con.execute(
            f"SELECT count(*) FROM {name} WHERE lsoa IS NOT NULL AND lsoa NOT IN (SELECT lsoa FROM area)"
        ).fetchall()
        tally.count_kept(name, "lsoa", "not in the area table", rows)


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


def _write_counts(
    con: duckdb.DuckDBPyConnection,
    workbook: Workbook,
    writer: StageWriter,
    tally: Tally,
    sources: Model,
    before: pd.DataFrame | None,
) -> None:
    practices = pd.DataFrame(columns=list(PRACTICE_COLUMNS))
    if "practice" in writer.tables:
        practices = _own_practices(read_sql(con, f"SELECT {', '.join(PRACTICE_COLUMNS)} FROM practice"), workbook)
        tally.count_unlisted_practices(read_sql(con, "SELECT practice_code FROM practice")["practice_code"])
    outlines = boundary_model(workbook)
    if outlines is None or outlines.frame is None:
        tally.add_absent("boundary", "reference")
    else:
        tally.add_present("boundary", "reference", len(outlines.frame))
        writer.add(con, outlines)
    tables, fields = tally.table_model(), tally.field_model()
    completeness = tally.completeness_model(practices, workbook)
    counts = Counts(tables.rows(), fields.rows(), completeness.rows(), before)
    accepted = refuse_alarms(alarms(con, counts, workbook), workbook)
    for model in (
        tables,
        fields,
        completeness,
        tally.practice_model(con, practices, workbook),
        accepted,
        sources,
    ):
        writer.add(con, model)


def _own_practices(practices: pd.DataFrame, workbook: Workbook) -> pd.DataFrame:
    """The practices of the run's own ICS, where the table gives their ICB."""
    own = practices["icb_code"] == workbook.ics_code
    return practices[own].reset_index(drop=True) if own.any() else practices


def input_files(workbook: Workbook) -> list[Path]:
    """Every file that the stage reads; a run is resumed only if none has changed."""
    found, _ = present_tables(workbook, load_mapping(workbook))
    files = [path for paths in found.values() for path in paths]
    outlines = boundary_file(workbook)
    files += [outlines] if outlines else []
    files += [resolve(workbook.mapping)] if workbook.mapping else []
    return [*files, resolve(workbook.governance), project_root() / RESTRICTED_FILE]


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
        extract = with_date_order(con, Extract(TABLES["practice"], files, entry, workbook.form, date.max, False))
        extract.list_valid_values(con)
        rows = pd.concat([read_sql(con, extract.rows_sql(file)) for file in files])
    own = _own_practices(rows[rows["reason"].isna()], workbook).sort_values(["pcn_code", "practice_code"])
    pcns = own.groupby("pcn_code")["pcn_name"].first()
    return names | {code: name if isinstance(name, str) else code for code, name in pcns.items()}


# What follows from a faulty field, where it is more than the field's own absence.
CONSEQUENCE = {
    ("gp_registration", "registered_to"): "ended on an unknown day, not counted as current",
    ("asc_event", "event_end"): "service ended on an unknown day, not counted",
    ("gp_registration", "type_1_opt_out"): "taken as an opt-out",
    ("gp_registration", "national_data_opt_out"): "taken as an opt-out",
}


def report(store: Store) -> str:
    """The counts as text: one line per table, then the most frequent faults, then alarms that were accepted."""
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
        lines += ["", f"{'rows':>10}  outcome"]
    for row in faults.itertuples():
        what = CONSEQUENCE.get((row.table_name, row.column_name), "")
        lines.append(
            f"{row.rows:>10,}  {row.disposition}: {row.table_name}.{row.column_name}, {row.rule}{what and f' ({what})'}"
        )
    accepted = store.read("check_alarm")
    lines += [f"accepted: {name}: {text}" for name, text in zip(accepted["name"], accepted["text"], strict=True)]
    return "\n".join(lines)
