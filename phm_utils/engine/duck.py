"""DuckDB sessions, errors that quote no row, and SQL literals."""

import os
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import duckdb
import pandas as pd
import pyarrow as pa

from phm_utils.engine.limits import bytes_of, shortage
from phm_utils.errors import DiskFull, InputError
from phm_utils.full_disk import full_disk

MEMORY_ENV, THREADS_ENV, TEMP_ENV = "PHM_MEMORY", "PHM_THREADS", "PHM_TEMP"
DEFAULT_MEMORY = "2GB"
ROW_GROUP_SIZE = 122_880
TIME_ZONE = "Europe/London"  # of a time with a zone that becomes a day: never the machine's own


@contextmanager
def session(temp: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB in memory, within this worker's limits, and clean up after it.

    Memory, threads and the parent of the spill folder come from the
    environment variables that a run sets for each worker. Spill files hold plain rows: their folder is
    used by this connection only, and removed with it. (DuckDB's encryption of
    them needs an extension, which is not installed: without it, spilling fails.)
    """
    parent = temp or (Path(os.environ[TEMP_ENV]) if TEMP_ENV in os.environ else None)
    if parent:
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    spill = tempfile.mkdtemp(prefix="phm-spill-", dir=parent)
    con = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": os.environ.get(MEMORY_ENV, DEFAULT_MEMORY),
            "threads": int(os.environ.get(THREADS_ENV, os.cpu_count() or 1)),
            "temp_directory": spill,
            "autoinstall_known_extensions": False,
            "preserve_insertion_order": False,
            "TimeZone": TIME_ZONE,
        },
    )
    con.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")  # `query_progress` needs it
    try:
        with _stopped_by_ctrl_c(con):
            yield con
    finally:
        con.close()
        shutil.rmtree(spill, ignore_errors=True)


@contextmanager
def _stopped_by_ctrl_c(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let Ctrl-C stop a query of this connection at once, as it stops Python.

    By itself DuckDB leaves `execute`, but waits until its other threads have
    finished their part, however long it is; and it makes of Ctrl-C a
    RuntimeError. Where Python does not handle SIGINT, nothing changes.
    """
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        con.interrupt()
        handler(number, frame)

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    except (RuntimeError, duckdb.InterruptException) as error:
        if isinstance(error, duckdb.InterruptException) or str(error) == "Query interrupted":
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGINT, handler)


@contextmanager
def insertion_order(con: duckdb.DuckDBPyConnection, keep: bool = True) -> Iterator[None]:
    """Keep rows in the order in which they are read, inside the block; elsewhere DuckDB may change it to go faster."""
    con.execute(f"SET preserve_insertion_order = {str(keep).lower()}")
    try:
        yield
    finally:
        con.execute("SET preserve_insertion_order = false")


@contextmanager
def distrusted_statistics(con: duckdb.DuckDBPyConnection, distrust: bool = True) -> Iterator[None]:
    """Decide nothing from the statistics that a Parquet file keeps of its columns, inside the block.

    Those of decimal numbers leave out NaN, as other writers do it: DuckDB then takes `isnan` for false, and a test
    against a range for true, in every row.
    """
    con.execute(f"SET disabled_optimizers = '{'statistics_propagation' if distrust else ''}'")
    try:
        yield
    finally:
        con.execute("SET disabled_optimizers = ''")


UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def memory_limit(con: duckdb.DuckDBPyConnection) -> int:
    """Bytes that DuckDB may use."""
    number, unit = con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0].split()
    return int(float(number) * UNITS[unit])


@contextmanager
def guarded(doing: str, advice: str = "Run `phm check` to see which rows break which rule.") -> Iterator[None]:
    """Turn a DuckDB error into an InputError that quotes no row.

    DuckDB's own messages repeat the offending values, which may be a
    person's: only the kind of error is passed on. Where memory or disk ran
    out, it says so; a full disk is DiskFull.
    """
    try:
        with shortages(doing):
            yield
    except duckdb.Error as error:
        raise InputError(f"{doing} failed ({type(error).__name__}). {advice}") from None


@contextmanager
def shortages(doing: str) -> Iterator[None]:
    """Turn an error into an InputError where memory ran out, into DiskFull where a disk is full; leave any other."""
    try:
        yield
    except OSError as error:
        if full := full_disk(error):
            raise DiskFull(f"{doing}: {full}") from None
        raise
    except duckdb.Error as error:
        if full := full_disk(error, Path(os.environ.get(TEMP_ENV, tempfile.gettempdir()))):
            raise DiskFull(f"{doing}: {full}") from None
        limit = bytes_of(os.environ.get(MEMORY_ENV, DEFAULT_MEMORY))
        if said := shortage(error, limit):
            raise InputError(f"{doing}: {said}") from None
        raise


def read_sql(con: duckdb.DuckDBPyConnection, sql: str, parameters: list | dict | None = None) -> pd.DataFrame:
    """The result of a query as a DataFrame, one row per row of the result."""
    return con.execute(sql, parameters).df()


def read_table(con: duckdb.DuckDBPyConnection, table: str) -> pd.DataFrame:
    """A whole table as a DataFrame. Whole numbers stay whole: a missing one is <NA>."""
    return whole_numbers(con.sql(f"SELECT * FROM {table}").to_arrow_table())


def whole_numbers(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a DataFrame whose whole numbers stay whole."""
    return table.to_pandas(
        types_mapper=lambda kind: pd.Int64Dtype() if pa.types.is_integer(kind) else None, date_as_object=False
    ).reset_index(drop=True)


def quote(path: Path | str) -> str:
    """A path or text as an SQL string literal."""
    return "'" + str(path).replace("'", "''") + "'"


def literal_path(path: Path | str) -> str:
    """A path as an SQL string literal in which brackets, stars and question marks are not a pattern.

    DuckDB treats a path as a pattern: `list[1].csv` would read list1.csv.
    """
    return quote(re.sub(r"[\[*?]", lambda sign: f"[{sign.group()}]", str(path)))


def parquet_source(files: list[Path]) -> str:
    """A FROM clause over Parquet files."""
    return f"read_parquet([{', '.join(quote(f) for f in files)}], union_by_name = true)"


def present_tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    """The tables and views that `con` can read."""
    return {name for (name,) in con.execute("SELECT table_name FROM information_schema.tables").fetchall()}
