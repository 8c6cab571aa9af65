"""Pairs scored on Spark: the same settings on Splink's Spark backend, for those with more than one machine.

The cleaned identities go to Spark as Parquet files in the session's own
folder, and the scored pairs come back the same way; everything before and
after runs on DuckDB. On a cluster the folder must be one that the workers
see: set PHM_TEMP to it. A Spark session that is already there is used as it
is; else one is started on this machine.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from phm_utils.engine import TEMP_ENV, quote
from phm_utils.errors import InputError
from phm_utils.linkage.queries import make
from phm_utils.linkage.scoring import frequent_columns, predicted_columns, splink_prediction

MASTER_ENV = "PHM_SPARK_MASTER"  # for example spark://host:7077; without it, this machine's cores
PARTITIONS = 8
REMOVALS = 25


def score(
    con: duckdb.DuckDBPyConnection, left: str, right: str | None, settings: dict[str, Any], least_weight: float
) -> None:
    """As `scoring.score`, by Splink on Spark."""
    SparkAPI = _splink_api()
    tables = [table for table in (left, right, *(f"frequency_{c}" for c in frequent_columns(settings))) if table]
    with _folder() as folder, _spark(folder) as spark:
        for table in tables:
            con.execute(f"COPY {table} TO {quote(folder / f'{table}.parquet')} (FORMAT parquet)")
        api = SparkAPI(spark_session=spark, break_lineage_method="parquet", num_partitions_on_repartition=PARTITIONS)
        predicted = splink_prediction(
            api, left, right, settings, least_weight, lambda table: spark.read.parquet(str(folder / f"{table}.parquet"))
        )
        answer = folder / "scored.parquet"
        predicted.as_spark_dataframe().selectExpr(*predicted_columns(settings)).write.parquet(str(answer))
        make(con, "scored", f"SELECT * FROM read_parquet({quote(answer / '*.parquet')})")


def _splink_api():
    try:
        from splink.backends.spark import SparkAPI
    except ImportError:
        raise InputError(
            "Spark is not installed here: `pip install phm-utils[spark]`, and Java 17; or leave out `--engine spark`."
        ) from None
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise InputError("Spark needs Java 17, and this machine has none: install it, or leave out `--engine spark`.")
    return SparkAPI


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder of this run alone; it holds identities, and is gone at the end."""
    parent = os.environ.get(TEMP_ENV)
    folder = Path(tempfile.mkdtemp(prefix="phm-spark-", dir=parent))
    try:
        yield folder
    finally:
        for _ in range(REMOVALS):  # Spark clears its own files at the same time, and either may trip over the other
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                break
            time.sleep(0.2)


@contextmanager
def _spark(folder: Path) -> Iterator[Any]:
    """The Spark session at hand, or one of our own with Splink's comparison functions, ended afterwards."""
    from pyspark.sql import SparkSession
    from splink.internals.spark.jar_location import similarity_jar_location

    running = SparkSession.getActiveSession()
    master = os.environ.get(MASTER_ENV, "local[*]")
    stated = {
        "spark.jars": similarity_jar_location(),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(PARTITIONS),
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
    }
    if master.startswith("local"):  # nobody else is to reach it
        stated |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    spark = running or SparkSession.builder.appName("phm link").master(master).config(map=stated).getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    spark.sparkContext.setCheckpointDir(str(folder / "checkpoints"))
    try:
        yield spark
    finally:
        if running is None:
            spark.stop()
            _end_java()


def _end_java() -> None:
    """End the Java process too: it keeps the first session's folder in mind, and would write there again."""
    from pyspark import SparkContext

    gateway, SparkContext._gateway, SparkContext._jvm = SparkContext._gateway, None, None
    if gateway is not None:
        gateway.shutdown()
        if java := getattr(gateway, "proc", None):
            java.stdin.close()
            java.wait()
