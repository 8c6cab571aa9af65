"""Rows of some lists of people and addresses as the landing folder has them: whatever is known of anybody registered.

Nothing but the lists is read: no registration, no opt-out, and of the person on a list nothing but the address.
"""

from collections.abc import Collection

import duckdb
import pandas as pd

from phm_utils.engine import guarded, read_sql
from phm_utils.inputs.governance import OF_LISTS
from phm_utils.inputs.landing_files import present_tables
from phm_utils.inputs.mapping import load_mapping
from phm_utils.inputs.on_the_day import open_today
from phm_utils.params import Workbook

COLUMNS = ["table_name", "list_name", "value", "household_token", "list_date"]


def lists_today(con: duckdb.DuckDBPyConnection, workbook: Workbook, lists: Collection[tuple[str, str]]) -> pd.DataFrame:
    """One row per row of some lists that the check would take: COLUMNS; missing where a row does not say.

    con: a session of its own. workbook: of a pseudonymised landing. lists: table of OF_LISTS and name of each.
    """
    found, _ = present_tables(workbook, load_mapping(workbook))
    parts = [pd.DataFrame(columns=COLUMNS)]
    with guarded("Reading the lists of the recipient"):
        for table in (table for table in OF_LISTS if table in found):
            if names := sorted(name for of, name in lists if of == table):
                parts += _rows(con, workbook, table, names)
    rows = pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)
    rows = rows.astype(dict.fromkeys(COLUMNS[:-1], "str"))
    return rows.assign(list_date=pd.to_datetime(rows["list_date"])).sort_values(COLUMNS, ignore_index=True)


def _rows(con: duckdb.DuckDBPyConnection, workbook: Workbook, table: str, names: list[str]) -> list[pd.DataFrame]:
    extract = open_today(con, workbook, table)
    columns = [c.name for c in extract.table.columns if c.name in COLUMNS]
    extract.list_valid_values(con, columns)
    said = {name: name if name in columns else f"CAST(NULL AS VARCHAR) AS {name}" for name in COLUMNS[1:]}
    return [
        read_sql(
            con,
            f"SELECT $table AS table_name, {', '.join(said.values())} FROM ({extract.values_sql(file, columns)}) "
            "WHERE reason IS NULL AND list_contains($names, list_name)",
            {"table": table, "names": names},
        )
        for file in extract.files
    ]
