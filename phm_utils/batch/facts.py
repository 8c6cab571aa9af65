"""What every report says about its run: `run.json`, made once from the finished store."""

from datetime import date
from typing import Any

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.params import NOTEBOOKS, Workbook
from phm_utils.privacy.disclosure import protect_counts
from phm_utils.tables import TABLES


def person_level(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> dict[str, Any]:
    """Extract dates, practices without fresh data, people counted and permissions of a person-level run."""
    practices = read_sql(con, "SELECT * FROM check_practice ORDER BY practice_code")
    people = read_sql(con, "SELECT pcn_code AS area_code, count(*) AS people FROM person GROUP BY ALL ORDER BY ALL")
    return common(workbook) | {
        "sources": _sources(con),
        "practices": _practices(practices, workbook),
        "people": _people(people, workbook),
        "governance": _governance(con),
    }


def common(workbook: Workbook) -> dict[str, Any]:
    """What the parameter file itself says."""
    return {
        "workbook": workbook.name,
        "title": workbook.title,
        "ics_code": workbook.ics_code,
        "data": workbook.data,
        "synthetic": workbook.synthetic,
        "purpose": workbook.purpose,
        "index_date": workbook.index_date.isoformat(),
        "geography": workbook.geography.model_dump(),
        "disclosure": workbook.disclosure.model_dump(),
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
    """By area: names of practices with nobody registered or no GP event, and of those with an old extract."""
    stale_days = NOTEBOOKS["00_data_quality"].model_fields["stale_days"].default
    stale_days = workbook.notebooks.get("00_data_quality", {}).get("stale_days", stale_days)
    last = pd.to_datetime(practices["last_event_date"])
    newest = min(last.max(), pd.Timestamp(workbook.index_date)) if last.notna().any() else last.max()
    missing = last.isna() | (practices["registered"].fillna(0) == 0)
    stale = ~missing & ((newest - last).dt.days > stale_days)
    found: dict[str, dict[str, list[str]]] = {}
    for area in [workbook.ics_code, *sorted(practices["pcn_code"].dropna().unique())]:
        here = practices["pcn_code"].eq(area) | (area == workbook.ics_code)
        found[area] = {
            "total": int(here.sum()),
            "missing": practices.loc[here & missing, "practice_name"].fillna("unnamed").tolist(),
            "stale": practices.loc[here & stale, "practice_name"].fillna("unnamed").tolist(),
        }
    return found


def _people(people: pd.DataFrame, workbook: Workbook) -> dict[str, int | None]:
    """People counted in each area, as they may be shown: None where suppressed."""
    whole = pd.DataFrame({"area_code": [workbook.ics_code], "people": [people["people"].sum()]})
    people = pd.concat([people.dropna(subset="area_code"), whole], ignore_index=True)
    shown = protect_counts(people["people"], workbook.disclosure)
    return {code: None if pd.isna(n) else int(n) for code, n in zip(people["area_code"], shown, strict=True)}


def _governance(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    rows = read_sql(con, "SELECT * FROM governance_source ORDER BY source").to_dict("records")
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> str:
    """A governance cell as text: dates by day, lists parted by commas, nothing as ''."""
    if isinstance(value, list | tuple) or hasattr(value, "tolist"):
        return ", ".join(str(v) for v in value)
    if value is None or pd.isna(value):
        return ""
    return _day(value) if isinstance(value, date) else str(value)


def _day(value: Any) -> str | None:
    return None if pd.isna(value) else pd.Timestamp(value).date().isoformat()


def published(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> dict[str, Any]:
    """The files, practices and patients of a run on published figures, which need no protection."""
    sources = read_sql(con, "SELECT short_name AS name FROM published_source ORDER BY input")
    practices = read_sql(con, "SELECT pcn_code, registered FROM published_practice WHERE in_practices")
    by_pcn = practices.groupby("pcn_code")["registered"]
    people = by_pcn.sum().astype("int64").to_dict() | {workbook.ics_code: int(practices["registered"].sum())}
    totals = by_pcn.size().to_dict() | {workbook.ics_code: len(practices)}
    return common(workbook) | {
        "sources": [{"name": name, "state": "present", "last_date": None} for name in sources["name"]],
        "practices": {area: {"total": int(n), "missing": [], "stale": []} for area, n in totals.items()},
        "people": people,
        "governance": [],
    }
