"""Segments by practice or network, deprivation and ethnic group."""

import duckdb
import pandas as pd

from phm_utils.measures.segments import NEEDED_RULES
from phm_utils.methods.discovery import benjamini_hochberg
from phm_utils.methods.overdispersion import MIN_UNITS, outliers
from phm_utils.methods.pooling import pool_proportions
from phm_utils.methods.rates import with_shares
from phm_utils.privacy.blocks import Areas, by_area, by_unit, counted, practice_names
from phm_utils.privacy.relations import AcrossAreas, AcrossUnits, AtMost, Parts
from phm_utils.privacy.release import AREA, PLACE, SHARES, Release, counts, estimate, keys
from phm_utils.rules.groups import ETHNIC_GROUPS, QUINTILES, fifth_sql

FALSE_DISCOVERIES = 0.05  # of the units and segments named, on average
USUAL = ("usual_lower", "usual_upper", "p_adjusted", "pooled")  # what the other practices, or PCNs, predict for each
OF_GROUP = (
    *(AcrossAreas(("people", "registered")), Parts("people", ("segment",), "registered")),
    AtMost("people", "registered"),
)
UNIT = Release(
    "segment_unit",
    "People by segment in each practice of a PCN, or each PCN of the ICS; what the others predict",
    (
        *(AREA, *keys("unit_code", "unit_name"), PLACE, *keys("segment"), *counts("people", "registered"), *SHARES),
        *(estimate(name, "people") for name in USUAL),
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
    return against_others(frame, areas.ics_code)


def against_others(units: pd.DataFrame, ics_code: str) -> pd.DataFrame:
    """The units with `USUAL`: what the others of the whole ICS predict, and the share drawn towards theirs.

    units: one row per `area_code` x unit x `segment`: practices in the blocks of their PCNs, PCNs in the ICS's own;
        true `people` and `registered`. p_adjusted: for false-discovery control over all units of a kind and all
        segments, one family. Missing where fewer than 11 units of a kind have people.
    """
    frame = units.reset_index(drop=True)
    of_ics = frame["area_code"] == ics_code
    parts = [_among_others(part) for _, part in frame.groupby([of_ics, frame["segment"]])]
    found = pd.concat(parts).reindex(frame.index)
    families = [benjamini_hochberg(p, FALSE_DISCOVERIES) for _, p in found["p"].groupby(of_ics)]
    return frame.join(found.drop(columns="p")).assign(p_adjusted=pd.concat(families)["p_adjusted"])


def _among_others(units: pd.DataFrame) -> pd.DataFrame:
    """One kind of units and one segment."""
    people, registered = units["people"].astype(float), units["registered"].astype(float)
    found = outliers(people, registered, kind="proportion")
    frame = found[["lower", "upper", "p"]].rename(columns={"lower": "usual_lower", "upper": "usual_upper"})
    if (registered > 0).sum() <= MIN_UNITS or not 0 < people.sum() < registered.sum():
        return pd.DataFrame(float("nan"), index=units.index, columns=[*frame, "pooled"])
    return frame.assign(pooled=pool_proportions(people, registered)["value"])


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
