"""The people counted in each area, for the head of every report."""

from typing import Any

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.params import Workbook
from phm_utils.privacy.disclosure import protect_counts


def people(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> dict[str, Any]:
    """`people`: those counted in each area, as they may be shown: None where suppressed."""
    counted = read_sql(con, "SELECT pcn_code AS area_code, count(*) AS people FROM person GROUP BY ALL ORDER BY ALL")
    whole = pd.DataFrame({"area_code": [workbook.ics_code], "people": [counted["people"].sum()]})
    counted = pd.concat([counted.dropna(subset="area_code"), whole], ignore_index=True)
    shown = protect_counts(counted["people"], workbook.disclosure)
    return {
        "people": {code: None if pd.isna(n) else int(n) for code, n in zip(counted["area_code"], shown, strict=True)}
    }
