"""Pairs of identities scored by Splink, on DuckDB or on Spark, with the same settings."""

import logging
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import duckdb
from splink import Linker
from splink.backends.duckdb import DuckDBAPI
from splink.internals.database_api import DatabaseAPI
from splink.internals.splink_dataframe import SplinkDataFrame

from phm_utils.linkage.comparisons import (
    BLOCKING,
    COMPARED,
    MOST_WIDE_PAIRS,
    SWAPPED_NAMES,
    WIDE_BLOCKING,
    rule,
)
from phm_utils.linkage.model import LinkageModel
from phm_utils.linkage.queries import make

ID = "identity_id"
# (con, left table, right table or None, settings, least weight) -> makes the table `scored`
Scorer = Callable[[duckdb.DuckDBPyConnection, str, str | None, dict[str, Any], float], None]
logging.getLogger("splink").setLevel(logging.ERROR)  # its warnings quote SQL with table contents' names


def compared_columns() -> str:
    """SQL for the columns of `identity` that Splink compares."""
    return ", ".join(f"{sql} AS {name}" for name, sql in COMPARED.items())


def settings_for(model: LinkageModel, *, people: int, rules: list[str], link_type: str) -> dict[str, Any]:
    """The model as Splink's settings for one task."""
    return deepcopy(model.splink) | {
        "link_type": link_type,
        "unique_id_column_name": ID,
        "probability_two_random_records_match": model.prior(people),
        "blocking_rules_to_generate_predictions": [{"blocking_rule": rule, "sql_dialect": "duckdb"} for rule in rules],
        "retain_matching_columns": True,  # brings the level numbers
        "retain_intermediate_calculation_columns": True,
    }


def blocking_rules(con: duckdb.DuckDBPyConnection, left: str, right: str) -> list[str]:
    """The rules for two tables: BLOCKING, and each of WIDE_BLOCKING that yields few enough pairs."""
    wide = [keys for keys in WIDE_BLOCKING if pairs_of(con, left, right, keys) <= MOST_WIDE_PAIRS]
    return [*map(rule, BLOCKING), SWAPPED_NAMES, *map(rule, wide)]


def pairs_of(con: duckdb.DuckDBPyConnection, left: str, right: str, keys: tuple[str, ...]) -> int:
    """How many pairs have equal keys, without making them."""
    counted = [
        f"(SELECT {', '.join(f'{key} AS k{i}' for i, key in enumerate(keys))}, count(*) AS n FROM {table} GROUP BY ALL)"
        for table in (left, right)
    ]
    names = ", ".join(f"k{i}" for i in range(len(keys)))
    joined = f"{counted[0]} AS l INNER JOIN {counted[1]} AS r USING ({names})"
    return con.execute(f"SELECT coalesce(sum(l.n * r.n), 0)::BIGINT FROM {joined}").fetchall()[0][0]


def score(
    con: duckdb.DuckDBPyConnection, left: str, right: str | None, settings: dict[str, Any], least_weight: float
) -> None:
    """Make the temporary table `scored` by Splink on DuckDB.

    left, right: tables of `identity_id` and the columns of `COMPARED`; with
    one table alone its rows are compared among themselves. Their frequent
    values' tables are `frequency_<column>`.
    scored: one row per pair of at least `least_weight`: `left_id`, `right_id`,
    `match_weight` (bits), and per comparison `gamma_<name>` (its level) and
    `bits_<name>` (its part of the weight).
    """
    api = DuckDBAPI(con)
    predicted = splink_prediction(api, left, right, settings, least_weight, lambda table: table)
    make(con, "scored", f"SELECT {', '.join(predicted_columns(settings))} FROM {predicted.physical_name}")
    api.delete_tables_created_by_splink_from_db()


def splink_prediction(
    api: DatabaseAPI,
    left: str,
    right: str | None,
    settings: dict[str, Any],
    least_weight: float,
    to_backend: Callable[[str], Any],
) -> SplinkDataFrame:
    """Splink's prediction with one of its backends; `to_backend` converts a table's name to that backend's input."""
    tables = [left] if right is None else [left, right]
    inputs = [api.register(to_backend(table), dataset_display_name=f"side_{n}") for n, table in enumerate(tables)]
    linker = Linker(inputs, settings, log_level=None, validate_settings=False)
    for column in frequent_columns(settings):
        lookup = api.register(to_backend(f"frequency_{column}"))
        linker.table_management.register_term_frequency_lookup(lookup, column)
    return linker.inference.predict(threshold_match_weight=least_weight, warning_mode="never")


def predicted_columns(settings: dict[str, Any]) -> list[str]:
    """The columns of `scored`, each as SQL over Splink's prediction."""
    columns = [f"{ID}_l AS left_id", f"{ID}_r AS right_id", "round(match_weight, 6) AS match_weight"]
    for one in settings["comparisons"]:
        name = one["output_column_name"]
        frequent = any("tf_adjustment_column" in level for level in one["comparison_levels"])
        bits = f"mw_{name} + mw_tf_adj_{name}" if frequent else f"mw_{name}"
        columns += [f"CAST(gamma_{name} AS INTEGER) AS gamma_{name}", f"round({bits}, 6) AS bits_{name}"]
    return columns


def frequent_columns(settings: dict[str, Any]) -> list[str]:
    """Columns whose frequent values count less."""
    return sorted(
        {
            level["tf_adjustment_column"]
            for comparison in settings["comparisons"]
            for level in comparison["comparison_levels"]
            if "tf_adjustment_column" in level
        }
    )
