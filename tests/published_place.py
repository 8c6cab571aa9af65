"""A made-up ICB of two PCNs in published form, small enough to check by hand.

PCN U99001 has practices A99001-A99003, U99002 has A99004-A99006. A99007 was
in QOF and has closed since. Small area 1 of 2011 was split into 1 and 5.
"""

from pathlib import Path

import duckdb
import geopandas as gpd
import pandas as pd
from shapely import box

from phm_utils import engine
from phm_utils.batch.route import route_of
from phm_utils.params import Workbook

FILES = {
    key: f"{key}.csv"
    for key in (
        "practices", "registrations", "imd2019", "iod2025", "lookup", "geography",
        "qof_counts", "qof_practices", "qof_fractions",
    )
} | {"boundaries": "boundaries.gpkg"}  # fmt: skip
OLD = [f"E0199000{i}" for i in range(1, 5)]  # LSOAs of 2011
NEW = [*OLD, "E01990005"]  # LSOAs of 2021
PRACTICES = [f"A9900{i}" for i in range(1, 7)]
PCN = ["U99001"] * 3 + ["U99002"] * 3


def frames() -> dict[str, pd.DataFrame]:
    """The files' contents by key, under the short headings."""
    decile = [1, 3, 6, 9]
    imd = pd.DataFrame({"lsoa11_code": OLD, "IMD_decile": decile, "IMD_rank": [100, 9_000, 18_000, 30_000]})
    imd["IMD_score"] = [60.0, 30.0, 15.0, 5.0]
    iod = pd.DataFrame({"lsoa21_code": NEW, "IMD_decile": [2, 3, 6, 9, 4], "IMD_rank": [50, 60, 70, 80, 90]})
    iod["IMD_score"] = 10.0
    mapping = pd.DataFrame(
        {
            "PRACTICE_CODE": [*PRACTICES, "A99007"],
            "PRACTICE_NAME": [*(f"Surgery {i}" for i in range(1, 7)), "Closed Surgery"],
            "PCN_ODS_CODE": [*PCN, "U"],
            "PCN_NAME": [*(f"{p} PCN" for p in PCN), "Unallocated"],
            "CCG_ODS_CODE": "99Z",
        }
    )
    register = [80, 70, 60, 50, 40, 30, 10]
    return {
        "practices": pd.DataFrame(
            {
                "practice_code": PRACTICES,
                "practice_name": [f"SURGERY {i}" for i in range(1, 7)],
                "pcn_code": PCN,
                "pcn_name": [f"{p} PCN" for p in PCN],
                "sub_icb_code": "99Z",
                "end_date": "",
            }
        ),
        "registrations": pd.DataFrame(
            {
                "practice_code": [p for p in PRACTICES[:5] for _ in range(2)] + PRACTICES[5:],
                "lsoa11_code": [
                    OLD[0],
                    "W01000001",
                    OLD[0],
                    OLD[1],
                    OLD[1],
                    "NO2011",
                    OLD[2],
                    "E01000001",
                    OLD[2],
                    OLD[3],
                    OLD[3],
                ],
                "patients": [900, 100, 500, 500, 990, 10, 950, 50, 500, 500, 1_000],
            }
        ),
        "imd2019": imd,
        "iod2025": iod,
        "lookup": pd.DataFrame(
            {"lsoa11_code": [*OLD, OLD[0]], "lsoa21_code": NEW, "change_code": ["S", "U", "U", "U", "S"]}
        ),
        "geography": pd.DataFrame(
            {
                "lsoa21_code": NEW,
                "lsoa21_name": [f"Town 00{i}A" for i in range(1, 6)],
                "ltla24_name": ["West", "West", "East", "East", "West"],
                "sicbl24_code_nhs": "99Z",
                "icb24_code_nhs": "QZZ",
            }
        ),
        "qof_counts": pd.DataFrame(
            {
                "PRACTICE_CODE": [*PRACTICES, "A99007"] * 2,
                "GROUP_CODE": ["DM"] * 7 + ["AF"] * 7,
                "REGISTER": register + [r // 2 for r in register],
                "PATIENT_LIST_TYPE": ["17OV"] * 7 + ["TOTAL"] * 7,
                "PRACTICE_LIST_SIZE": [800] * 7 + [980] * 7,
            }
        ),
        "qof_practices": mapping,
        "qof_fractions": pd.DataFrame(
            {"OrganisationCode": PRACTICES, "DM019-BP": 0.7, "DM-prevalance": [0.11, 0.1, 0.08, 0.06, 0.05, 0.04]}
        ),
    }


def write(folder: Path, **changed: pd.DataFrame) -> Workbook:
    """The place's files in `folder`, some of them changed, and the workbook that reads them."""
    for key, frame in (frames() | changed).items():
        frame.to_csv(folder / FILES[key], index=False)
    squares = gpd.GeoDataFrame(
        {"lsoa21_code": NEW}, geometry=[box(i * 1e3, 0, i * 1e3 + 1e3, 1e3) for i in range(5)], crs="EPSG:27700"
    )
    squares.to_file(folder / FILES["boundaries"])
    return Workbook(
        name="place",
        title="Place ICB",
        ics_code="QZZ",
        data="published",
        synthetic=False,
        index_date="2023-01-31",
        landing=str(folder),
        files=FILES,
        downloads={"qof_counts": "QOF 2020-21; NHS Digital", "registrations": "Patients 2022; NHS Digital"},
    )


def stage(workbook: Workbook) -> dict[str, pd.DataFrame]:
    """The stage's tables, and the released ones, by name."""
    tables: dict[str, pd.DataFrame] = {}
    with engine.session() as con:
        for stage in route_of("published").stages:
            for model in stage.models(con, workbook):
                tables[model.name] = _store(con, model)
    return tables


def _store(con: duckdb.DuckDBPyConnection, model: engine.Model) -> pd.DataFrame:
    if model.frame is not None:
        con.register("_made", model.frame)
    con.execute(f"CREATE TEMP TABLE {model.name} AS {model.sql or 'SELECT * FROM _made'}")
    return con.execute(f"SELECT * FROM {model.name} ORDER BY {', '.join(model.key)}").df()
