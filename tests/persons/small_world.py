"""A page-sized world for the persons stage: rows as dicts, everything else filled in."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils import engine
from phm_utils.params import Workbook
from phm_utils.persons import persons
from phm_utils.runs import StageWriter
from phm_utils.tables import SQL_TYPE, TABLES

Row = dict[str, object]
INDEX_DATE = date(2025, 3, 31)
BORN = date(1950, 6, 1)
SOURCES = tuple(
    name for name, t in TABLES.items() if any(c.name == "sex" for c in t.columns) and name != "gp_registration"
)
OUTPUTS = ("person", "person_concept", "person_follow_up", "person_month", "activity_window", "person_left_out")


def workbook(index_date: date = INDEX_DATE) -> Workbook:
    return Workbook(name="tiny", title="Tiny", ics_code="QZZ", synthetic=True, index_date=index_date, landing="landing")


def registered(token: str, **kw: object) -> Row:
    """A person of 74, registered with A99001 since 2010."""
    return {
        "registration_id": f"r-{token}", "token_person_id": token, "sex": "2", "birth_month": BORN,
        "practice_code": "A99001", "registered_from": date(2010, 1, 1), "lsoa": "E01999001", "ethnicity": "A",
        "household_token": "household-1", **kw,
    }  # fmt: skip


def about(token: str, **kw: object) -> Row:
    """A row of another source that is about the person of `registered(token)`."""
    return {"token_person_id": token, "sex": "2", "birth_month": BORN, **kw}


PRACTICES = [
    {"practice_code": "A99001", "practice_name": "One", "pcn_code": "U99001", "pcn_name": "North"},
    {"practice_code": "A99002", "practice_name": "Two", "pcn_code": "U99002", "pcn_name": "South"},
]
AREAS = [
    {"lsoa": "E01999001", "lsoa_vintage": 2021, "imd_decile": 2, "rural_urban": "Urban"},
    {"lsoa": "E01999002", "lsoa_vintage": 2021, "imd_decile": 9, "rural_urban": "Rural"},
]


def make_world(con: duckdb.DuckDBPyConnection, absent: Iterable[str] = (), **tables: list[Row]) -> None:
    """Put the checked and linked tables into `con`; a table that is not given is present and empty."""
    tables = {"practice": PRACTICES, "area": AREAS, **tables}
    checks = []
    for name, table in TABLES.items():
        if name in absent:
            checks.append({"table_name": name, "state": "absent", "first_date": None, "last_date": None})
            continue
        columns = {c.name: SQL_TYPE[c.type] for c in table.for_form("pseudonymised")}
        rows = [{"_row": n, **row} for n, row in enumerate(tables.get(name, []))]
        _table(con, name, rows, columns, table.key[0])
        checks.append(
            {"table_name": name, "state": "present", "first_date": date(2020, 4, 1), "last_date": date(2025, 4, 30)}
        )
    _table(
        con, "check_table", checks,
        {"table_name": "VARCHAR", "state": "VARCHAR", "first_date": "DATE", "last_date": "DATE"},
    )  # fmt: skip
    _index(con, [name for name in SOURCES if name not in absent])
    _table(
        con, "household", [{"household_token": "household-1", "people": 3, "probable_care_home": False}],
        {"household_token": "VARCHAR", "people": "BIGINT", "probable_care_home": "BOOLEAN"},
    )  # fmt: skip


def _table(con: duckdb.DuckDBPyConnection, name: str, rows: list[Row], columns: dict[str, str], key: str = "") -> None:
    con.execute(f"CREATE OR REPLACE TABLE {name} ({', '.join(f'{c} {t}' for c, t in columns.items())})")
    for row in rows:
        row = {key: f"{name}-{row.get('_row')}", **row} if key else row
        given = {c: v for c, v in row.items() if c != "_row"}
        con.execute(
            f"INSERT INTO {name} ({', '.join(given)}) VALUES ({', '.join('?' * len(given))})", list(given.values())
        )


def _index(con: duckdb.DuckDBPyConnection, sources: list[str]) -> None:
    """As the link stage: the token is the person, unless sex and month of birth both differ."""
    each = " UNION ALL ".join(
        f"SELECT DISTINCT '{s}' AS source, token_person_id, sex, birth_month FROM {s}" for s in sources
    )
    con.execute(f"""CREATE OR REPLACE TABLE person_index AS
        WITH presented AS ({each}),
        gp AS (SELECT token_person_id, max(sex) AS sex, max(birth_month) AS birth_month FROM gp_registration GROUP BY 1)
        SELECT presented.*,
            CASE WHEN NOT coalesce(gp.sex <> presented.sex AND gp.birth_month <> presented.birth_month, false)
                THEN presented.token_person_id END AS person_id
        FROM presented LEFT JOIN gp USING (token_person_id)""")


def run_persons(con: duckdb.DuckDBPyConnection, folder: Path, index_date: date = INDEX_DATE) -> dict[str, pd.DataFrame]:
    """Every table that the stage makes, by name; `person` by person_id."""
    writer = StageWriter(folder)
    for model in persons(con, workbook(index_date)):
        writer.add(con, model)
    made = {name: engine.read_sql(con, f"SELECT * FROM {name} ORDER BY ALL") for name in writer.tables}
    made["person"] = made["person"].set_index("person_id")
    return made
