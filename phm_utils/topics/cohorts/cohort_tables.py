"""The stage that counts each cohort: size, attrition, profile, other characteristics and use."""

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd

from phm_utils.engine import Model, present_tables, read_sql
from phm_utils.measures.cohort_groups import DIMENSIONS
from phm_utils.measures.usual_variation import against_others, cautions, with_why
from phm_utils.params import Workbook
from phm_utils.privacy.blocks import Areas, areas_of, by_area, by_unit, counted, practice_names
from phm_utils.privacy.release import aggregate
from phm_utils.rules.compile import compile_rule
from phm_utils.rules.derived import columns_missing, person_columns
from phm_utils.rules.tree import Rule, parse
from phm_utils.topics.cohorts.alike import group_ratios, size_ratios, with_ratio
from phm_utils.topics.cohorts.cohort_releases import (
    ALSO,
    ALTERNATIVE,
    ATTRITION,
    EVENTS,
    IN_PROGRAMME,
    LEFT_OUT,
    OVERLAP,
    PAIR,
    PROFILE,
    RATE,
    SIZE,
    UNIT,
    USE,
)
from phm_utils.topics.cohorts.pairs import cohort_pairs, cohort_programmes

PERSON = "person_id, pcn_code, practice_code"  # by which a member is found in `person`
COHORT, EVERYBODY = "In the cohort", "Everybody registered"


