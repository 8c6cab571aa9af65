"""Workspaces that run SQL models: on DuckDB, or on Spark with the same methods."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import duckdb
import pandas as pd

from phm_utils.engine import activity
from phm_utils.engine.duck import guarded, present_tables, read_sql
from phm_utils.errors import InputError

Kind = Literal["duckdb", "spark"]


@dataclass(frozen=True)
class Model:
    """One table that a stage makes.

    name: the table's name in the store.
    sql: a SELECT over the tables that the stage reads, or None with `frame`.
    key: columns that identify a row; the file is ordered by them, so that
        its bytes do not depend on threads or on the order of the input.
        Never a pseudonym first: order by place and number.
    frame: the table itself, where Python computed it.
    partition_by: a column, one file for each of its values (`pcn_code`).
    slices: SQL conditions on the table's columns, each true for whole partitions and all of them
        together for every row. The rows of one slice at a time are worked out and written, so that
        memory depends on a slice. Empty: all rows at once.
    part: name of the file of a table that is not partitioned; models of one name with several parts are one table.
    """

    name: str
    key: tuple[str, ...]
    sql: str | None = None
    frame: pd.DataFrame | None = None
    partition_by: str | None = None
    slices: tuple[str, ...] = ()
    part: str = "all"

    def rows(self) -> pd.DataFrame:
        """The table itself, of a model that Python computed."""
        if self.frame is None:
            raise ValueError(f"{self.name} is made by SQL: read it after it is written")
        return self.frame


class Workspace(Protocol):
    """Tables made on the way to a stage's models, by SQL in DuckDB's dialect; gone when the workspace closes."""

    def make(self, name: str, sql: str, *, view: bool = False) -> None:
        """Make or replace a table from a SELECT; a view is computed each time it is read."""

    def register(self, name: str, frame: pd.DataFrame) -> None:
        """Make or replace a table from a DataFrame, with the types that DuckDB gives its columns."""

    def has(self, name: str) -> bool:
        """Can a model read a table or view of this name?"""

    def read(self, sql: str) -> pd.DataFrame:
        """The result of a SELECT, in no order."""

    def result(self, sql: str) -> str:
        """A SELECT that DuckDB runs for the same rows and column types, while the workspace is open."""

    def drop(self, name: str) -> None:
        """Drop a table before the workspace closes, to free its memory."""

    def clear(self) -> None:
        """Drop everything made, the last first."""


@contextmanager
def open_workspace(
    con: duckdb.DuckDBPyConnection, kind: Kind = "duckdb", tables: Mapping[str, list[Path]] | None = None
) -> Iterator[Workspace]:
    """A workspace over the tables that `con` can read, cleared at the end.

    kind: `duckdb` runs models in `con`; `spark` on the active Spark session
        or on a new one (see `engine.spark`).
    tables: the store's Parquet files by table, for Spark to read directly,
        if `con` has the table as a view of exactly these; any other table is
        copied out of `con` when a model first reads it.
    Raises InputError where Spark is asked for and cannot run here.
    """
    if kind == "duckdb":
        work = DuckWorkspace(con)
        try:
            yield work
        finally:
            work.clear()
    elif kind == "spark":
        from phm_utils.engine.spark_workspace import open_spark  # pyspark and sqlglot, for those who ask for them

        with open_spark(con, tables or {}) as spark:
            yield spark
    else:
        raise InputError(f"The engine `{kind}` is not known: models run on `duckdb` or `spark`.")


class DuckWorkspace:
    """Models run by DuckDB, as temporary tables and views of one connection."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self._made: dict[str, str] = {}  # name -> TABLE or VIEW, in the order of making

    def __enter__(self) -> "DuckWorkspace":
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def make(self, name: str, sql: str, *, view: bool = False) -> None:
        kind = "VIEW" if view else "TABLE"
        if not view:
            activity.begin(name)
        if self._made.get(name, kind) != kind:
            self.drop(name)  # DuckDB replaces a table by a table only
        with guarded(f"Making {name.replace('_', ' ')}"):
            self.con.execute(f"CREATE OR REPLACE TEMP {kind} {name} AS {sql}")
        self._made.pop(name, None)
        self._made[name] = kind

    def register(self, name: str, frame: pd.DataFrame) -> None:
        self.con.register("_frame", frame)
        try:
            self.make(name, "SELECT * FROM _frame")
        finally:
            self.con.unregister("_frame")

    def has(self, name: str) -> bool:
        return name in present_tables(self.con)

    def read(self, sql: str) -> pd.DataFrame:
        with guarded("Reading a result"):
            return read_sql(self.con, sql)

    def result(self, sql: str) -> str:
        return sql

    def drop(self, name: str) -> None:
        if kind := self._made.pop(name, None):
            self.con.execute(f"DROP {kind} IF EXISTS {name}")

    def clear(self) -> None:
        for name in reversed(list(self._made)):
            self.drop(name)
