"""What the check stage adds to an extract, for tests that lay its tables out by hand."""

import duckdb
import pandas as pd

from phm_utils.inputs.practices import LISTED
from phm_utils.inputs.silence import MONTH_TYPES, PRACTICE_TYPES
from phm_utils.schema import SQL_TYPE, Form
from phm_utils.tables import TABLES


def checked_columns(name: str, form: Form = "pseudonymised") -> dict[str, str]:
    """The columns of a checked table and their SQL types."""
    columns = {c.name: SQL_TYPE[c.type] for c in TABLES[name].for_form(form)} | {"nulled_fields": "VARCHAR"}
    settled = {"standing": "VARCHAR", "of_ics": "BOOLEAN"} if name == "practice" else {}
    return columns | settled


def settled(name: str, rows: list[dict]) -> list[dict]:
    """Rows of a table with what `settled_practices` adds to practices of the ICS."""
    return [{"standing": LISTED, "of_ics": True, **row} for row in rows] if name == "practice" else rows


def nothing_silent(con: duckdb.DuckDBPyConnection) -> None:
    """Make `silent_practice`, `silent_month` and `practice_caution` without rows."""
    cautions = dict.fromkeys(("practice_code", "practice_name", "pcn_code", "why"), "str")
    tables = {"silent_practice": PRACTICE_TYPES, "silent_month": MONTH_TYPES, "practice_caution": cautions}
    for name, types in tables.items():
        con.register("_none", pd.DataFrame(columns=list(types)).astype(types))
        con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM _none")
        con.unregister("_none")
