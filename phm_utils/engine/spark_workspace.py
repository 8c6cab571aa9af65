"""Models run by Spark: translated from DuckDB's dialect, with DuckDB's column types, results handed back to DuckDB.

A second DuckDB connection has every table's columns without its rows. Each
model is tried on it first: a misspelt column is reported at once, and every
column that Spark makes is cast to the type that DuckDB would have given it.
A table is written to Parquet as soon as it is made, so that no model runs
twice; files lie in the session's own folder and go with it.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from phm_utils.engine.duck import guarded, parquet_source, quote, read_sql, session
from phm_utils.engine.duck import present_tables as readable
from phm_utils.engine.portable import parse, table_names, to_spark
from phm_utils.engine.spark import spark_folder, spark_session
from phm_utils.errors import InputError

SPARK_TYPE = {
    "BOOLEAN": "BOOLEAN",
    "SMALLINT": "SMALLINT",
    "INTEGER": "INT",
    "BIGINT": "BIGINT",
    "DOUBLE": "DOUBLE",
    "VARCHAR": "STRING",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP_NTZ",
}
# Types of DuckDB that Spark lacks -> the type that they are copied as.
COPIED_AS = {"HUGEINT": "BIGINT", "TINYINT": "SMALLINT", "UTINYINT": "SMALLINT", "USMALLINT": "INTEGER"}
COPIED_AS |= {"UINTEGER": "BIGINT", "UBIGINT": "BIGINT", "FLOAT": "DOUBLE", "ENUM": "VARCHAR"}
COPIED_AS |= {"TIMESTAMP_S": "TIMESTAMP", "TIMESTAMP_MS": "TIMESTAMP", "TIMESTAMP_NS": "TIMESTAMP"}
COPIED_AS |= {'"NULL"': "VARCHAR"}


@contextmanager
def open_spark(con: duckdb.DuckDBPyConnection, tables: Mapping[str, list[Path]]) -> Iterator["SparkWorkspace"]:
    """A workspace on Spark over `tables` (Parquet files by table) and whatever else `con` can read."""
    with spark_folder() as folder, session(folder) as schema_con, spark_session(folder) as spark:
        work = SparkWorkspace(con, folder, tables, spark, schema_con)
        try:
            yield work
        finally:
            work.clear()


class SparkWorkspace:
    """Models run by Spark. See `Workspace` for what each method promises."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        folder: Path,
        tables: Mapping[str, list[Path]],
        spark: Any,
        schema_con: duckdb.DuckDBPyConnection,
    ) -> None:
        self.con, self.folder, self.spark, self.schema_con = con, folder, spark, schema_con
        self.tables = {name: list(files) for name, files in tables.items() if files}
        self._known: dict[str, dict[str, str]] = {}  # columns and types of the tables that Spark can read, by table
        self._made: dict[str, Path | None] = {}  # folder of each table made, none for a view
        self._numbers = count()

    def make(self, name: str, sql: str, *, view: bool = False) -> None:
        spark_sql, columns = self._translate(name, sql)
        if view:
            self._run(name, f"CREATE OR REPLACE TEMPORARY VIEW `{name}` AS {spark_sql}")
            self._replace(name, columns, None)
            return
        path = self._write(name, spark_sql)
        self.spark.read.parquet(str(path)).createOrReplaceTempView(name)
        self._replace(name, columns, path)

    def register(self, name: str, frame: pd.DataFrame) -> None:
        self.con.register("_frame", frame)
        try:
            path, columns = self._copy_out(name, "_frame")
        finally:
            self.con.unregister("_frame")
        self._add_view(name, [path], columns)
        self._replace(name, columns, path)

    def has(self, name: str) -> bool:
        return name in self._known or name in readable(self.con)

    def read(self, sql: str) -> pd.DataFrame:
        return read_sql(self.con, self.result(sql))

    def result(self, sql: str, name: str = "a result") -> str:
        spark_sql, columns = self._translate(name, sql)
        path = self._write("result", spark_sql)
        chosen = ", ".join(f'CAST("{column}" AS {kind}) AS "{column}"' for column, kind in columns.items())
        return f"SELECT {chosen} FROM {parquet_source(sorted(path.glob('*.parquet')))}"

    def drop(self, name: str) -> None:
        if name not in self._made:
            return
        self.spark.catalog.dropTempView(name)
        self.schema_con.execute(f'DROP TABLE IF EXISTS "{name}"')
        self._known.pop(name)
        if path := self._made.pop(name):
            shutil.rmtree(path, ignore_errors=True)

    def clear(self) -> None:
        for name in reversed(list(self._made)):
            self.drop(name)

    def _translate(self, name: str, sql: str) -> tuple[str, dict[str, str]]:
        """Spark's SQL of a model, its columns cast to DuckDB's types; and those types by column."""
        for table in sorted(table_names(parse(sql, name))):
            self._make_readable(table)
        with guarded(f"Making {name.replace('_', ' ')}", "Check the names of tables and columns in its SQL."):
            described = self.schema_con.execute(f"DESCRIBE {sql}").fetchall()
        columns = {column: kind for column, kind, *_ in described}
        if odd := [f"{column} ({kind})" for column, kind in columns.items() if kind not in SPARK_TYPE]:
            raise InputError(
                f"{len(odd)} of {len(columns)} columns of {name} have types that Spark lacks "
                f"(first: {odd[0]}). CAST them to one of {', '.join(SPARK_TYPE)}."
            )
        places = ", ".join(f"`_c{place}`" for place in range(len(columns)))
        cast = ", ".join(
            f"CAST(`_c{place}` AS {SPARK_TYPE[kind]}) AS `{column}`"
            for place, (column, kind) in enumerate(columns.items())
        )
        return f"SELECT {cast} FROM ({to_spark(sql, name, self._known)}) AS _model({places})", columns

    def _make_readable(self, table: str) -> None:
        """Let Spark read a table of `con`: the store's own files, else a copy."""
        if table in self._known or table not in readable(self.con):
            return  # made here; or a CTE of the model; or misspelt, which DuckDB reports
        files, columns = self._files(table), _columns(self.con, table)
        if not files or any(kind not in SPARK_TYPE for kind in columns.values()):
            path, columns = self._copy_out(table, table)
            files = [path]
        self._add_view(table, files, columns)

    def _files(self, table: str) -> list[Path]:
        """The files behind a table; none where `con` has replaced the table since."""
        files = self.tables.get(table, [])
        seen = self.con.execute("SELECT sql FROM duckdb_views() WHERE view_name = ?", [table]).fetchall()
        return files if seen and all(quote(file) in sql for (sql,) in seen for file in files) else []

    def _copy_out(self, table: str, source: str) -> tuple[Path, dict[str, str]]:
        """A table of `con` as one Parquet file for Spark."""
        columns = {c: COPIED_AS.get(kind, kind) for c, kind in _columns(self.con, source).items()}
        if odd := [f"{column} ({kind})" for column, kind in columns.items() if kind not in SPARK_TYPE]:
            raise InputError(f"The table {table} has columns that Spark cannot read alike (first: {odd[0]}).")
        path = self.folder / f"{next(self._numbers):04d}_{table}"
        path.mkdir()
        chosen = ", ".join(f'CAST("{column}" AS {kind}) AS "{column}"' for column, kind in columns.items())
        with guarded(f"Copying {table} for Spark"):
            self.con.execute(f"COPY (SELECT {chosen} FROM {source}) TO {quote(path / 'all.parquet')} (FORMAT parquet)")
        return path, columns

    def _add_view(self, name: str, files: list[Path], columns: dict[str, str]) -> None:
        """Make files readable by name in Spark, and their columns known."""
        wanted = [f"CAST(`{column}` AS {SPARK_TYPE[kind]}) AS `{column}`" for column, kind in columns.items()]
        frame = self.spark.read.option("mergeSchema", "true").parquet(*map(str, files))
        frame.selectExpr(*wanted).createOrReplaceTempView(name)
        self._set_schema(name, columns)

    def _set_schema(self, name: str, columns: dict[str, str]) -> None:
        stated = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        self.schema_con.execute(f'CREATE OR REPLACE TABLE "{name}" ({stated})')
        self._known[name] = columns

    def _replace(self, name: str, columns: dict[str, str], path: Path | None) -> None:
        """Record a table just made; delete the files of the table that it replaces."""
        old = self._made.pop(name, None)
        self._made[name] = path
        self._set_schema(name, columns)
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)

    def _write(self, name: str, spark_sql: str) -> Path:
        path = self.folder / f"{next(self._numbers):04d}_{name}"
        with _guarded(name):
            self.spark.sql(spark_sql).write.parquet(str(path))
        return path

    def _run(self, name: str, spark_sql: str) -> None:
        with _guarded(name):
            self.spark.sql(spark_sql)


def _columns(con: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    with guarded(f"Reading the columns of {source if len(source) < 40 else 'a table'}"):
        return {column: kind for column, kind, *_ in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}


@contextmanager
def _guarded(name: str) -> Iterator[None]:
    """Turn Spark's errors, which quote rows and files, into an InputError that quotes neither."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        condition = getattr(error, "getCondition", lambda: None)() or type(error).__name__
        raise InputError(
            f"Making {name.replace('_', ' ')} on Spark failed ({condition}). Run it on DuckDB to see whether the data "
            "or the model is at fault; if only Spark fails, please report the model's name and this condition."
        ) from None
