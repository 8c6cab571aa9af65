"""The extracts behind every report: their last days, practices without recent data, permissions."""

from datetime import date
from typing import Any

import duckdb
import pandas as pd

from phm_utils.engine import present_tables, read_sql
from phm_utils.inputs.alarms import on_a_page
from phm_utils.inputs.practice_caution import days_behind
from phm_utils.inputs.quality_params import DataQualityParams
from phm_utils.params import Workbook
from phm_utils.tables import TABLES


def extracts(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> dict[str, Any]:
    """`sources`, `accepted`, `practices` and `places` by area, and `governance` of a person-level run."""
    practices = read_sql(
        con,
        "SELECT *, practice_code IN (SELECT practice_code FROM silent_practice WHERE left_out) AS left_out "
        "FROM check_practice ORDER BY practice_code",
    )
    return {
        "sources": _sources(con),
        "accepted": [on_a_page(name) for name in read_sql(con, "SELECT name FROM check_alarm ORDER BY name")["name"]],
        "practices": _practices(practices, workbook),
        "places": _place_names(con),
        "governance": _governance(con),
    }


def _sources(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """One row per table of the extract that holds dated rows, and each that is absent."""
    checked = read_sql(con, "SELECT * FROM check_table ORDER BY table_name")
    rows = []
    for row in checked.itertuples():
        table = TABLES.get(row.table_name)
        if table is None or (row.state == "present" and table.date is None):
            continue
        present = row.state == "present"
        rows.append({"name": table.title, "state": row.state, "last_date": _day(row.last_date) if present else None})
    return rows


def _practices(practices: pd.DataFrame, workbook: Workbook) -> dict[str, dict[str, list[str]]]:
    """By area: names of practices that are not counted, because nobody is registered there or their GP records
    fell silent, and of those with an old extract.

    `dated`: does the run know any practice's last event? Without, nobody's extract is old.
    """
    named = practices["practice_name"].fillna(practices["practice_code"])
    stale_days = DataQualityParams.run_values(workbook)["stale_days"]
    last = pd.to_datetime(practices["last_event_date"])
    dated = bool(last.notna().any())
    missing = (last.isna() & dated) | (practices["registered"].fillna(0) == 0) | practices["left_out"]
    stale = ~missing & (days_behind(last, workbook) > stale_days).fillna(False)
    found: dict[str, dict[str, Any]] = {}
    for area in [workbook.ics_code, *sorted(practices["pcn_code"].dropna().unique())]:
        in_area = practices["pcn_code"].eq(area) | (area == workbook.ics_code)
        found[area] = {
            "total": int(in_area.sum()),
            "dated": dated,
            "missing": named[in_area & missing].tolist(),
            "stale": named[in_area & stale].tolist(),
        }
    return found


def _place_names(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The name of the place (Sub ICB Location) of each PCN whose practices all lie in one."""
    if "practice" not in present_tables(con):
        return {}
    rows = con.execute(
        "SELECT pcn_code, min(coalesce(sub_icb_name, sub_icb_code)) FROM practice GROUP BY pcn_code "
        "HAVING count(DISTINCT coalesce(sub_icb_code, sub_icb_name)) = 1 ORDER BY pcn_code"
    ).fetchall()
    return dict(rows)


def _governance(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    rows = read_sql(con, "SELECT * FROM governance_source ORDER BY source").to_dict("records")
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> str:
    """A governance cell as text: dates by day, lists parted by commas, null as ''."""
    if isinstance(value, list | tuple) or hasattr(value, "tolist"):
        return ", ".join(str(v) for v in value)
    if value is None or pd.isna(value):
        return ""
    return pd.Timestamp(value).date().isoformat() if isinstance(value, date) else str(value)


def _day(value: Any) -> str | None:
    return None if pd.isna(value) else pd.Timestamp(value).date().isoformat()
