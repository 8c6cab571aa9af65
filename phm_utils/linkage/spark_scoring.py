"""Pairs scored on Spark: the same settings on Splink's Spark backend, for those with more than one machine.

The cleaned identities go to Spark as Parquet files in the session's own
folder, and the scored pairs come back the same way; everything before and
after runs on DuckDB.
"""

from typing import Any

import duckdb

from phm_utils.engine import quote
from phm_utils.engine.spark import PARTITIONS, require_spark, spark_folder, spark_session
from phm_utils.linkage.queries import make
from phm_utils.linkage.scoring import frequent_columns, predicted_columns, splink_prediction


def score(
    con: duckdb.DuckDBPyConnection, left: str, right: str | None, settings: dict[str, Any], least_weight: float
) -> None:
    """As `scoring.score`, by Splink on Spark. An own session has Splink's comparison functions."""
    require_spark()
    from splink.backends.spark import SparkAPI
    from splink.internals.spark.jar_location import similarity_jar_location

    tables = [table for table in (left, right, *(f"frequency_{c}" for c in frequent_columns(settings))) if table]
    with spark_folder() as folder, spark_session(folder, jars=similarity_jar_location()) as spark:
        for table in tables:
            con.execute(f"COPY {table} TO {quote(folder / f'{table}.parquet')} (FORMAT parquet)")
        api = SparkAPI(spark_session=spark, break_lineage_method="parquet", num_partitions_on_repartition=PARTITIONS)
        predicted = splink_prediction(
            api, left, right, settings, least_weight, lambda table: spark.read.parquet(str(folder / f"{table}.parquet"))
        )
        answer = folder / "scored.parquet"
        predicted.as_spark_dataframe().selectExpr(*predicted_columns(settings)).write.parquet(str(answer))
        make(con, "scored", f"SELECT * FROM read_parquet({quote(answer / '*.parquet')})")
