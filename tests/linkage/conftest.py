"""Tables on a page: each has all the columns of its form, with only those named filled."""

import duckdb
import pandas as pd
import pytest
from checked_tables import checked_columns, settled

from phm_utils.params import Workbook


def make_table(con, name, rows, form="pseudonymised"):
    """Table `name` from a list of dicts, as the check stage stores it."""
    columns = checked_columns(name, form)
    frame = pd.DataFrame(settled(name, rows), columns=list(columns)).astype(object)
    con.register("_rows", frame.where(frame.notna(), None))
    typed = ", ".join(f"{column}::VARCHAR::{kind} AS {column}" for column, kind in columns.items())
    con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT {typed} FROM _rows")
    con.unregister("_rows")


@pytest.fixture
def con():
    with duckdb.connect(":memory:") as connection:
        yield connection


@pytest.fixture
def table(con):
    return lambda name, rows, form="pseudonymised": make_table(con, name, rows, form)


@pytest.fixture
def workbook():
    return Workbook(
        name="tiny", title="Tiny", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="outputs/none"
    )
