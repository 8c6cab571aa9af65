"""The Spark session: the active one, or one started on this machine and stopped with its Java process.

Its settings make its results equal DuckDB's. ANSI mode is on: an
overflow, a division by zero and text that is not a number are errors on both
engines, where Spark would otherwise go on with a null. Its clock is UTC and
its timestamps have no zone: zones are gone once the check has made days of them. Strings compare by their bytes.
"""

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from phm_utils.engine.duck import MEMORY_ENV, TEMP_ENV, THREADS_ENV
from phm_utils.errors import InputError

MASTER_ENV = "PHM_SPARK_MASTER"  # for example spark://host:7077; without it, this machine's cores
PARTITIONS = 8  # of a shuffle, and of Splink's tables
REMOVALS = 25
LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")  # pyspark's: they quote the values of rows
SAME_AS_DUCKDB = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.caseSensitive": "false",
    "spark.sql.parser.escapedStringLiterals": "false",
}


def require_spark() -> None:
    """Raise InputError where pyspark or Java is absent."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        raise InputError(
            "Spark is not installed here: run `pip install --require-hashes --no-deps -r locks/spark.txt` in the "
            "workbook's folder and install Java 17, or use DuckDB (`duckdb`)."
        ) from None
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise InputError("Spark needs Java 17, and this machine has none: install it, or use DuckDB (`duckdb`).")


@contextmanager
def spark_folder() -> Iterator[Path]:
    """A folder of this run only (0700), in PHM_TEMP; it may hold identities, and is removed at the end.

    On a cluster PHM_TEMP must be a folder that the workers see.
    """
    parent = os.environ.get(TEMP_ENV)
    if parent:
        Path(parent).mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix="phm-spark-", dir=parent))
    try:
        yield folder
    finally:
        for _ in range(REMOVALS):  # Spark deletes its files at the same time, so either may fail
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break
            time.sleep(0.2)


@contextmanager
def spark_session(folder: Path, jars: str | None = None) -> Iterator[Any]:
    """The active Spark session, or a new one that is stopped afterwards.

    folder: for the files of a new session, from `spark_folder`.
    jars: Java code that the models call, for a new session.
    An active session keeps its settings, except SAME_AS_DUCKDB during the block.
    """
    require_spark()
    from pyspark.sql import SparkSession

    for logger in LOGGERS:
        logging.getLogger(logger).disabled = True
    running = SparkSession.getActiveSession()
    if running is not None:
        with _with_settings(running):
            yield running
        return
    master = os.environ.get(MASTER_ENV, f"local[{os.environ.get(THREADS_ENV, '*')}]")
    settings: dict[str, Any] = {**SAME_AS_DUCKDB, **_own_settings(folder, master, jars)}
    builder = SparkSession.builder.appName("phm").master(master).config(map=settings)
    spark = builder.getOrCreate()
    try:
        spark.sparkContext.setCheckpointDir(str(folder / "checkpoints"))
        yield spark
    finally:
        spark.stop()
        _stop_java()


def _own_settings(folder: Path, master: str, jars: str | None) -> dict[str, str]:
    """Settings of a new session."""
    stated = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "OFF",  # Spark's messages quote the values of rows
        "spark.sql.shuffle.partitions": str(PARTITIONS),
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.driver.memory": _java_memory(os.environ.get(MEMORY_ENV, "2GB")),
    }
    if jars:
        stated["spark.jars"] = jars
    if master.startswith("local"):  # not reachable from other machines
        stated |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    return stated


def _java_memory(limit: str) -> str:
    """DuckDB's way of writing a size as Java's: 2GB and 1.5 GiB as 2000m and 1536m."""
    number, unit = limit.strip().upper().rstrip("B"), 1_000
    if number.endswith("I"):
        number, unit = number[:-1], 1_024
    powers = {"K": 1, "M": 2, "G": 3, "T": 4}
    if not number or number[-1] not in powers:
        raise InputError(f"{MEMORY_ENV} is `{limit}`: write a size such as 4GB.")
    size = float(number[:-1]) * unit ** powers[number[-1]]
    return f"{int(size // (1_000**2 if unit == 1_000 else 1_024**2))}m"


@contextmanager
def _with_settings(spark: Any, settings: Mapping[str, str] = SAME_AS_DUCKDB) -> Iterator[None]:
    """Set an active session to compute as DuckDB does, and restore it afterwards."""
    before = {name: spark.conf.get(name) for name in settings}
    for name, value in settings.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            spark.conf.set(name, value)


def _stop_java() -> None:
    """Stop the Java process too: it remembers the first session's folder, and would write there again."""
    from pyspark import SparkContext

    gateway, SparkContext._gateway, SparkContext._jvm = SparkContext._gateway, None, None
    if gateway is not None:
        gateway.shutdown()
        if java := getattr(gateway, "proc", None):
            java.stdin.close()
            java.wait()
