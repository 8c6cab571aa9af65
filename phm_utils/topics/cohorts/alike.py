"""How many members there would be at everybody's rates by age and sex: indirect standardisation of cohorts."""

import duckdb
import pandas as pd

from phm_utils.measures.cohort_groups import DIMENSIONS
from phm_utils.methods.rates import indirect_ratio
from phm_utils.privacy.blocks import Areas, counted

ADJUSTED = ("Deprivation", "Ethnic group")  # breakdowns that are compared at the same age and sex
RATIO = ("alike_ratio", "alike_lower", "alike_upper")
ALIKE = "age_band, sex"
KEYS = ["age_band", "sex"]


def members_by_age(con: duckdb.DuckDBPyConnection, level: str = "''") -> pd.DataFrame:
    """One row per cohort, PCN, level, age band and sex that occurs: `people`. level: SQL on `person`."""
    return counted(
        con,
        f"SELECT cohort, person.pcn_code, {level} AS level, {ALIKE}, count(*) AS people "
        "FROM cohort_member INNER JOIN person USING (person_no) GROUP BY ALL",
    )


def registered_by_age(con: duckdb.DuckDBPyConnection, level: str = "''") -> pd.DataFrame:
    """One row per PCN, level, age band and sex that occurs: `registered`. level: SQL on `person`."""
    return counted(con, f"SELECT pcn_code, {level} AS level, {ALIKE}, count(*) AS registered FROM person GROUP BY ALL")


def expected_members(members: pd.DataFrame, registered: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """One row per cohort and level: `expected` members, had each age band and sex the reference's rate.

    members: `cohort`, `level`, age band, sex and `people`, of the reference. registered: the people asked about, by
    level. reference: those whose rates are used, by age band and sex alone.
    """
    rates = members.groupby(["cohort", *KEYS], dropna=False)["people"].sum().reset_index()
    everybody = reference.groupby(KEYS, dropna=False)["registered"].sum().rename("everybody").reset_index()
    rates = rates.merge(everybody, on=KEYS)
    rates["rate"] = rates["people"] / rates["everybody"]
    cells = registered.merge(rates[["cohort", *KEYS, "rate"]], on=KEYS)
    cells["expected"] = cells["registered"] * cells["rate"]
    return cells.groupby(["cohort", "level"], as_index=False)["expected"].sum()


def with_ratio(frame: pd.DataFrame) -> pd.DataFrame:
    """Members over expected ones with limits, missing where nobody is expected. frame: `people` and `expected`."""
    expected = frame["expected"].where(frame["expected"] > 0)
    known = expected.notna()
    ratio = indirect_ratio(frame.loc[known, "people"], expected[known]).set_axis(list(RATIO), axis=1)
    return frame.join(ratio)


def size_ratios(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    """One row per PCN and cohort: `expected` members at the ICS's rates by age and sex."""
    members, registered = members_by_age(con), registered_by_age(con)
    of_pcns = registered.assign(level=registered["pcn_code"]).dropna(subset=["level"])
    found = expected_members(members, of_pcns, registered)
    return found.rename(columns={"level": "area_code"})


def group_ratios(con: duckdb.DuckDBPyConnection, areas: Areas, missing: set[str]) -> pd.DataFrame:
    """One row per area, cohort, dimension of ADJUSTED and level: `expected` at the area's rates by age and sex."""
    parts = []
    for dimension in ADJUSTED:
        _, level, column = DIMENSIONS[dimension]
        if column in missing:
            continue
        members, registered = members_by_age(con), registered_by_age(con, level)
        for area in (*areas.pcn_codes, areas.ics_code):
            here = registered if area == areas.ics_code else registered[registered["pcn_code"] == area]
            own = members if area == areas.ics_code else members[members["pcn_code"] == area]
            parts.append(expected_members(own, here, here).assign(area_code=area, dimension=dimension))
    columns = ["area_code", "cohort", "dimension", "level", "expected"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
