"""One answer: whatever the order of the rows, the number of threads and the engine."""

import os
import shutil
from contextlib import contextmanager
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec

import pandas as pd
import pytest

from phm_utils.engine import THREADS_ENV, DuckWorkspace
from phm_utils.engine.portable import parse, table_names, to_spark
from phm_utils.persons.persons import earlier
from phm_utils.tables import TABLES

MANY, PEOPLE = 260_000, 4_000  # rows enough that DuckDB shares them between threads
DAY = "DATE '2023-01-01' + CAST(i % 97 AS INTEGER) * 8"
WHO = f"'bulk-' || (i * 7919 % {PEOPLE}) AS token_person_id"
DRAWN = "CAST(hash(i) % 300 AS BIGINT)"
# Rows of many people: every column is worked out from the row's number, and many days and values are tied.
BULK = {
    "gp_registration": f"""SELECT 'bulk-' || i AS registration_id, 'bulk-' || i AS token_person_id,
        CAST(1 + i % 2 AS VARCHAR) AS sex, DATE '1930-01-01' + CAST(i % 900 * 31 AS INTEGER) AS birth_month,
        'home-' || (i // 3) AS household_token, 'A9900' || (1 + i % 2) AS practice_code,
        DATE '2015-01-01' AS registered_from, 'E0199900' || (1 + i % 2) AS lsoa, 'A' AS ethnicity
        FROM range({PEOPLE}) AS t (i)""",
    "gp_event": f"""SELECT 'bulk-' || i AS event_id, {WHO}, {DAY} AS event_date, 20 + {DRAWN} / 10.0 AS value_num,
        ['60621009', '44054006', '77176002', '266919005', '35489007', '196381000000100'][1 + i % 6] AS snomed_code
        FROM range({MANY}) AS t (i)""",
    "gp_medication": f"""SELECT 'bulk-' || i AS issue_id, {WHO}, {DAY} + 90 AS issue_date, true AS is_repeat,
        '02' || (10 + {DRAWN} % 12) || '010AAAAAAAA' AS bnf_code FROM range({MANY}) AS t (i)""",
    "gp_appointment": f"""SELECT 'bulk-' || i AS appointment_id, {WHO}, {DAY} AS appt_date, 'Attended' AS status
        FROM range({MANY}) AS t (i)""",
    "apc_episode": f"""SELECT 'bulk-' || i AS epikey, 'bulk-' || (i // 2) AS spell_id, token_person_id, sex,
        birth_month, {DAY} AS epistart, {DAY} AS admidate, 1 + i % 2 AS epiorder, ['21', '11'][1 + i % 2] AS admimeth,
        ['F001', 'S720', 'E102', 'E119'][1 + {DRAWN} % 4] AS diag_01 FROM range(40000) AS t (i)
        INNER JOIN gp_registration ON gp_registration.token_person_id = 'bulk-' || (i // 2 % {PEOPLE})""",
}


def answer(open_world, folder, shuffle: int) -> dict[str, dict]:
    """Names and content hashes of every Parquet file that the stage writes."""
    with open_world(folder) as world:
        world.fill(**world.everything())
        for name, sql in BULK.items():
            world.con.execute(f"INSERT INTO {name} BY NAME {sql}")
        world.index()
        for name in [n for n in TABLES if not TABLES[n].made_by_link] + ["person_index"]:
            order = f"hash(to_json({name}), {shuffle})" if shuffle else "ALL"
            world.con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM {name} ORDER BY {order}")
        assert world.con.execute("SELECT current_setting('threads')").fetchall() == [(int(os.environ[THREADS_ENV]),)]
        world.events = True
        world.run()
        return world.files


def test_order_of_rows_and_threads_change_no_byte(open_world, tmp_path, monkeypatch):
    monkeypatch.setenv(THREADS_ENV, "1")
    first = answer(open_world, tmp_path / "first", shuffle=0)
    assert first["person"]["rows"] > PEOPLE
    assert first["person_month"]["rows"] > 10 * PEOPLE
    for n, (threads, shuffle) in enumerate([(2, 7), (2, 11)]):
        monkeypatch.setenv(THREADS_ENV, str(threads))
        assert answer(open_world, tmp_path / str(n), shuffle) == first, (threads, shuffle)


def test_the_order_of_rows_changes_nothing_about_a_few_people(world):
    world.events = True
    tables = world.everything()
    first = world.made(**tables)
    again = world.made(**{name: rows[::-1] for name, rows in tables.items()})
    for name, frame in first.items():
        pd.testing.assert_frame_equal(frame, again[name], obj=name)


class Recorded(DuckWorkspace):
    """Keeps the SQL of everything made, with the columns of the tables that it reads."""

    def __init__(self, con) -> None:
        super().__init__(con)
        self.made: list[tuple[str, str, dict]] = []

    def make(self, name: str, sql: str, *, view: bool = False) -> None:
        self._note(name, sql)
        super().make(name, sql, view=view)

    def read(self, sql: str) -> pd.DataFrame:
        self._note("a result", sql)
        return super().read(sql)

    def result(self, sql: str) -> str:
        self._note("a result", sql)
        return super().result(sql)

    def _note(self, name: str, sql: str) -> None:
        known = {}
        for table in table_names(parse(sql, name)):
            if self.has(table):
                columns = self.con.execute(f"DESCRIBE {table}").fetchall()
                known[table] = {column: kind for column, kind, *_ in columns}
        self.made.append((name, sql, known))


@pytest.fixture(scope="module")
def recorded(page) -> list[tuple[str, str, dict]]:
    """Every model of these stages: name, SQL and the columns of what it reads."""
    made: list = []

    @contextmanager
    def open_recorded(con, *_):
        with Recorded(con) as work:
            yield work
            made.extend(work.made)

    with pytest.MonkeyPatch.context() as patch:
        for module in ("persons", "reconciled"):
            patch.setattr(import_module(f"phm_utils.persons.{module}"), "open_workspace", open_recorded)
        for stage in ({}, {"stage": earlier}):
            page.made(**stage, **page.everything())
            page.made(**stage, absent=["ecds_attendance", "gp_event", "death"])
    return made


def test_every_model_means_the_same_on_spark(recorded):
    assert len(recorded) > 100
    for name, sql, known in {sql: (name, sql, known) for name, sql, known in recorded if name != "_frame"}.values():
        if "_frame" not in sql:  # a DataFrame given to DuckDB is written to Parquet for Spark
            assert to_spark(sql, name, known)


def test_every_sql_file_is_among_them(recorded):
    text = "\n".join(sql for _, sql, _ in recorded)
    folder = files("phm_utils.persons").joinpath("sql")
    opening = {path.name: path.read_text(encoding="utf-8").split("\n")[0] for path in folder.iterdir()}
    assert all(line.startswith("--") for line in opening.values())
    assert {name for name, line in opening.items() if line not in text} == set()


@pytest.mark.full
@pytest.mark.skipif(not find_spec("pyspark"), reason="pyspark is not installed")
@pytest.mark.skipif(not (os.environ.get("JAVA_HOME") or shutil.which("java")), reason="Spark needs Java")
def test_duckdb_and_spark_answer_alike_in_every_cell(pcn):
    left = pcn.run()
    right = pcn.run(engine_kind="spark")
    assert set(left) == set(right)
    assert len(left["person"]) > 3_000
    for name in ("person", "person_concept", "person_month", "person_follow_up", "register_reconciled"):
        pd.testing.assert_frame_equal(left[name], right[name], check_exact=True, obj=name)
