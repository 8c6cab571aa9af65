"""A page-sized world for the persons stage: rows as dicts, everything else filled in."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from checked_tables import checked_columns, nothing_silent, settled

from phm_utils import engine
from phm_utils.inputs.code_lists import code_lists
from phm_utils.inputs.people_account import people_account
from phm_utils.linkage.link import link
from phm_utils.params import Workbook
from phm_utils.persons import persons
from phm_utils.persons.reconciled import register_reconciled
from phm_utils.rules.codelists import load
from phm_utils.rules.concepts import concepts
from phm_utils.runs import StageWriter, project_root
from phm_utils.schema import SQL_TYPE
from phm_utils.synthetic import simulate
from phm_utils.tables import TABLES

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


@cache
def first_code(concept: str) -> str:
    """The first code of a concept's own list."""
    [found] = [c for c in concepts() if c.concept == concept]
    return load(found.codes_from, system=found.system)[0]


@cache
def lists_below(root: Path) -> pd.DataFrame:
    """The code lists of a workbook's folder, read once: a test that changes lists has a folder of its own."""
    with duckdb.connect() as con:
        [model] = code_lists(con, tiny())
    return model.frame


def tiny(**changes: object) -> Workbook:
    """The parameters of a run of these tables."""
    usual = {"name": "tiny", "title": "Tiny", "ics_code": "QZZ", "synthetic": True, "landing": "landing"}
    return Workbook(**(usual | {"index_date": INDEX_DATE} | changes))


