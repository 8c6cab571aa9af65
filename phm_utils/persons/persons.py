"""The persons stage: everybody registered, what is recorded about them, and what they used."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import duckdb
import pandas as pd

from phm_utils.engine import Model, Workspace, open_workspace
from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.persons.derived import Derived
from phm_utils.persons.missing import left_out, missing_columns
from phm_utils.persons.models import model_sql, raw
from phm_utils.persons.preparing import Plan, person_sql, prepare, stand_in
from phm_utils.persons.prices import unit_costs
from phm_utils.persons.reconciled import COLUMNS, reconciled
from phm_utils.persons.sources import (
    Source,
    check_index_date,
    months_before,
    present,
    window_table,
    windows,
)
from phm_utils.rules.concepts import concepts
from phm_utils.rules.person import person_columns
from phm_utils.runs import Store, resolve

EARLIER_MONTHS = 24
PERSON_KEY = ("practice_code", "lsoa", "age", "person_id")
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
    plan = make_plan(sources, workbook.index_date)
    yield Model("activity_window", ("source",), frame=window_table(plan.spans))
    yield Model(
        "person_left_out", ("table_name", "column_name"), frame=left_out(plan.missing, plan.columns, sources)
    )
    with _prepared(con, workbook, sources, plan) as work:
        yield _model(work, "person", PERSON_KEY, person_sql(plan))
        yield _model(work, "person_concept", ("concept", "first_date", "last_date", "person_id"))
        yield _model(work, "person_follow_up", ("practice_code", "start_date", "end_date", "person_id"), plan=plan)
        yield _model(work, "person_month", ("month", "person_id"), plan=plan)
    yield Model("register_reconciled", ("practice_code", "register"), frame=_reconciled(con, sources, plan))


def earlier(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """Make `person_earlier`, as `person` was 24 months before the index date, and `earlier_left_out`.

    Where the extracts cannot be counted then, there is no `person_earlier`,
    and one row of `earlier_left_out` says why.
    """
    sources = present(con)
    day = months_before(workbook.index_date, EARLIER_MONTHS) - timedelta(days=1)
    plan = make_plan(sources, day)
    try:
        check_index_date(con, day, sources)
        _check_reach(sources, day)
    except InputError as error:
        row = pd.DataFrame([("earlier", "", str(error))], columns=["table_name", "column_name", "what"]).astype("str")
        yield Model("earlier_left_out", ("table_name", "column_name"), frame=row)
        return
    lacking = left_out(plan.missing, plan.columns, sources)
    yield Model("earlier_left_out", ("table_name", "column_name"), frame=lacking)
    with _prepared(con, workbook, sources, plan) as work:
        yield _model(work, "person_earlier", PERSON_KEY, person_sql(plan))


def make_plan(sources: dict[str, Source], index_date: date) -> Plan:
    """What `person` is made of as at a day, from the definitions and the sources at hand."""
    known = concepts()
    columns, spans, costs, derived = person_columns(known), windows(sources, index_date), unit_costs(), Derived.load(known)
    missing = missing_columns(columns, known, sources, spans, index_date, costs, derived)
    return Plan(index_date, known, columns, spans, costs, derived, missing)


def _check_reach(sources: dict[str, Source], day: date) -> None:
    """Refuse a day before the GP extract begins."""
    first = [s.first_date for name, s in sources.items() if name in ("gp_event", "gp_appointment") and s.first_date]
    if first and min(first) > months_before(day, 12):
        raise InputError(f"The GP extract begins on {min(first)}, less than a year before {day}.")


@contextmanager
def _prepared(
    con: duckdb.DuckDBPyConnection, workbook: Workbook, sources: dict[str, Source], plan: Plan
) -> Iterator[Workspace]:
    """A workspace in which everything that the models join is made."""
    engine = workbook.resources.engine
    files = _store_files(workbook) if engine == "spark" else {}
    with open_workspace(con, engine, files) as work:
        stand_in(work, sources)
        prepare(work, plan)
        yield work


def _store_files(workbook: Workbook) -> dict:
    store = Store(resolve(workbook.outputs) / workbook.name / "store")
    return {name: store.files(name) for name in store.tables()}


def _model(
    work: Workspace, name: str, key: tuple[str, ...], sql: str | None = None, plan: Plan | None = None
) -> Model:
    sql = sql or model_sql(name, **(plan.values if plan else {}))
    return Model(name, key, sql=work.result(sql), partition_by="pcn_code")


def _reconciled(con: duckdb.DuckDBPyConnection, sources: dict[str, Source], plan: Plan) -> pd.DataFrame:
    registers = [r.column for r in plan.derived.registers.registers]
    if "practice_register" not in sources:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS})
    counts = raw("".join(f",\n    count(*) FILTER (WHERE {name}) AS {name}" for name in registers))
    with open_workspace(con) as work:
        return reconciled(
            work.read(model_sql("register_count", registers=counts)), work.read(PUBLISHED), plan.derived, set(plan.missing)
        )
