"""Synthetic data only: false and missed links by the simulator's truth, by source and group."""

from pathlib import Path

import duckdb

from phm_utils.engine import Model, parquet_source
from phm_utils.errors import InputError
from phm_utils.linkage.queries import grouped, make, query
from phm_utils.params import Workbook
from phm_utils.runs import resolve
from phm_utils.tables import TABLES

KEY = ("source", "characteristic", "category")
COLUMNS = tuple(column.name for column in TABLES["linkage_truth"].columns)


def truth_files(workbook: Workbook) -> list[Path]:
    """The files with the true person of each record; none where the parameter file names no truth.

    Raises InputError where it names a folder without them.
    """
    if workbook.truth is None:
        return []
    found = sorted((resolve(workbook.truth) / "record").glob("*.parquet"))
    if not found:
        raise InputError(
            f"truth: {workbook.truth} has no `record/*.parquet`. Name the folder `truth` that `phm simulate` writes "
            "next to the extracts, or remove the line."
        )
    return found


def truth_model(con: duckdb.DuckDBPyConnection, truth: list[Path], sources: dict[str, str], has_area: bool) -> Model:
    """`link_truth` for pseudonymised records, from the link stage's temporary table `identity_attributes`.

    sources: SQL for no fixed abode, by source.
    """
    records = parquet_source(truth)
    make(con, "true_person", query("true_person", truth=records))
    selects = [
        query("true_record", source=source, key=TABLES[source].key[0], no_fixed_abode=sql, truth=records)
        for source, sql in sources.items()
    ]
    make(con, "true_record", "\nUNION ALL\n".join(selects))
    make(con, "link_outcome", query("link_outcome"))
    return Model("link_truth", key=KEY, sql=truth_sql(has_area))


def truth_sql(has_area: bool) -> str:
    """A query for the columns of `linkage_truth` from the temporary table `link_outcome`."""
    return query("link_truth", grouped=grouped("link_outcome", has_area=has_area))
