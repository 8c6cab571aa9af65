"""A page-sized world for the persons stage: rows as dicts, everything else filled in."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from phm_utils import engine
from phm_utils.params import Workbook
from phm_utils.persons import persons
from phm_utils.runs import StageWriter
from phm_utils.tables import SQL_TYPE, TABLES

Row = dict[str, object]
INDEX_DATE = date(2025, 3, 31)
BORN = date(1950, 6, 1)
FIRST, LAST = date(2020, 4, 1), date(2025, 4, 30)
SOURCES = tuple(n for n, t in TABLES.items() if n != "gp_registration" and any(c.name == "sex" for c in t.columns))
PRACTICES = [
    {"practice_code": "A99001", "practice_name": "One", "pcn_code": "U99001", "pcn_name": "North"},
    {"practice_code": "A99002", "practice_name": "Two", "pcn_code": "U99002", "pcn_name": "South"},
]
AREAS = [
    {"lsoa": "E01999001", "lsoa_vintage": 2021, "imd_decile": 2, "rural_urban": "Urban"},
    {"lsoa": "E01999002", "lsoa_vintage": 2021, "imd_decile": 9, "rural_urban": "Rural"},
]
# As the link stage: the token is the person, unless sex and month of birth both contradict the GP's.
INDEX_SQL = """CREATE OR REPLACE TABLE person_index AS
WITH presented AS ({each}),
gp AS (SELECT token_person_id, max(sex) AS sex, max(birth_month) AS birth_month FROM gp_registration GROUP BY 1)
SELECT presented.*, CASE
    WHEN NOT coalesce(gp.sex <> presented.sex AND gp.birth_month <> presented.birth_month, false)
        THEN presented.token_person_id
    END AS person_id
FROM presented LEFT JOIN gp USING (token_person_id)"""


class World:
    """Checked and linked tables in DuckDB, and the stage run on them."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.con, self.folder = con, folder

    @staticmethod
    def registered(token: str = "person-01", **kw: object) -> Row:
        """A woman of 74, registered with A99001 since 2010."""
        return {
            "registration_id": f"r-{token}",
            "token_person_id": token,
            "sex": "2",
            "birth_month": BORN,
            "practice_code": "A99001",
            "registered_from": date(2010, 1, 1),
            "lsoa": "E01999001",
            "ethnicity": "A",
            "household_token": "household-1",
            **kw,
        }

    @staticmethod
    def about(token: str = "person-01", **kw: object) -> Row:
        """A row of another source about that person."""
        return {"token_person_id": token, "sex": "2", "birth_month": BORN, **kw}

    @staticmethod
    def coded(code: str, day: date, value: float | None = None, token: str = "person-01") -> Row:
        """A GP coded entry."""
        return {"token_person_id": token, "snomed_code": code, "event_date": day, "value_num": value}

    def made(
        self,
        absent: Iterable[str] = (),
        index_date: date = INDEX_DATE,
        spans: dict[str, tuple[date, date]] | None = None,
        **tables: list[Row],
    ) -> dict[str, pd.DataFrame]:
        """Every table that the stage makes; `person` by person_id.

        tables: rows by input table; one that is not given is present and empty.
        spans: days of a table's first and last record, where not FIRST and LAST.
        """
        self._fill(set(absent), spans or {}, {"practice": PRACTICES, "area": AREAS, **tables})
        workbook = Workbook(
            name="tiny", title="Tiny", ics_code="QZZ", synthetic=True, index_date=index_date, landing="landing"
        )
        writer = StageWriter(self.folder)
        for model in persons(self.con, workbook):
            writer.add(self.con, model)
        made = {name: engine.read_sql(self.con, f"SELECT * FROM {name} ORDER BY ALL") for name in writer.tables}
        made["person"] = made["person"].set_index("person_id")
        return made

    def _fill(self, absent: set[str], spans: dict[str, tuple[date, date]], tables: dict[str, list[Row]]) -> None:
        checks = []
        for name, table in TABLES.items():
            first, last = spans.get(name, (FIRST, LAST))
            state = "absent" if name in absent else "present"
            checks.append({"table_name": name, "state": state, "first_date": first, "last_date": last})
            columns = {c.name: SQL_TYPE[c.type] for c in table.for_form("pseudonymised")}
            if name in absent:
                self.con.execute(f"DROP TABLE IF EXISTS {name}")
            else:
                rows = [{table.key[0]: f"{name}-{n}", **row} for n, row in enumerate(tables.get(name, []))]
                self._table(name, columns, rows)
        kinds = {"table_name": "VARCHAR", "state": "VARCHAR", "first_date": "DATE", "last_date": "DATE"}
        self._table("check_table", kinds, checks)
        each = (f"SELECT DISTINCT '{s}' AS source, token_person_id, sex, birth_month FROM {s}" for s in SOURCES)
        each = [sql for sql, source in zip(each, SOURCES, strict=True) if source not in absent]
        self.con.execute(INDEX_SQL.format(each=" UNION ALL ".join(each)))
        self._table(
            "household",
            {"household_token": "VARCHAR", "people": "BIGINT", "probable_care_home": "BOOLEAN"},
            [{"household_token": "household-1", "people": 3, "probable_care_home": False}],
        )

    def _table(self, name: str, columns: dict[str, str], rows: list[Row]) -> None:
        self.con.execute(f"CREATE OR REPLACE TABLE {name} ({', '.join(f'{c} {t}' for c, t in columns.items())})")
        for row in rows:
            marks = ", ".join("?" * len(row))
            self.con.execute(f"INSERT INTO {name} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


@pytest.fixture
def world(tmp_path: Path):
    (tmp_path / "store").mkdir()
    with engine.session(tmp_path) as con:
        yield World(con, tmp_path / "store")
