"""Releases of each cohort: size, attrition, profile, other characteristics and use."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from phm_utils.engine import Model, present_tables, read_sql
from phm_utils.measures.usual_variation import WHY, against_others, cautions, usual_columns, with_why
from phm_utils.methods.discovery import of_one_page
from phm_utils.methods.rates import with_rates, with_shares
from phm_utils.params import Workbook
from phm_utils.privacy.blocks import Areas, areas_of, by_area, by_unit, counted, practice_names
from phm_utils.privacy.relations import AcrossAreas, AcrossUnits, AtMost, Parts, Steps
from phm_utils.privacy.release import AREA, PLACE, SHARES, Release, aggregate, count, counts, derived, estimate, keys
from phm_utils.rules.columns import ACTIVITIES
from phm_utils.rules.derived import columns_missing, person_columns
from phm_utils.rules.groups import BROAD_AGES, ETHNIC_GROUPS, NOT_KNOWN, QUINTILES, SEXES, fifth_sql
from phm_utils.rules.tree import Rule, compile_rule, parse

PERSON = "person_id, pcn_code, practice_code"  # by which a member is found in `person`
FAMILIES = 4  # of comparisons in the report: units, groups, other characteristics and contacts
RATE = of_one_page(FAMILIES)
COHORT, EVERYBODY = "In the cohort", "Everybody registered"
# Each way to break a cohort down: its levels in order, their SQL, and the column it needs.
DIMENSIONS = {
    "Age": ((*BROAD_AGES.names, NOT_KNOWN), BROAD_AGES.sql(unknown=NOT_KNOWN), "age"),
    "Sex": (SEXES, "sex", "sex"),
    "Deprivation": (QUINTILES, fifth_sql(), "imd_quintile"),
    "Ethnic group": (ETHNIC_GROUPS, "ethnic_group", "ethnic_group"),
}
# Other characteristics of a cohort's members, as rules.
ALSO: dict[str, dict[str, Any]] = {
    "On the palliative care register": {"column": "palliative_care", "op": "is", "value": True},
    "Severe mental illness": {"column": "smi", "op": "is", "value": True},
    "Learning disability": {"column": "learning_disability", "op": "is", "value": True},
    "Dementia": {"column": "dementia", "op": "is", "value": True},
    "Four or more long-term conditions": {"column": "n_conditions", "op": "at least", "value": 4},
    "Smoker": {"column": "smoking_status", "op": "is", "value": "Current"},
    "Housebound": {"column": "housebound", "op": "is", "value": True},
    "Is a carer": {"column": "carer", "op": "is", "value": True},
    "Signals of no fixed abode": {"column": "no_fixed_abode", "op": "is", "value": True},
    "Lives in a probable care home": {"column": "probable_care_home", "op": "is", "value": True},
    "Adult social care service open": {"column": "asc_open", "op": "is", "value": True},
    "Named on two or more partner lists": {"column": "partner_lists", "op": "at least", "value": 2},
    "Emergency admission in 12 months": {"column": "emergency_admissions_12m", "op": "at least", "value": 1},
}
EVENTS = tuple(f"{name}_12m" for name in ACTIVITIES)


def _with_both_shares(shown: pd.DataFrame) -> pd.DataFrame:
    """The share of the cohort with limits, and that of everybody registered, from protected counts."""
    everybody = shown["people_all"] / shown["registered"].where(shown["registered"] > 0)
    return with_shares(shown, of="in_cohort").assign(share_all=everybody.clip(upper=1))


# Of every table here, for a run that lacks it: the part of the report, and what the run would need.
PART, NEEDS = "The chosen cohorts", "what their criteria ask for"
LEFT_OUT = Release(
    "cohort_left_out",
    "Cohorts that could not be counted, and the tables that they need",
    (AREA, *keys("cohort", "needs")),
    may_be_empty=True,
)
ATTRITION = Release(
    "cohort_attrition",
    "People left after each criterion of a cohort, in order; step 0 is everybody registered",
    (AREA, PLACE, *keys("cohort", "step", "criterion"), count("people")),
    relations=(AcrossAreas(("people",)), Steps("people", "step")),
    part=PART,
    needs=NEEDS,
)
ALTERNATIVE = Release(
    "cohort_alternative",
    "People in a cohort under other thresholds",
    (AREA, PLACE, *keys("cohort", "alternative"), count("people")),
    relations=(AcrossAreas(("people",)),),
    part=PART,
    needs=NEEDS,
)
SIZE = Release(
    "cohort_size",
    "People in each cohort and their share of everybody registered",
    (AREA, PLACE, *keys("cohort"), *counts("people", "registered"), *SHARES),
    relations=(AcrossAreas(("people", "registered")), AtMost("people", "registered")),
    derive=with_shares,
    part=PART,
    needs=NEEDS,
)
UNIT = Release(
    "cohort_unit",
    "People in each cohort by practice of a PCN, or PCN of the ICS, and their share of everybody registered there",
    (
        *(AREA, *keys("unit_code", "unit_name"), WHY, PLACE, *keys("cohort"), *counts("people", "registered")),
        *(*usual_columns("people"), *SHARES),
    ),
    relations=(AcrossUnits(("people", "registered")), AtMost("people", "registered")),
    derive=with_shares,
    part=PART,
    needs=NEEDS,
)
PROFILE = Release(
    "cohort_profile",
    "Who is in each cohort: people by age, sex, deprivation and ethnic group, and their share of that group",
    (AREA, PLACE, *keys("cohort", "dimension", "level"), *counts("people", "registered", "in_cohort"), *SHARES),
    relations=(
        *(AcrossAreas(("people", "registered", "in_cohort")), Parts("people", ("level",), "in_cohort")),
        AtMost("people", "registered"),
    ),
    derive=with_shares,
    part="Who is in the cohorts",
    needs=NEEDS,
    one_of=tuple(column for *_, column in DIMENSIONS.values()),
)
OVERLAP = Release(
    "cohort_overlap",
    "Other characteristics of a cohort's members: people, and their share of the cohort and of everybody registered",
    (
        *(AREA, PLACE, *keys("cohort", "also"), *counts("people", "in_cohort", "people_all", "registered"), *SHARES),
        derived("share_all"),
    ),
    relations=(
        AcrossAreas(("people", "in_cohort", "people_all", "registered")),
        *(AtMost("people", "in_cohort"), AtMost("people", "people_all"), AtMost("people_all", "registered")),
    ),
    derive=_with_both_shares,
    part="Other characteristics of the cohorts' members",
    needs=NEEDS,
    one_of=tuple(rule["column"] for rule in ALSO.values()),
)
USE = Release(
    "cohort_use",
    "Contacts of a cohort's members and of everybody registered, 12 months; rates per 1,000 people, and the standard "
    "error of each rate's logarithm, from how people differ",
    (
        *(AREA, PLACE, *keys("cohort", "compared"), count("people")),
        *(count(name, "events", people=f"{name}_people", optional=True) for name in EVENTS),
        *(derived(f"{name}_per_1000", optional=True) for name in EVENTS),
        *(estimate(f"{name}_error", name, people=f"{name}_people", optional=True) for name in EVENTS),
    ),
    relations=(AcrossAreas(("people",)),),
    derive=partial(with_rates, events=EVENTS),
    part=PART,
    needs=NEEDS,
)
RELEASES = (LEFT_OUT, ATTRITION, ALTERNATIVE, SIZE, UNIT, PROFILE, OVERLAP, USE)


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
    yield aggregate(USE, _use(con, areas, cohorts, missing))


def _attrition(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    frame = counted(
        con,
        "SELECT cohort, pcn_code, CAST(step AS VARCHAR) AS step, criterion, sum(people) AS people "
        "FROM cohort_attrition GROUP BY ALL",
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
    return by_area(frame, cohorts, areas).merge(_registered(con, areas), on="area_code")


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
    return frame


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
