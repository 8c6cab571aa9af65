"""Counts arranged for reports: a block of rows for each PCN and one for the whole ICS, without gaps."""

from dataclasses import dataclass

import duckdb
import pandas as pd

from phm_utils.engine import guarded, read_sql
from phm_utils.methods.rates import wilson

PER = 1_000  # people: the unit of every crude rate here
NOT_KNOWN = "Not known"
QUINTILES = ("1 most deprived", "2", "3", "4", "5 least deprived", NOT_KNOWN)
QUINTILE_SQL = (
    "CASE imd_quintile WHEN 1 THEN '1 most deprived' WHEN 5 THEN '5 least deprived' "
    f"ELSE coalesce(CAST(imd_quintile AS VARCHAR), '{NOT_KNOWN}') END"
)


@dataclass(frozen=True)
class Areas:
    """Whose reports there are: every PCN with somebody registered, and the ICS."""

    pcn_codes: tuple[str, ...]
    ics_code: str


def areas_of(con: duckdb.DuckDBPyConnection, ics_code: str) -> Areas:
    """The areas of this run, PCNs in the order of their codes."""
    rows = con.execute("SELECT DISTINCT pcn_code FROM person ORDER BY pcn_code").fetchall()
    return Areas(tuple(code for (code,) in rows), ics_code)


def counted(con: duckdb.DuckDBPyConnection, sql: str) -> pd.DataFrame:
    """The result of a grouping query, its counts as whole numbers."""
    with guarded("Counting segments and cohorts"):
        frame = read_sql(con, sql)
    numbers = frame.select_dtypes("number").columns
    return frame.astype(dict.fromkeys(numbers, "int64"))


def by_area(frame: pd.DataFrame, levels: pd.DataFrame, areas: Areas) -> pd.DataFrame:
    """One row per area and level: each PCN's sums and the ICS's, 0 where nobody is.

    frame: one row per `pcn_code` and level, at most; other columns are counts.
    levels: every combination of the keys that a report shows, in its order.
    Returns `area_code`, `place` (the level's order, from 1), the keys, the counts.
    """
    keys = list(levels)
    counts = [c for c in frame if c not in ("pcn_code", *keys)]
    blocks = pd.concat([frame.rename(columns={"pcn_code": "area_code"}), frame.assign(area_code=areas.ics_code)])
    sums = blocks.groupby(["area_code", *keys], as_index=False)[counts].sum()
    grid = pd.DataFrame({"area_code": [*areas.pcn_codes, areas.ics_code]}).merge(numbered(levels), how="cross")
    filled = grid.merge(sums, on=["area_code", *keys], how="left")
    return filled.fillna(dict.fromkeys(counts, 0)).astype(dict.fromkeys(counts, "int64"))


def by_unit(frame: pd.DataFrame, names: pd.DataFrame, levels: pd.DataFrame, areas: Areas) -> pd.DataFrame:
    """One row per area, unit and level: practices within a PCN's block, PCNs within the ICS's.

    frame: one row per `practice_code` and level, at most; other columns are counts.
    names: `pcn_code`, `pcn_name`, `practice_code`, `practice_name`, one row per practice.
    Returns `area_code`, `place`, `unit_code`, `unit_name`, the keys and the counts.
    """
    keys = list(levels)
    counts = [c for c in frame if c not in ("pcn_code", "practice_code", *keys)]
    placed = frame.drop(columns="pcn_code", errors="ignore").merge(names, on="practice_code")
    practices = {"pcn_code": "area_code", "practice_code": "unit_code", "practice_name": "unit_name"}
    whole = {"pcn_code": "unit_code", "pcn_name": "unit_name"}
    unit = ["area_code", "unit_code", "unit_name"]
    blocks = pd.concat(
        [placed.rename(columns=practices), placed.rename(columns=whole).assign(area_code=areas.ics_code)]
    )
    sums = blocks.groupby([*unit, *keys], as_index=False)[counts].sum()
    shown = names[names["practice_code"].isin(frame["practice_code"])]
    units = pd.concat([shown.rename(columns=practices), shown.rename(columns=whole).assign(area_code=areas.ics_code)])
    grid = units[unit].drop_duplicates().merge(numbered(levels), how="cross")
    filled = grid.merge(sums, on=[*unit, *keys], how="left")
    return filled.fillna(dict.fromkeys(counts, 0)).astype(dict.fromkeys(counts, "int64"))


def numbered(levels: pd.DataFrame) -> pd.DataFrame:
    """`levels` with their order as `place`, from 1."""
    levels = levels.reset_index(drop=True)
    return levels.assign(place=levels.index + 1)[["place", *levels.columns]]


def practice_names(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Practices and their networks; a code stands for a name that is missing."""
    return read_sql(
        con,
        "SELECT practice_code, coalesce(practice_name, practice_code) AS practice_name, pcn_code, "
        "coalesce(min(pcn_name) OVER (PARTITION BY pcn_code), pcn_code) AS pcn_name "
        "FROM practice WHERE pcn_code IS NOT NULL ORDER BY practice_code",
    )


def with_shares(shown: pd.DataFrame, *, of: str = "registered") -> pd.DataFrame:
    """Protected counts with `share`, `lower`, `upper`: people of `of`, with Wilson's 95% limits."""
    limits = wilson(shown["people"], shown[of])
    return shown.assign(share=limits["value"], lower=limits["lower"], upper=limits["upper"])


def with_rates(shown: pd.DataFrame, *, events: tuple[str, ...]) -> pd.DataFrame:
    """Protected counts with rates per 1,000 people; events of a suppressed group are suppressed with it."""
    people = shown["people"].astype("Float64")
    at_risk = people.mask(people == 0)
    for column in events:
        shown[column] = shown[column].mask(people.isna())
        shown[f"{column}_per_1000"] = shown[column] / at_risk * PER
    return shown
