"""Pairs of identities scored by Splink, on DuckDB or on Spark, with the same settings."""

import logging
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import duckdb
from splink import Linker
from splink.backends.duckdb import DuckDBAPI

from phm_utils.linkage.comparisons import (
    BLOCKING,
    COMPARED,
    MOST_WIDE_PAIRS,
    SWAPPED_NAMES,
    WIDE_BLOCKING,
    rule,
)
from phm_utils.linkage.identity import make
from phm_utils.linkage.model import LinkageModel

ID = "identity_id"
# (con, left table, right table or None, settings, least weight) -> makes the table `scored`
Scorer = Callable[[duckdb.DuckDBPyConnection, str, str | None, dict[str, Any], float], None]
logging.getLogger("splink").setLevel(logging.ERROR)  # its warnings quote SQL with table contents' names


def compared_columns() -> str:
    """SQL for the columns that Splink is given of a table like `identity`."""
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
    """The rules for two tables: the standing ones, and each wide one that catches few enough pairs of them."""
    wide = [keys for keys in WIDE_BLOCKING if _pairs(con, left, right, keys) <= MOST_WIDE_PAIRS]
    return [*map(rule, BLOCKING), SWAPPED_NAMES, *map(rule, wide)]


def _pairs(con: duckdb.DuckDBPyConnection, left: str, right: str, keys: tuple[str, ...]) -> int:
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
    predict_with(api, con, left, right, settings, least_weight, lambda table: table)
    api.delete_tables_created_by_splink_from_db()


def predict_with(api, con, left, right, settings, least_weight, handed: Callable[[str], Any]):
    """Run Splink's prediction with one of its backends; `handed` makes a DuckDB table known to that backend."""
    inputs = [
        api.register(handed(table), dataset_display_name=f"side_{n}") for n, table in enumerate([left, right]) if table
    ]
    linker = Linker(inputs, settings, log_level=None, validate_settings=False)
    for column in frequent_columns(settings):
        lookup = api.register(handed(f"frequency_{column}"))
        linker.table_management.register_term_frequency_lookup(lookup, column)
    predicted = linker.inference.predict(threshold_match_weight=least_weight, warning_mode="never")
    names = [c["output_column_name"] for c in settings["comparisons"]]
    make(con, "scored", _scored(predicted.physical_name, names, settings))


def _scored(predicted: str, names: list[str], settings: dict[str, Any]) -> str:
    parts = ", ".join(f"gamma_{n}::INTEGER AS gamma_{n}, {_bits(n, settings)} AS bits_{n}" for n in names)
    ids = f"{ID}_l AS left_id, {ID}_r AS right_id"
    return f"SELECT {ids}, round(match_weight, 6) AS match_weight, {parts} FROM {predicted}"


def _bits(name: str, settings: dict[str, Any]) -> str:
    """A comparison's part of the weight, with what the frequency of its value adds."""
    [one] = [c for c in settings["comparisons"] if c["output_column_name"] == name]
    frequent = any("tf_adjustment_column" in level for level in one["comparison_levels"])
    return f"round(mw_{name}{f' + mw_tf_adj_{name}' if frequent else ''}, 6)"


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