def persons_and_registers(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[engine.Model]:
    """Two stages, one after the other: the person tables, and registers beside published ones."""
    yield from persons(con, workbook)
    yield from register_reconciled(con, workbook)


class World:
    """Checked and linked tables in DuckDB, and the stage run on them; `person_event` where `events` asks for it."""

    def __init__(self, con: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self.con, self.folder = con, folder
        self.events = False
        self.files: dict[str, dict] = {}

    @staticmethod
    def areas() -> list[Row]:
        """The small areas, where a test gives no others."""
        return AREAS

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
            "contact_preference": "letter",
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

    @classmethod
    def entry(cls, concept: str, day: date, value: float | None = None, token: str = "person-01") -> Row:
        """A GP coded entry of a concept, by the first code of its list."""
        return cls.coded(first_code(concept), day, value, token)

    @staticmethod
    def issue(bnf: str, day: date, repeat: bool = True, token: str = "person-01") -> Row:
        """A medicine issued; a code of fewer than 15 characters is filled up, so that it names a substance."""
        return {"token_person_id": token, "bnf_code": bnf.ljust(15, "A"), "issue_date": day, "is_repeat": repeat}

    @classmethod
    def episode(cls, token: str = "person-01", *diagnoses: str, **kw: object) -> Row:
        """A hospital episode, by default the only one of an emergency spell begun on 1 June 2024."""
        codes = {f"diag_{n:02d}": code for n, code in enumerate(diagnoses, start=1)}
        usual = {"spell_id": "S1", "epiorder": 1, "admimeth": "21", "epistart": kw.get("admidate", date(2024, 6, 1))}
        return cls.about(token, **(usual | codes | kw))

    @classmethod
    def everything(cls) -> dict[str, list[Row]]:
        """Some of everything, in every input table that the stage reads, about six people."""
        two = {"sex": "1", "birth_month": date(1988, 2, 1)}
        people = [
            cls.registered("person-01"),
            cls.registered("person-02", practice_code="A99002", household_token="household-2", **two),
            cls.registered("person-03", registered_from=date(2024, 12, 1), lsoa="E01999002", ethnicity="H"),
            cls.registered("person-04", registered_to=date(2023, 5, 1)),
            cls.registered("person-05", registration_id="r-5a", registered_to=date(2023, 12, 1)),
            cls.registered("person-05", registration_id="r-5b", registered_from=date(2023, 12, 20)),
            cls.registered("person-06", household_token="household-2"),
        ]
        months = [date(2023 + n // 12, n % 12 + 1, 9) for n in range(24)]
        tokens = ("person-01", "person-02", "person-05")
        who = {"person-01": {}, "person-02": two, "person-05": {}}
        conditions = ("diabetes", "asthma", "depression", "ckd", "smoking_current", "flu_vaccination", "falls", "ndh")
        values = (("bmi", 24.0), ("systolic_bp", 120.0), ("hba1c", 40.0))
        return {
            "gp_registration": people,
            "gp_event": [
                *(cls.entry(c, day, token=t) for c in conditions for day in months[::5] for t in tokens),
                *(cls.entry(c, day, v + n, t) for c, v in values for n, day in enumerate(months) for t in tokens),
                cls.entry("depression_resolved", date(2024, 12, 20)),
                cls.entry("homeless", date(2024, 8, 1), token="person-05"),
                cls.entry("palliative_care", date(2022, 8, 1), token="person-04"),
            ],
            "gp_medication": [
                cls.issue(f"02{n:02d}010AA" if n else "0301011R0", day, token=t)
                for n in range(7)
                for day in [*months[12:], date(2025, 2, 20)]
                for t in tokens[:2]
            ],
            "gp_appointment": [
                {"token_person_id": t, "appt_date": day, "status": "Attended"} for day in months for t in tokens
            ],
            "ecds_attendance": [
                cls.about(t, arrival_date=day, department_type="01", **kw)
                for day in months[::3]
                for t, kw in who.items()
            ],
            "apc_episode": [
                cls.episode(
                    t, "F001", "S720", "I219", "E102", epikey=f"{t}-{day}", spell_id=f"{t}-{day}", admidate=day,
                    disdate=day + timedelta(days=3), admimeth=method, **kw,
                )
                for day, method in zip(months[::4], ("21", "11") * 3, strict=True)
                for t, kw in who.items()
            ],
            "op_attendance": [
                cls.about(t, apptdate=day, attended="5", **kw) for day in months for t, kw in who.items()
            ],
            "csds_contact": [cls.about(attended="6", contact_date=day) for day in months],
            "mhsds_contact": [cls.about("person-02", attended="5", contact_date=day, **two) for day in months],
            "asc_event": [
                cls.about(
                    event_type="Service", client_type="Service User", service_type="Long Term Support: Community",
                    event_start=date(2024, 2, 5), unit_cost_pence=30_001,
                )
            ],
            "partner_list": [
                cls.about(list_name="A", flag="income", list_date=date(2024, 5, 1)),
                cls.about("person-02", list_name="B", flag="mobility", list_date=date(2024, 5, 1), **two),
            ],
            "address_list": [
                {"household_token": home, "list_name": "energy_band", "value": value, "list_date": date(2024, 5, 1)}
                for home, value in (("household-1", "F"), ("household-2", None), ("household-1", "F"), (None, "G"))
            ],
            "death": [cls.about("person-04", date_of_death=date(2023, 4, 2))],
            "practice_register": [
                {"practice_code": "A99001", "register": r, "published_count": n, "as_at": date(2025, 3, 31)}
                for r, n in (("list_size", 3), ("diabetes", 2), ("obesity", 1))
            ],
        }  # fmt: skip

    def made(
        self,
        absent: Iterable[str] = (),
        index_date: date = INDEX_DATE,
        spans: dict[str, tuple[date, date]] | None = None,
        stage: Callable = persons_and_registers,
        engine_kind: str = "duckdb",
        **tables: list[Row],
    ) -> dict[str, pd.DataFrame]:
        """Every table that the stage makes; `person` by person_id.

        tables: rows by input table; one that is not given is present and empty.
        spans: days of a table's first and last record, where not FIRST and LAST.
        """
        self.fill(absent, spans, **tables)
        return self.run(index_date, stage, engine_kind)

    def fill(
        self,
        absent: Iterable[str] = (),
        spans: dict[str, tuple[date, date]] | None = None,
        **tables: list[Row],
    ) -> None:
        """Lay the checked tables out. A woman of 74 is registered where nobody else is."""
        given = {"practice": PRACTICES, "area": AREAS, "gp_registration": [self.registered()], **tables}
        self._fill(set(absent), spans or {}, given)

    def run(
        self, index_date: date = INDEX_DATE, stage: Callable = persons_and_registers, engine_kind: str = "duckdb"
    ) -> dict[str, pd.DataFrame]:
        """Every table that the stage makes of what lies there."""
        workbook = tiny(index_date=index_date, resources={"engine": engine_kind})
        self.con.register("_code_lists", lists_below(project_root()))
        self.con.execute("CREATE OR REPLACE TABLE code_list AS SELECT * FROM _code_lists")
        writer = StageWriter(self.folder)
        self._account(workbook)
        for model in stage(self.con, workbook):
            if self.events or model.name != "person_event":
                writer.add(self.con, model)
        self.files = writer.tables
        made = {name: engine.read_sql(self.con, f"SELECT * FROM {name} ORDER BY ALL") for name in writer.tables}
        for name in {"person", "person_earlier"} & set(made):
            made[name] = made[name].set_index("person_id")
        return made

    def _account(self, workbook: Workbook) -> None:
        """Make `people_account`, of what lies there."""
        if "check_table" in engine.present_tables(self.con):
            checked = engine.read_sql(self.con, "SELECT * FROM check_table")
            self.con.register("_account", people_account(self.con, workbook, checked).frame)
            self.con.execute("CREATE OR REPLACE TABLE people_account AS SELECT * FROM _account")
            self.con.unregister("_account")

    def person(self, **tables: list[Row]) -> pd.DataFrame:
        """The person table."""
        return self.made(**tables)["person"]

    def one(self, **tables: list[Row]) -> pd.Series:
        """The only person."""
        person = self.person(**tables)
        assert len(person) == 1
        return person.iloc[0]

    @staticmethod
    def named(made: dict[str, pd.DataFrame], name: str) -> pd.DataFrame:
        """A table of the stage with person_id instead of person_no, the rows in the order of all columns."""
        people = made["person_follow_up"][["person_no", "person_id"]]
        found = made[name].merge(people, on="person_no", validate="many_to_one").drop(columns="person_no")
        first = found.pop("person_id")
        found.insert(0, "person_id", first)
        return found.sort_values(list(found)[:4], ignore_index=True)

    def _fill(self, absent: set[str], spans: dict[str, tuple[date, date]], tables: dict[str, list[Row]]) -> None:
        checks = []
        for name, table in TABLES.items():
            first, last = spans.get(name, (FIRST, LAST))
            state = "absent" if name in absent else "present"
            checks.append({"table_name": name, "state": state, "first_date": first, "last_date": last})
            if name in absent:
                self.con.execute(f"DROP TABLE IF EXISTS {name}")
            else:
                rows = [{table.key[0]: f"{name}-{n}", **row} for n, row in enumerate(tables.get(name, []))]
                checks[-1]["rows_in"] = checks[-1]["rows_kept"] = len(rows)
                self._table(name, checked_columns(name), settled(name, rows))
        nothing_silent(self.con)
        counts = dict.fromkeys(("rows_in", "rows_kept", "rows_quarantined", "rows_withheld"), "BIGINT")
        checks = [dict.fromkeys(counts, 0) | check for check in checks]
        kinds = {"table_name": "VARCHAR", "state": "VARCHAR", "first_date": "DATE", "last_date": "DATE"}
        self._table("check_table", kinds | counts, checks)
        self.count()
        self.index()

    def count(self, nulled: dict[tuple[str, str], int] | None = None) -> None:
        """What the check counts by field: rows, values used, and `nulled`: values that were faulty."""
        there = {name for (name,) in self.con.execute("SELECT table_name FROM information_schema.tables").fetchall()}
        kinds = {"table_name": "VARCHAR", "column_name": "VARCHAR", "area_code": "VARCHAR"}
        fills = []
        for name in sorted(there & set(TABLES)):
            columns = [c.name for c in TABLES[name].for_form("pseudonymised")]
            counts = ", ".join(f"count({c})" for c in columns)
            [(rows, *filled)] = self.con.execute(f"SELECT count(*), {counts} FROM {name}").fetchall()
            fills += [
                {"table_name": name, "column_name": c, "area_code": "QZZ", "rows": rows, "filled": n}
                for c, n in zip(columns, filled, strict=True)
            ]
        self._table("check_completeness", kinds | {"rows": "BIGINT", "filled": "BIGINT"}, fills)
        faults = [
            {"table_name": t, "column_name": c, "disposition": "nulled", "rows": n}
            for (t, c), n in (nulled or {}).items()
        ]
        kinds = {"table_name": "VARCHAR", "column_name": "VARCHAR", "disposition": "VARCHAR", "rows": "BIGINT"}
        self._table("check_field", kinds, faults)

    def index(self) -> None:
        """Link what lies there: who each row of each source is about."""
        there = {name for (name,) in self.con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        each = [
            f"SELECT DISTINCT '{s}' AS source, token_person_id, sex, birth_month FROM {s}"
            for s in SOURCES
            if s in there
        ]
        each = each or ["SELECT '' AS source, token_person_id, sex, birth_month FROM gp_registration WHERE false"]
        self.con.execute(INDEX_SQL.format(each=" UNION ALL ".join(each)))

    def _table(self, name: str, columns: dict[str, str], rows: list[Row]) -> None:
        self.con.execute(f"CREATE OR REPLACE TABLE {name} ({', '.join(f'{c} {t}' for c, t in columns.items())})")
        if not rows:
            return
        assert {c for row in rows for c in row} <= set(columns), name
        whole = [[row.get(c) for c in columns] for row in rows]
        self.con.register("_rows", pd.DataFrame(whole, columns=list(columns), dtype=object))
        typed = ", ".join(f"CAST({c} AS {t})" for c, t in columns.items())
        self.con.execute(f"INSERT INTO {name} SELECT {typed} FROM _rows")
        self.con.unregister("_rows")


@contextmanager
def opened(folder: Path) -> Iterator[World]:
    """A world in a folder, within the limits that the environment sets."""
    (folder / "store").mkdir(parents=True)
    with engine.session(folder) as con:
        yield World(con, folder / "store")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that the tests of a file share: many people made once."""
    with opened(tmp_path_factory.mktemp("page")) as made:
        yield made


@pytest.fixture
def open_world() -> Callable:
    """Opens a world in a folder: for tests that set limits, or compare two."""
    return opened


@pytest.fixture(scope="module")
def pcn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A simulated PCN of 4,000, its extracts read as they are (dates that are none are null), and linked.

    `truth` is readable beside its tables.
    """
    folder = tmp_path_factory.mktemp("pcn")
    root = simulate(folder / "landing", pcns=1, people_per_pcn=4_000, seed=11, form="pseudonymised", workers=1)
    with opened(folder / "run") as made:
        checks = [name for name in TABLES if _read_as_it_is(made.con, root / "pseudonymised", name)]
        listed = ", ".join(f"('{name}', 'present', DATE '{FIRST}', DATE '{LAST}')" for name in checks)
        made.con.execute(
            "CREATE TABLE check_table AS SELECT *, 0 AS rows_in, 0 AS rows_kept, 0 AS rows_quarantined, "
            "0 AS rows_withheld "
            f"FROM (VALUES {listed}) AS t (table_name, state, first_date, last_date)"
        )
        nothing_silent(made.con)
        made.count()
        made.run(stage=link)
        truth = engine.parquet_source(sorted((root / "truth" / "person").glob("*.parquet")))
        made.con.execute(f"CREATE VIEW truth AS SELECT * FROM {truth}")
        yield made


def _read_as_it_is(con: duckdb.DuckDBPyConnection, folder: Path, name: str) -> bool:
    """Make a table of the extract readable; is there one?"""
    files = sorted((folder / name).glob("*.parquet")) or [p for p in [folder / f"{name}.parquet"] if p.exists()]
    if not files:
        return False
    source = engine.parquet_source(files)
    present = {row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
    typed = [
        f"TRY_CAST({c.name if c.name in present else 'NULL'} AS {SQL_TYPE[c.type]}) AS {c.name}"
        for c in TABLES[name].for_form("pseudonymised")
    ]
    typed += ["NULL::VARCHAR AS nulled_fields"]
    typed += ["'in a network' AS standing", "true AS of_ics"] if name == "practice" else []
    con.execute(f"CREATE VIEW {name} AS SELECT {', '.join(typed)} FROM {source}")
    return True
