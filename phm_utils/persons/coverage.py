"""What can be known of people in this run: the days counted, and what is left out."""

import duckdb

from phm_utils.engine import read_sql
from phm_utils.params import Workbook
from phm_utils.privacy.release import Release


def releases(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> list[Release]:
    """Windows and gaps for the ICS, whose sources are extracted whole; registers for each network as well."""
    return _windows(con, workbook)


def _windows(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> list[Release]:
    days = ("from_date", "to_date", "prior_from", "prior_to")
    windows = read_sql(
        con,
        f"SELECT source, {', '.join(f'strftime({d}, $form) AS {d}' for d in days)}, complete "
        "FROM activity_window ORDER BY source",
        {"form": "%Y-%m-%d"},
    )
    left = read_sql(con, "SELECT table_name, column_name, what FROM person_left_out ORDER BY ALL")
    return [
        Release(
            "activity_window",
            "Days over which each source's contacts are counted, and the 12 months before",
            windows.assign(area_code=workbook.ics_code),
            ("area_code", "source", *days, "complete"),
        ),
        Release(
            "person_left_out",
            "What is not known about anybody in this run, because a table is absent or too short",
            left.assign(area_code=workbook.ics_code),
            ("area_code", "table_name", "column_name", "what"),
        ),
    ]
