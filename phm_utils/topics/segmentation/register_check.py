"""People on each register here, beside published figures."""

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.params import Workbook
from phm_utils.privacy.release import Release


def releases(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> list[Release]:
    """`register_reconciled`, for each network and the ICS."""
    return [_registers(con, workbook)]


def _registers(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Release:
    """One row per area, practice and register for which a figure was published."""
    frame = read_sql(
        con,
        "SELECT reconciled.pcn_code, reconciled.practice_code, "
        "coalesce(practice.practice_name, reconciled.practice_code) AS practice_name, reconciled.register, "
        "reconciled.title, strftime(reconciled.as_at, '%Y-%m-%d') AS as_at, reconciled.published, reconciled.counted "
        "FROM register_reconciled AS reconciled LEFT JOIN practice USING (practice_code)",
    )
    blocks = [frame.rename(columns={"pcn_code": "area_code"}), frame.assign(area_code=workbook.ics_code)]
    return Release(
        "register_reconciled",
        "People on each register and list here, beside published figures; one row per practice and register",
        pd.concat([block.drop(columns="pcn_code", errors="ignore") for block in blocks], ignore_index=True),
        ("area_code", "practice_code", "practice_name", "register", "title", "as_at", "published"),
        counts=("counted",),
        derive=_with_ratio,
    )


def _with_ratio(shown: pd.DataFrame) -> pd.DataFrame:
    """Protected counts with `difference` (people) and `ratio` to what was published."""
    published = shown["published"].astype("Float64")
    return shown.assign(
        difference=shown["counted"] - shown["published"], ratio=shown["counted"] / published.mask(published == 0)
    )
