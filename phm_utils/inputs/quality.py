"""What the data-quality report shows, declared for release.

Rows of a table are not people, but a few rows of one practice may point at
one: every count goes through disclosure control like any other. `phm check`
prints the exact figures to the analyst.
"""

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.params import Workbook
from phm_utils.privacy.release import Release
from phm_utils.tables import LINKAGE_TABLES, TABLES


def releases(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> list[Release]:
    """Rows, fields and sources of the whole ICS; completeness and practices by PCN and for the ICS."""
    return [
        _tables(con, workbook),
        _fields(con, workbook),
        _completeness(con, workbook),
        _practices(con, workbook),
        _sources(con, workbook),
    ]


def _titled(frame: pd.DataFrame) -> pd.DataFrame:
    """With the tables' titles; without the aggregates of `phm link`, which are no extract's."""
    frame = frame[~frame["table_name"].isin(LINKAGE_TABLES)]
    titles = {name: table.title for name, table in TABLES.items()} | {"boundary": "Outlines of small areas"}
    return frame.assign(title=frame["table_name"].map(titles))


def _tables(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Release:
    frame = _titled(read_sql(con, "SELECT * FROM check_table")).assign(area_code=workbook.ics_code)
    for column in ("first_date", "last_date"):
        frame[column] = frame[column].dt.strftime("%Y-%m-%d").fillna("")
    frame["place"] = [[*TABLES, "boundary"].index(name) for name in frame["table_name"]]
    return Release(
        "quality_tables",
        "What became of every row, one row per table of the ICS",
        frame,
        keys=("area_code", "place", "table_name", "title", "source", "state", "first_date", "last_date"),
        counts=("rows_in", "rows_kept", "rows_nulled", "rows_quarantined"),
    )


def _fields(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Release:
    frame = _titled(read_sql(con, "SELECT * FROM check_field")).assign(area_code=workbook.ics_code)
    return Release(
        "quality_fields",
        "Faults and documented nulls, one row per table, column, rule and what became of it",
        frame,
        keys=("area_code", "table_name", "title", "column_name", "rule", "disposition"),
        counts=("rows",),
    )


def _completeness(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Release:
    frame = _titled(read_sql(con, "SELECT * FROM check_completeness"))
    columns = {(t.name, c.name): place for t in TABLES.values() for place, c in enumerate(t.columns)}
    frame["place"] = [columns[key] for key in zip(frame["table_name"], frame["column_name"], strict=True)]
    return Release(
        "quality_completeness",
        "Rows kept and rows with the field filled, one row per table and column",
        frame,
        keys=("area_code", "table_name", "title", "place", "column_name"),
        counts=("rows", "filled"),
        derive=_share_filled,
    )


def _share_filled(shown: pd.DataFrame) -> pd.DataFrame:
    return shown.assign(share=(shown["filled"] / shown["rows"].where(shown["rows"] > 0)).clip(upper=1))


def _practices(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Release:
    """Each practice, in its PCN's block and in the ICS's: a stale one must be named, whoever reads."""
    frame = read_sql(con, "SELECT * FROM check_practice")
    last = frame["last_event_date"]
    newest = min(last.max(), pd.Timestamp(workbook.index_date)) if last.notna().any() else pd.NaT
    frame["days_behind"] = (newest - last).dt.days.clip(lower=0).astype("Int64")
    frame["last_event"] = last.dt.strftime("%Y-%m-%d").fillna("")
    frame = frame.rename(columns={"practice_code": "unit_code", "practice_name": "unit_name"})
    blocks = pd.concat([frame.assign(area_code=workbook.ics_code), frame.assign(area_code=frame["pcn_code"])])
    return Release(
        "quality_practices",
        "How fresh each practice's events are, and its list in the extract and as published",
        blocks,
        keys=("area_code", "unit_code", "unit_name", "pcn_code", "last_event", "days_behind"),
        counts=("registered", "published_list_size"),
        derive=_list_gap,
    )


def _list_gap(shown: pd.DataFrame) -> pd.DataFrame:
    published = shown["published_list_size"].where(shown["published_list_size"] > 0)
    return shown.assign(gap=shown["registered"] / published - 1)


def _sources(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Release:
    frame = read_sql(con, "SELECT * FROM governance_source").assign(area_code=workbook.ics_code)
    keys = tuple(c for c in frame if c not in ("area_code", "source"))
    return Release("quality_sources", "Who permits the use of each source", frame, keys=("area_code", "source", *keys))
