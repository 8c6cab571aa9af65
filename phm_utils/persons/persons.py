"""The persons stage: everybody registered, what is recorded about them, and what they used."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import duckdb
import pandas as pd

from phm_utils.engine import Model, Workspace, open_workspace
from phm_utils.engine.model_files import model_sql, raw
from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.persons.person_plan import Plan, left_out
from phm_utils.persons.preparing import make_calendar, make_people, make_recorded, make_use, person_sql, stand_in
from phm_utils.persons.reconciled import reconciled
from phm_utils.persons.windows import (
    Source,
    blank_columns,
    check_index_date,
    empty_table,
    months_before,
    present,
    reaching,
    window_table,
)
from phm_utils.runs import Store, resolve

EARLIER_MONTHS = 24
PERSON_KEY = ("person_no",)
PUBLISHED = "SELECT practice_code, register, published_count, CAST(as_at AS VARCHAR) AS as_at FROM practice_register"


def persons(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """Make `person`, `person_concept`, `person_follow_up`, `person_month`, and what they rest on.

    Also `activity_window`: the days counted, by source; `person_left_out`:
    the columns that are null because a table is absent or too short; and
    `register_reconciled`, where figures were published.
    Raises InputError for an index date that the extracts cannot be counted at.
    """
    sources = present(con)
    check_index_date(con, workbook.index_date, sources)
    plan = _plan(con, sources, workbook.index_date)
    yield Model("activity_window", ("source",), frame=window_table(plan.spans))
    yield Model("person_left_out", ("table_name", "column_name"), frame=left_out(plan.missing, plan.columns, sources))
    with _workspace(con, workbook, sources) as work:
        make_people(work, plan)
        yield from _people(work, plan, "person")
        yield _model(work, plan, "person_concept", ("person_no", "concept"))
        yield _model(work, plan, "person_follow_up", ("practice_code", "start_date", "end_date", "person_no"))
        work.drop("concept")
        make_calendar(work, plan)
        yield _model(work, plan, "person_month", ("person_no", "month"))
    yield Model("register_reconciled", ("practice_code", "register"), frame=_reconciled(con, sources, plan))


def earlier(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """Make `person_earlier`, as `person` was 24 months before the index date, and `earlier_left_out`.

    Where the extracts cannot be counted then, there is no `person_earlier`,
    and one row of `earlier_left_out` says why.
    """
    sources = present(con)
    day = months_before(workbook.index_date, EARLIER_MONTHS) - timedelta(days=1)
    plan = _plan(con, sources, day)
    try:
        check_index_date(con, day, sources)
        _check_reach(sources, day)
    except InputError as error:
        row = pd.DataFrame([("earlier", "", str(error))], columns=["table_name", "column_name", "what"]).astype("str")
        yield Model("earlier_left_out", ("table_name", "column_name"), frame=row)
        return
    lacking = left_out(plan.missing, plan.columns, sources)
    yield Model("earlier_left_out", ("table_name", "column_name"), frame=lacking)
    with _workspace(con, workbook, sources) as work:
        make_people(work, plan)
        yield from _people(work, plan, "person_earlier")


def _plan(con: duckdb.DuckDBPyConnection, sources: dict[str, Source], day: date) -> Plan:
    return Plan.at(day, reaching(con, sources, day), blank_columns(con, sources, day))


def _check_reach(sources: dict[str, Source], day: date) -> None:
    """Refuse a day before the GP extract begins."""
    first = [s.first_date for name, s in sources.items() if name in ("gp_event", "gp_appointment") and s.first_date]
    if first and min(first) > months_before(day, 12):
        raise InputError(f"The GP extract begins on {min(first)}, less than a year before {day}.")


def _people(work: Workspace, plan: Plan, name: str) -> Iterator[Model]:
    """The person table, under the name given. What it alone needs is dropped once it is written."""
    make_recorded(work, plan)
    make_use(work, plan)
    yield Model(name, PERSON_KEY, sql=work.result(person_sql(plan)), partition_by="pcn_code")
    for made in ("marked", "valued", "dated", "issued", "stayed"):
        work.drop(made)


@contextmanager
def _workspace(con: duckdb.DuckDBPyConnection, workbook: Workbook, sources: dict[str, Source]) -> Iterator[Workspace]:
    """Where the models run; absent tables stand there empty."""
    engine = workbook.resources.engine
    with open_workspace(con, engine, _store_files(workbook) if engine == "spark" else {}) as work:
        stand_in(work, sources)
        yield work


def _store_files(workbook: Workbook) -> dict:
    store = Store(resolve(workbook.outputs) / workbook.name / "store")
    return {name: store.files(name) for name in store.tables()}


def _model(work: Workspace, plan: Plan, name: str, key: tuple[str, ...]) -> Model:
    return Model(name, key, sql=work.result(model_sql(name, **plan.values)), partition_by="pcn_code")


def _reconciled(con: duckdb.DuckDBPyConnection, sources: dict[str, Source], plan: Plan) -> pd.DataFrame:
    registers = [r.column for r in plan.derived.registers.registers]
    counts = raw("".join(f",\n    count(*) FILTER (WHERE person.{name}) AS {name}" for name in registers))
    with open_workspace(con) as work:
        if "practice_register" not in sources:
            work.make("practice_register", empty_table("practice_register"), view=True)
        counted = work.read(model_sql("register_count", registers=counts))
        return reconciled(counted, work.read(PUBLISHED), plan.derived, set(plan.missing))
