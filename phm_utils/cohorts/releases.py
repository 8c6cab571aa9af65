"""What the segments and cohorts let out, declared before it is protected."""

import duckdb
import pandas as pd

from phm_utils.cohorts.blocks import (
    NOT_KNOWN,
    QUINTILE_SQL,
    QUINTILES,
    Areas,
    areas_of,
    by_area,
    by_unit,
    counted,
    practice_names,
    with_shares,
)
from phm_utils.cohorts.clusters import cluster_releases
from phm_utils.cohorts.cohort_releases import cohort_releases
from phm_utils.cohorts.condition_overlap import overlap_release
from phm_utils.cohorts.movement import movement_releases
from phm_utils.cohorts.multimorbidity import multimorbidity_release
from phm_utils.cohorts.scores import score_release
from phm_utils.cohorts.segment_rule_releases import rule_releases
from phm_utils.cohorts.segments import ASSESSED
from phm_utils.cohorts.use import available, use_releases
from phm_utils.engine import read_sql
from phm_utils.params import SegmentationParams, Workbook
from phm_utils.privacy.release import Release
from phm_utils.rules.columns import AGE_BANDS, ETHNIC_GROUPS, SEXES
from phm_utils.rules.concepts import long_term_conditions


def releases(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> list[Release]:
    """The aggregates of 02_segmentation and 03_cohorts."""
    areas = areas_of(con, workbook.ics_code)
    missing = set(read_sql(con, "SELECT column_name FROM person_left_out")["column_name"])
    segments = read_sql(con, "SELECT segment FROM segment_rule ORDER BY place")[["segment"]].drop_duplicates()
    made = [
        *use_releases(con, areas, segments, missing),
        _units(con, areas, segments),
        _reasons(con, areas),
        _rules(con, areas),
        *rule_releases(con, areas),
        _alternatives(con, areas, segments),
        _age_sex(con, areas),
        *([] if "imd_quintile" in missing else [_deprivation(con, areas, segments)]),
        _ethnicity(con, areas, segments),
        *([] if "n_conditions" in missing else _of_conditions(con, workbook, areas, segments, missing)),
        *score_release(con, areas, missing),
        *movement_releases(con, areas),
    ]
    return made + cohort_releases(con, areas, missing)


def _of_conditions(
    con: duckdb.DuckDBPyConnection, workbook: Workbook, areas: Areas, segments: pd.DataFrame, missing: set[str]
) -> list[Release]:
    known = [c for c in long_term_conditions() if c.concept not in missing]
    return [
        _conditions(con, areas),
        overlap_release(con, areas, known, workbook.disclosure),
        *([] if "imd_quintile" in missing else [multimorbidity_release(con, areas)]),
        *cluster_releases(con, areas, known, segments, available(missing), seed=_seed(workbook)),
    ]


def _seed(workbook: Workbook) -> int:
    params = workbook.notebook_params("02_segmentation", workbook.ics_code)
    return params.seed if isinstance(params, SegmentationParams) else 0


def _units(con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame) -> Release:
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


def _reasons(con: duckdb.DuckDBPyConnection, areas: Areas) -> Release:
    frame = counted(con, "SELECT pcn_code, segment, reason, count(*) AS people FROM segment GROUP BY ALL")
    levels = read_sql(con, f"SELECT segment, reason FROM segment_rule WHERE state = '{ASSESSED}' ORDER BY place")
    return Release(
        "segment_reason",
        "The first rule that held, by segment: people placed by it",
        by_area(frame, levels, areas),
        ("area_code", "place", "segment", "reason"),
        counts=("people",),
    )


def _rules(con: duckdb.DuckDBPyConnection, areas: Areas) -> Release:
    frame = read_sql(con, "SELECT * FROM segment_rule ORDER BY place")
    return Release(
        "segment_rule",
        "Every rule of the segmentation, whether it was asked, and people in the ICS who meet it",
        frame.assign(area_code=areas.ics_code),
        ("area_code", "place", "segment", "reason", "state", "needs", "reachable"),
        counts=("people_meeting",),
    )


def _alternatives(con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame) -> Release:
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


def _age_sex(con: duckdb.DuckDBPyConnection, areas: Areas) -> Release:
    frame = counted(
        con,
        f"SELECT pcn_code, coalesce(age_band, '{NOT_KNOWN}') AS age_band, sex, count(*) AS people "
        "FROM person GROUP BY ALL",
    )
    bands = [*AGE_BANDS, *([NOT_KNOWN] if (frame["age_band"] == NOT_KNOWN).any() else [])]
    levels = pd.DataFrame({"age_band": bands}).merge(pd.DataFrame({"sex": SEXES}), how="cross")
    frame = by_area(frame, levels, areas)
    frame["registered"] = frame.groupby("area_code")["people"].transform("sum")
    return Release(
        "segment_age_sex",
        "People registered, by age band and sex",
        frame,
        ("area_code", "place", "age_band", "sex"),
        counts=("people", "registered"),
        derive=with_shares,
    )


def _deprivation(con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame) -> Release:
    return Release(
        "segment_deprivation",
        "People by deprivation quintile of their small area and segment; share of the quintile",
        _by_group(con, areas, segments, "quintile", QUINTILE_SQL, QUINTILES),
        ("area_code", "place", "quintile", "segment"),
        counts=("people", "registered"),
        derive=with_shares,
    )


def _ethnicity(con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame) -> Release:
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


def _conditions(con: duckdb.DuckDBPyConnection, areas: Areas) -> Release:
    known = long_term_conditions()
    sums = ", ".join(f"count(*) FILTER (WHERE {c.concept}) AS {c.concept}" for c in known)
    wide = counted(con, f"SELECT pcn_code, count(*) AS registered, {sums} FROM person GROUP BY pcn_code")
    long = wide.melt(["pcn_code", "registered"], var_name="concept", value_name="people")
    long["condition"] = long["concept"].map({c.concept: c.title for c in known})
    levels = pd.DataFrame({"condition": [c.title for c in known]})
    return Release(
        "segment_condition",
        "People with each long-term condition on record, and their share of everybody registered",
        by_area(long.drop(columns="concept"), levels, areas),
        ("area_code", "place", "condition"),
        counts=("people", "registered"),
        derive=with_shares,
    )
