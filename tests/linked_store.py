"""Stages that come before the person tables, for tests that start from files."""

from datetime import date
from pathlib import Path

import duckdb

from phm_utils.inputs.check import check
from phm_utils.inputs.code_lists import code_lists
from phm_utils.linkage.link import link
from phm_utils.params import Workbook
from phm_utils.runs import Store


def make_code_lists(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> None:
    """Make `code_list` from the workbook's lists, as they are now."""
    [model] = code_lists(con, workbook)
    con.register("_code_lists", model.frame)
    con.execute("CREATE OR REPLACE TABLE code_list AS SELECT * FROM _code_lists")
    con.unregister("_code_lists")


def check_and_link(con: duckdb.DuckDBPyConnection, workbook: Workbook, folder: Path) -> Store:
    """The store below `folder`, with what the check and link stages make; its tables are readable in `con`."""
    store = Store(folder / "store")
    with store.stage("check", "0" * 12) as writer:
        check(con, workbook, writer, folder / "quarantine", date(2025, 5, 1))
    make_code_lists(con, workbook)
    with store.stage("link", "0" * 12) as writer:
        for model in link(con, workbook):
            writer.add(con, model)
    return store
