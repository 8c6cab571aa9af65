"""Segments by practice or network, deprivation and ethnic group."""

import duckdb
import pandas as pd

from phm_utils.measures.segments import NEEDED_RULES
from phm_utils.measures.usual_variation import WHY, against_others, cautions, usual_columns, with_why
from phm_utils.methods.discovery import of_one_page
from phm_utils.methods.rates import with_shares
from phm_utils.privacy.blocks import Areas, by_area, by_unit, counted, practice_names
from phm_utils.privacy.relations import AcrossAreas, AcrossUnits, AtMost, Parts
from phm_utils.privacy.release import AREA, PLACE, SHARES, Release, counts, keys
from phm_utils.rules.groups import ETHNIC_GROUPS, QUINTILES, fifth_sql

FAMILIES = 4  # of comparisons on a page of this report, or of its annex
RATE = of_one_page(FAMILIES)
OF_GROUP = (
    *(AcrossAreas(("people", "registered")), Parts("people", ("segment",), "registered")),
    AtMost("people", "registered"),
)
UNIT = Release(
    "segment_unit",
    "People by segment in each practice of a PCN, or each PCN of the ICS; what the others predict",
    (
        *(AREA, *keys("unit_code", "unit_name"), WHY, PLACE, *keys("segment"), *counts("people", "registered")),
        *(*SHARES, *usual_columns("people")),
    ),
    relations=(
        *(AcrossUnits(("people", "registered")), Parts("people", ("segment",), "registered")),
        AtMost("people", "registered"),
    ),
    derive=with_shares,
    part="Segments by practice or PCN",
    needs=NEEDED_RULES,
)
DEPRIVATION = Release(
    "segment_deprivation",
    "People by deprivation quintile of their small area and segment; share of the quintile",
    (AREA, PLACE, *keys("quintile", "segment"), *counts("people", "registered"), *SHARES),
    relations=OF_GROUP,
    derive=with_shares,
    part="Segments by deprivation",
    needs=NEEDED_RULES,
    rests_on=("imd_quintile",),
)
ETHNICITY = Release(
    "segment_ethnicity",
    "People by ethnic group, not stated and not known apart, and segment; share of the group",
    (AREA, PLACE, *keys("ethnic_group", "segment"), *counts("people", "registered"), *SHARES),
    relations=OF_GROUP,
    derive=with_shares,
    part="Segments by ethnic group",
    needs=NEEDED_RULES,
    rests_on=("ethnic_group",),
)


def units(con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame) -> pd.DataFrame:
    """The true figures of UNIT."""
    frame = counted(con, "SELECT practice_code, segment, count(*) AS people FROM segment GROUP BY ALL")
    frame = by_unit(frame, practice_names(con), segments, areas)
    frame["registered"] = frame.groupby(["area_code", "unit_code"])["people"].transform("sum")
    frame = with_why(frame, cautions(con), areas.ics_code)
    return against_others(
        frame, areas.ics_code, "people", "registered", kind="proportion", families=["segment"], rate=RATE
    )


def deprivation(con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame) -> pd.DataFrame:
    """The true figures of DEPRIVATION."""
    return _by_group(con, areas, segments, "quintile", fifth_sql(), QUINTILES)


def ethnicity(con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame) -> pd.DataFrame:
    """The true figures of ETHNICITY."""
    return _by_group(con, areas, segments, "ethnic_group", "ethnic_group", ETHNIC_GROUPS)


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