def cohort_tables(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: true figures of every cohort that this run could count."""
    areas, missing = areas_of(con, workbook.ics_code), set(columns_missing(con))
    if "cohort_left_out" not in present_tables(con):
        return
    frame = read_sql(con, "SELECT cohort, needs FROM cohort_left_out")
    yield aggregate(LEFT_OUT, frame.assign(area_code=areas.ics_code))
    if "cohort_attrition" not in present_tables(con):
        return
    cohorts = read_sql(con, "SELECT DISTINCT cohort FROM cohort_attrition ORDER BY cohort")
    yield aggregate(ATTRITION, _attrition(con, areas))
    yield aggregate(ALTERNATIVE, _alternatives(con, areas))
    yield aggregate(SIZE, _sizes(con, areas, cohorts))
    yield aggregate(UNIT, _units(con, areas, cohorts))
    if {column for *_, column in DIMENSIONS.values()} - missing:
        yield aggregate(PROFILE, _profile(con, areas, cohorts, missing))
    if {rule["column"] for rule in ALSO.values()} - missing:
        yield aggregate(OVERLAP, _overlap(con, areas, cohorts, missing))
    if len(cohorts) > 1:
        yield aggregate(PAIR, cohort_pairs(con, areas, cohorts))
    if len(programmes := cohort_programmes(con, areas, cohorts)):
        yield aggregate(IN_PROGRAMME, programmes)
    yield aggregate(USE, _use(con, areas, cohorts, missing))


def _attrition(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    frame = counted(
        con,
        "SELECT cohort, pcn_code, CAST(step AS VARCHAR) AS step, criterion, sum(people) AS people, "
        "sum(unknown) AS unknown FROM cohort_attrition GROUP BY ALL",
    )
    levels = frame[["cohort", "step", "criterion"]].drop_duplicates()
    levels = levels.sort_values(["cohort", "step"], key=lambda c: c.astype(int) if c.name == "step" else c)
    return by_area(frame, levels, areas)


def _alternatives(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    frame = counted(
        con,
        "SELECT cohort, pcn_code, alternative, min(place) AS placed, sum(people) AS people "
        "FROM cohort_alternative GROUP BY ALL",
    )
    levels = frame.sort_values(["cohort", "placed"])[["cohort", "alternative"]].drop_duplicates()
    return by_area(frame.drop(columns="placed"), levels, areas)


def _sizes(con: duckdb.DuckDBPyConnection, areas: Areas, cohorts: pd.DataFrame) -> pd.DataFrame:
    frame = counted(con, "SELECT cohort, pcn_code, count(*) AS people FROM cohort_member GROUP BY ALL")
    sizes = by_area(frame, cohorts, areas).merge(_registered(con, areas), on="area_code")
    return with_ratio(sizes.merge(size_ratios(con, areas), on=["area_code", "cohort"], how="left"))


def _units(con: duckdb.DuckDBPyConnection, areas: Areas, cohorts: pd.DataFrame) -> pd.DataFrame:
    registered = counted(con, "SELECT practice_code, count(*) AS registered FROM person GROUP BY ALL")
    frame = counted(con, "SELECT cohort, practice_code, count(*) AS people FROM cohort_member GROUP BY ALL")
    frame = registered.merge(cohorts, how="cross").merge(frame, on=["cohort", "practice_code"], how="left")
    blocks = by_unit(frame.fillna({"people": 0}), practice_names(con), cohorts, areas)
    blocks = with_why(blocks, cautions(con), areas.ics_code)
    return against_others(blocks, areas.ics_code, "people", "registered", kind="rate", families=["cohort"], rate=RATE)


def _profile(con: duckdb.DuckDBPyConnection, areas: Areas, cohorts: pd.DataFrame, missing: set[str]) -> pd.DataFrame:
    known = {name: (levels, sql) for name, (levels, sql, column) in DIMENSIONS.items() if column not in missing}
    parts, levels = [], []
    for name, (words, sql) in known.items():
        everybody = counted(
            con,
            f"SELECT pcn_code, '{name}' AS dimension, {sql} AS level, count(*) AS registered FROM person GROUP BY ALL",
        )
        members = counted(
            con,
            f"SELECT cohort, pcn_code, '{name}' AS dimension, {sql} AS level, count(*) AS people "
            "FROM cohort_member INNER JOIN person USING (person_id, pcn_code) GROUP BY ALL",
        )
        keys = ["cohort", "pcn_code", "dimension", "level"]
        parts.append(everybody.merge(cohorts, how="cross").merge(members, on=keys, how="left").fillna({"people": 0}))
        levels.append(pd.DataFrame({"dimension": name, "level": words}))
    frame = by_area(pd.concat(parts), cohorts.merge(pd.concat(levels), how="cross"), areas)
    frame["in_cohort"] = frame.groupby(["area_code", "cohort", "dimension"])["people"].transform("sum")
    keys = ["area_code", "cohort", "dimension", "level"]
    return with_ratio(frame.merge(group_ratios(con, areas, missing), on=keys, how="left"))


def _overlap(con: duckdb.DuckDBPyConnection, areas: Areas, cohorts: pd.DataFrame, missing: set[str]) -> pd.DataFrame:
    asked = {words: parse(rule) for words, rule in ALSO.items() if rule["column"] not in missing}
    members = _characteristics(con, asked, "cohort, pcn_code", f"cohort_member INNER JOIN person USING ({PERSON})")
    everybody = _characteristics(con, asked, "pcn_code", "person").rename(columns={"people": "people_all"})
    long = everybody.merge(cohorts, how="cross").merge(members, how="left", on=["cohort", "pcn_code", "also"])
    frame = by_area(long.fillna({"people": 0}), cohorts.merge(pd.DataFrame({"also": list(asked)}), how="cross"), areas)
    sizes = counted(con, "SELECT cohort, pcn_code, count(*) AS in_cohort FROM cohort_member GROUP BY ALL")
    sizes = by_area(sizes, cohorts, areas).drop(columns="place")
    return frame.merge(sizes, on=["area_code", "cohort"]).merge(_registered(con, areas), on="area_code")


def _characteristics(con: duckdb.DuckDBPyConnection, asked: dict[str, Rule], keys: str, people: str) -> pd.DataFrame:
    """One row per `keys` and characteristic, `also`: how many of `people`, a FROM clause, have it."""
    columns = person_columns()
    sums = [
        f"count(*) FILTER (WHERE {compile_rule(rule, columns)}) AS also_{n}" for n, rule in enumerate(asked.values())
    ]
    wide = counted(con, f"SELECT {keys}, {', '.join(sums)} FROM {people} GROUP BY {keys}")
    long = wide.melt(keys.split(", "), var_name="also", value_name="people").fillna({"people": 0})
    return long.assign(also=long["also"].map({f"also_{n}": words for n, words in enumerate(asked)}))


def _use(con: duckdb.DuckDBPyConnection, areas: Areas, cohorts: pd.DataFrame, missing: set[str]) -> pd.DataFrame:
    known = [name for name in EVENTS if name not in missing]
    sums = ", ".join(["count(*) AS people", *(column for name in known for column in _sums(name))])
    members = counted(
        con,
        f"SELECT cohort, pcn_code, '{COHORT}' AS compared, {sums} FROM cohort_member "
        f"INNER JOIN person USING ({PERSON}) GROUP BY ALL",
    )
    everybody = counted(con, f"SELECT pcn_code, '{EVERYBODY}' AS compared, {sums} FROM person GROUP BY ALL")
    frame = pd.concat([members, everybody.merge(cohorts, how="cross")])
    levels = cohorts.merge(pd.DataFrame({"compared": [COHORT, EVERYBODY]}), how="cross")
    return _with_errors(by_area(frame, levels, areas), known)


def _with_errors(frame: pd.DataFrame, events: list[str]) -> pd.DataFrame:
    """The standard error of the logarithm of each rate: from the variance between people, and no less than chance's."""
    people = frame["people"]
    for name in events:
        total = frame[name].where(frame[name] > 0)
        between = (frame[f"{name}_squared"] - total**2 / people) * people / (people - 1).where(people > 1)
        frame[f"{name}_error"] = np.sqrt(np.maximum(between, total)) / total
    return frame


def _registered(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    """Everybody registered in each PCN and in the ICS."""
    frame = counted(con, "SELECT pcn_code AS area_code, count(*) AS registered FROM person GROUP BY ALL")
    whole = pd.DataFrame({"area_code": [areas.ics_code], "registered": [frame["registered"].sum()]})
    return pd.concat([frame, whole], ignore_index=True)


def _sums(event: str) -> tuple[str, ...]:
    """SQL: a count of events, the distinct people behind it, and each person's number squared."""
    return (
        f"sum({event}) AS {event}",
        f"count(*) FILTER (WHERE {event} > 0) AS {event}_people",
        f"sum({event} * {event}) AS {event}_squared",
    )
