"""The persons stage: everybody registered, with their records and activity."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta

import duckdb
import pandas as pd

from phm_utils.engine import Model, Workspace, memory_limit, open_workspace, read_sql
from phm_utils.engine.sql_files import sql_file
from phm_utils.errors import InputError, StepFailed
from phm_utils.params import Workbook
from phm_utils.persons.essential import empty_fields
from phm_utils.persons.events import make_events
from phm_utils.persons.person_plan import Plan
from phm_utils.persons.person_tables import (
    make_activity,
    make_calendar,
    make_empty_tables,
    make_people,
    make_recorded,
    person_sql,
)
from phm_utils.persons.value_units import COUNT_KEY, value_units
from phm_utils.persons.windows import (
    Source,
    check_index_date,
    present,
    trim_sparse_starts,
    window_table,
)
from phm_utils.rules.concepts import concepts
from phm_utils.rules.months import months_before
from phm_utils.runs import Store, resolve

EARLIER_MONTHS = 24
PERSON_BYTES = 2_000  # in memory for each person while `person` is made from all that it joins: measured
MONTH_BYTES = 400  # while `person_month` is: each slice reads the contacts again, so they are few, and DuckDB spills
SHARE_OF_MEMORY = 0.25
PERSON_KEY, EARLIER_KEY = ("person_no",), ("earlier_no",)


def persons(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """Make `person`, `person_concept`, `person_follow_up`, `person_month`, `person_event`, and their inputs.

    Also `activity_window`: the days counted, by source; `event_concept`: where events come from; `person_left_out`:
    the columns that are null because a table is absent or too short, a field of it has no values, or most values are
    in a unit that cannot be used; `value_count`: values of GP entries by concept, unit as recorded and outcome.
    Raises InputError for an index date that the extracts cannot be counted at.
    """
    sources = present(con)
    with _workspace(con, workbook, sources) as work:
        plan = _plan(con, work, sources, workbook.index_date, workbook)
        check_index_date(con, workbook.index_date, sources, plan.deaths_known)
        yield Model("activity_window", ("source",), frame=window_table(plan.spans))
        yield Model("person_left_out", ("table_name", "column_name"), frame=plan.left_out())
        yield Model("value_count", COUNT_KEY, frame=plan.units.counts)
        make_people(work, plan)
        memory = memory_limit(con)
        slices = _slices(work, memory, PERSON_BYTES)
        yield from _people(work, plan, "person", slices)
        _check_account(con)
        yield _model(work, plan, "person_concept", ("person_no", "concept"), slices)
        yield _model(work, plan, "person_follow_up", ("practice_code", "start_date", "end_date", "person_no"), slices)
        yield from make_events(work, plan, memory)
        for made in ("concept", "diagnosis"):
            work.drop(made)
        make_calendar(work, plan)
        yield _model(work, plan, "person_month", ("person_no", "month"), _slices(work, memory, MONTH_BYTES))


def _check_account(con: duckdb.DuckDBPyConnection) -> None:
    """Raise StepFailed where the people counted are not those of the check's account, network by network."""
    accounted = read_sql(
        con, "SELECT unit_code, people FROM people_account WHERE part = 'counted' AND people > 0 ORDER BY unit_code"
    )
    counted = read_sql(con, "SELECT pcn_code AS unit_code, count(*) AS people FROM person GROUP BY ALL ORDER BY ALL")
    if not accounted.set_index("unit_code")["people"].equals(counted.set_index("unit_code")["people"]):
        raise StepFailed(
            f"{counted['people'].sum():,} people are counted, and the check's account has "
            f"{accounted['people'].sum():,}. This is a fault of the workbook: please report it."
        )


