"""What the segments and cohorts let out, declared before it is protected."""

from functools import partial

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
    with_rates,
    with_shares,
)
from phm_utils.cohorts.cohort_releases import cohort_releases
from phm_utils.cohorts.segments import ASSESSED
from phm_utils.engine import read_sql
from phm_utils.params import Workbook
from phm_utils.privacy.release import Release
from phm_utils.rules.columns import ACTIVITIES, AGE_BANDS, SEXES
from phm_utils.rules.concepts import concepts


def releases(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> list[Release]:
    """The aggregates of 02_segmentation and 03_cohorts."""
    areas = areas_of(con, workbook.ics_code)
    missing = set(read_sql(con, "SELECT column_name FROM person_left_out")["column_name"])
    segments = read_sql(con, "SELECT segment FROM segment_rule ORDER BY place")[["segment"]].drop_duplicates()
    made = [
        _size(con, areas, segments, missing),
        _units(con, areas, segments),
        _reasons(con, areas),
        _rules(con, areas),
        _alternatives(con, areas, segments),
        _age_sex(con, areas),
        *([] if "imd_quintile" in missing else [_deprivation(con, areas, segments)]),
        *([] if "n_conditions" in missing else [_conditions(con, areas)]),
    ]
    return made + cohort_releases(con, areas, missing)


def available(missing: set[str]) -> tuple[str, ...]:
    """The activity counts of `person` that this run has."""
    return tuple(f"{a}_12m" for a in ACTIVITIES if f"{a}_12m" not in missing)


def _size(con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame, missing: set[str]) -> Release:
    events = available(missing)
    costed = "cost_pence_12m" not in missing
    summed = [f"sum({c}) AS {c}" for c in (*events, *(["cost_pence_12m"] if costed else []))]
    frame = counted(
        con,
        f"SELECT pcn_code, segment, count(*) AS people{''.join(', ' + s for s in summed)} "
        "FROM segment INNER JOIN person USING (person_id, pcn_code) GROUP BY ALL",
    )
    frame = by_area(frame, segments, areas)
    frame["registered"] = frame.groupby("area_code")["people"].transform("sum")
    estimates = {}
    if costed:
        frame["cost_gbp"] = frame["cost_pence_12m"] / 100
        frame["cost_all_gbp"] = frame.groupby("area_code")["cost_gbp"].transform("sum")
        frame["cost_per_person_gbp"] = frame["cost_gbp"] / frame["people"]
        estimates = {"cost_gbp": "people", "cost_all_gbp": "registered", "cost_per_person_gbp": "people"}
    return Release(
        "segment_size",
        "People, contacts and cost by segment, 12 months; rates per 1,000 people; one row per segment",
        frame,
        ("area_code", "place", "segment"),
        counts=("people", "registered", *events),
        estimates=estimates,
        derive=partial(_with_size, events=events),
    )


def _with_size(shown: pd.DataFrame, *, events: tuple[str, ...]) -> pd.DataFrame:
    shown = with_rates(with_shares(shown), events=events)
    return shown.assign(cost_share=shown["cost_gbp"] / shown["cost_all_gbp"]) if "cost_gbp" in shown else shown


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
    frame = counted(
        con,
        f"SELECT pcn_code, segment, {QUINTILE_SQL} AS quintile, count(*) AS people "
        "FROM segment INNER JOIN person USING (person_id, pcn_code) GROUP BY ALL",
    )
    levels = pd.DataFrame({"quintile": QUINTILES}).merge(segments, how="cross")
    frame = by_area(frame, levels, areas)
    frame["registered"] = frame.groupby(["area_code", "quintile"])["people"].transform("sum")
    return Release(
        "segment_deprivation",
        "People by deprivation quintile of their small area and segment; share of the quintile",
        frame,
        ("area_code", "place", "quintile", "segment"),
        counts=("people", "registered"),
        derive=with_shares,
    )


def _conditions(con: duckdb.DuckDBPyConnection, areas: Areas) -> Release:
    known = [c for c in concepts() if c.kind == "condition" and c.long_term_condition]
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
