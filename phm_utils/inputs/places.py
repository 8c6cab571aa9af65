"""Small areas of the extract: one vintage throughout, and their outlines.

Two vintages would join without an error, and areas would be lost.
"""

import duckdb
import geopandas as gpd
import pandas as pd
import pyogrio

from phm_utils.engine import Model, present_tables, read_sql
from phm_utils.errors import InputError
from phm_utils.inputs.landing_files import boundary_file
from phm_utils.inputs.tally import Tally
from phm_utils.params import Workbook
from phm_utils.tables import CRS, TABLES

# Census 2021 gave new codes from E01033769 on to areas that were split or merged; all others kept their 2011 code.
FIRST_NEW_IN_2021, LAST_NEW_IN_2021 = "E01033769", "E01035999"
MAX_UNKNOWN_SHARE = 0.20  # of registrations in England; residents of neighbouring ICSs are far fewer
MAX_STRAY_SHARE = 0.005  # of rows, of another vintage: one bad row of another part of England stops nothing
MIN_REGISTRATIONS = 1_000  # fewer need not include every code


def refuse_mixed_vintage(con: duckdb.DuckDBPyConnection, workbook: Workbook, tally: Tally) -> None:
    """Refuse an `area` table of another vintage than the run's, or of more than one; a stray row is counted."""
    chosen = workbook.geography
    wrong = (
        f"(lsoa_vintage <> {chosen.lsoa_vintage} OR coalesce(imd_version, '{chosen.imd_version}') <> "
        f"'{chosen.imd_version}' OR (lsoa_vintage = 2011 AND {_new_in_2021()}))"
    )
    [(rows, strays)] = con.execute(f"SELECT count(*), count(*) FILTER ({wrong}) FROM area").fetchall()
    if strays > MAX_STRAY_SHARE * rows:
        found = con.execute("SELECT DISTINCT lsoa_vintage, imd_version FROM area ORDER BY ALL").fetchall()
        listed = "; ".join(f"LSOA {vintage} with {version}" for vintage, version in found)
        raise InputError(
            f"Table `area` holds {listed}, but the run is set to LSOA {chosen.lsoa_vintage} with {chosen.imd_version}; "
            f"{strays:,} of {rows:,} rows do not fit, by what they say or because their code is new in 2021. "
            "Use one vintage: IMD2019 joins 2011 areas, IoD2025 joins 2021 areas."
        )
    tally.count_kept("area", "lsoa_vintage", "another vintage or index than the run's", strays)


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
    if vintage == 2011 and new > MAX_STRAY_SHARE * people:
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


def check_areas(con: duckdb.DuckDBPyConnection, name: str, workbook: Workbook, tally: Tally) -> None:
    """Compare a table's small areas with the `area` table."""
    if name == "area":
        refuse_mixed_vintage(con, workbook, tally)
    elif any(c.name == "lsoa" for c in TABLES[name].columns) and "area" in present_tables(con):
        if name == "gp_registration":
            refuse_unlisted_areas(con, workbook)
        [(rows,)] = con.execute(
            f"SELECT count(*) FROM {name} WHERE lsoa IS NOT NULL AND lsoa NOT IN (SELECT lsoa FROM area)"
        ).fetchall()
        tally.count_kept(name, "lsoa", "not in the area table", rows)