def earlier(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """Make `person_earlier`, as `person` was 24 months before the index date, and `earlier_left_out`.

    Its people have new numbers, `earlier_no`: join it to other tables by `person_id`.

    Where the extracts cannot be counted then, there is no `person_earlier`,
    and one row of `earlier_left_out` has the reason.
    """
    sources = present(con)
    day = months_before(workbook.index_date, EARLIER_MONTHS) - timedelta(days=1)
    with _workspace(con, workbook, sources) as work:
        plan = _plan(con, work, sources, day, workbook)
        try:
            check_index_date(con, day, sources, plan.deaths_known)
            _check_reach(sources, day)
        except InputError as error:
            reason = pd.DataFrame([("earlier", "", str(error))], columns=["table_name", "column_name", "what"])
            yield Model("earlier_left_out", ("table_name", "column_name"), frame=reason.astype("str"))
            return
        yield Model("earlier_left_out", ("table_name", "column_name"), frame=plan.left_out())
        make_people(work, plan)
        for model in _people(work, plan, "person_earlier", _slices(work, memory_limit(con), PERSON_BYTES)):
            slices = tuple(condition.replace("person_no", "earlier_no") for condition in model.slices)
            renamed = f"SELECT * RENAME (person_no AS earlier_no) FROM ({model.sql})"
            yield replace(model, key=EARLIER_KEY, sql=renamed, slices=slices)


def _plan(
    con: duckdb.DuckDBPyConnection, work: Workspace, sources: dict[str, Source], day: date, workbook: Workbook
) -> Plan:
    known, codes = concepts(), _codes(con)
    empty = empty_fields(con, sources, day, workbook.limits.filled)
    units = value_units(work, known, codes, day)
    return Plan.at(day, known, trim_sparse_starts(con, sources, day), codes, empty, units)


def _codes(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    """The codes of each list."""
    listed = read_sql(con, "SELECT list_name, code FROM code_list ORDER BY list_name, place")
    return {str(name): tuple(codes) for name, codes in listed.groupby("list_name")["code"]}


def _check_reach(sources: dict[str, Source], day: date) -> None:
    """Refuse a day before the GP extract begins."""
    first = [s.first_date for name, s in sources.items() if name in ("gp_event", "gp_appointment") and s.first_date]
    if first and min(first) > months_before(day, 12):
        raise InputError(f"The GP extract begins on {min(first)}, less than a year before {day}.")


def _slices(work: Workspace, memory: int, person_bytes: int) -> tuple[str, ...]:
    """Ranges of `person_no` whose rows fit into memory, each of whole PCNs: people are numbered PCN by PCN.

    memory: bytes that DuckDB may use. person_bytes: what each person takes of it.
    """
    most = memory * SHARE_OF_MEMORY / person_bytes
    pcns = work.read(
        "SELECT pcn_code, min(person_no) AS first, max(person_no) AS last, count(*) AS people FROM registered "
        "GROUP BY pcn_code"
    ).sort_values("first")
    slices: list[list[int]] = []
    for pcn in pcns.itertuples():
        if slices and slices[-1][2] + pcn.people <= most:
            slices[-1][1:] = [pcn.last, slices[-1][2] + pcn.people]
        else:
            slices.append([pcn.first, pcn.last, pcn.people])
    return tuple(f"person_no BETWEEN {first} AND {last}" for first, last, _ in slices)


def _people(work: Workspace, plan: Plan, name: str, slices: tuple[str, ...]) -> Iterator[Model]:
    """The person table, under the name given. Tables that only it needs are dropped afterwards."""
    make_recorded(work, plan)
    make_activity(work, plan)
    yield Model(name, PERSON_KEY, sql=work.result(person_sql(plan)), partition_by="pcn_code", slices=slices)
    for made in ("condition_bits", "latest_values", "concept_dates", "medicine_counts", "spell_counts"):
        work.drop(made)


@contextmanager
def _workspace(con: duckdb.DuckDBPyConnection, workbook: Workbook, sources: dict[str, Source]) -> Iterator[Workspace]:
    """Where the models run; absent tables are empty there."""
    engine = workbook.resources.engine
    with open_workspace(con, engine, _store_files(workbook) if engine == "spark" else {}) as work:
        make_empty_tables(work, sources)
        yield work


def _store_files(workbook: Workbook) -> dict:
    store = Store(resolve(workbook.outputs) / workbook.name / "store")
    return {name: store.files(name) for name in store.tables()}


def _model(work: Workspace, plan: Plan, name: str, key: tuple[str, ...], slices: tuple[str, ...]) -> Model:
    sql = work.result(sql_file("persons", name, **plan.values))
    return Model(name, key, sql=sql, partition_by="pcn_code", slices=slices)
