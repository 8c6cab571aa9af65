"""Segments by practice or network, deprivation and ethnic group."""

import duckdb
import pandas as pd

from phm_utils.methods.rates import with_shares
from phm_utils.privacy.blocks import Areas, by_area, by_unit, counted, practice_names
from phm_utils.privacy.release import Release
from phm_utils.rules.columns import ETHNIC_GROUPS
from phm_utils.rules.groups import QUINTILE_SQL, QUINTILES


def units_release(con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame) -> Release:
    frame = counted(con, "SELECT practice_code, segment, count(*) AS people FROM segment GROUP BY ALL")
    frame = by_unit(frame, practice_names(con), segments, areas)
    frame["registered"] = frame.groupby(["area_code", "unit_code"])["people"].transform("sum")
    return Release(
        "segment_unit",
        "People by segment in each practice of a PCN, or each PCN of the ICS",
        frame,
        ("area_code", "unit_code", "unit_name", "place", "segment"),
        counts=("people", "registered"),
        derive=with_shares,
    )


def deprivation_release(con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame) -> Release:
    return Release(
        "segment_deprivation",
        "People by deprivation quintile of their small area and segment; share of the quintile",
        _by_group(con, areas, segments, "quintile", QUINTILE_SQL, QUINTILES),
        ("area_code", "place", "quintile", "segment"),
        counts=("people", "registered"),
        derive=with_shares,
    )


def ethnicity_release(con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame) -> Release:
    return Release(
        "segment_ethnicity",
        "People by ethnic group, not stated and not known apart, and segment; share of the group",
        _by_group(con, areas, segments, "ethnic_group", "ethnic_group", ETHNIC_GROUPS),
        ("area_code", "place", "ethnic_group", "segment"),
        counts=("people", "registered"),
        derive=with_shares,
    )


def _by_group(
    con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame, name: str, sql: str, groups: tuple[str, ...]
) -> pd.DataFrame:
    """People by area, group and segment, with everybody of the group as `registered`."""
    frame = counted(
        con,
        f"SELECT pcn_code, segment, {sql} AS {name}, count(*) AS people "
        "FROM segment INNER JOIN person USING (person_id, pcn_code) GROUP BY ALL",
    )
    frame = by_area(frame, pd.DataFrame({name: groups}).merge(segments, how="cross"), areas)
    frame["registered"] = frame.groupby(["area_code", name])["people"].transform("sum")
    return frame
