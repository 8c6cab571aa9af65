"""The segments under other thresholds."""

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.methods.rates import with_shares
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.release import Release


def alternatives_release(con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame) -> Release:
    frame = counted(con, "SELECT alternative, pcn_code, segment, people FROM segment_alternative")
    variants = read_sql(con, "SELECT DISTINCT place, alternative FROM segment_alternative ORDER BY place")
    levels = variants[["alternative"]].merge(segments, how="cross")
    frame = by_area(frame, levels, areas)
    frame["registered"] = frame.groupby(["area_code", "alternative"])["people"].transform("sum")
    return Release(
        "segment_alternative",
        "People by segment under other thresholds",
        frame,
        ("area_code", "place", "alternative", "segment"),
        counts=("people", "registered"),
        derive=with_shares,
    )
