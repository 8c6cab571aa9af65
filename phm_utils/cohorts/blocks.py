"""Counts arranged for reports: a block of rows for each PCN and one for the whole ICS, without gaps."""

from dataclasses import dataclass

import duckdb
import pandas as pd

from phm_utils.engine import guarded, read_sql
from phm_utils.methods.rates import wilson
from phm_utils.privacy.blocks import area_blocks, unit_blocks

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

    frame: rows with `pcn_code`, the columns of `levels`, and counts.
    levels: every combination of the keys that a report shows, in its order.
    Returns `area_code`, the keys, the counts, and `place`: the level's order, from 1.
    """
    grid = pd.DataFrame({"pcn_code": areas.pcn_codes}).merge(levels, how="cross")
    counts = [c for c in frame if c not in grid]
    rows = pd.concat([frame, grid.assign(**dict.fromkeys(counts, 0))])
    return area_blocks(rows, areas.ics_code, list(levels), counts).merge(numbered(levels), on=list(levels))


def by_unit(frame: pd.DataFrame, practices: pd.DataFrame, levels: pd.DataFrame, areas: Areas) -> pd.DataFrame:
    """One row per area, unit and level: practices within a PCN's block, PCNs within the ICS's.

    frame: rows with `practice_code`, the columns of `levels`, and counts.
    practices: `practice_code`, `practice_name`, `pcn_code`, `pcn_name`, one row per practice.
    Returns `area_code`, `unit_code`, `unit_name`, the keys, the counts, and `place`.
    """
    grid = frame[["practice_code"]].drop_duplicates().merge(levels, how="cross")
    counts = [c for c in frame if c not in grid]
    rows = pd.concat([frame, grid.assign(**dict.fromkeys(counts, 0))])
    blocks = unit_blocks(rows, practices, areas.ics_code, list(levels), counts)
    return blocks.merge(numbered(levels), on=list(levels))


def numbered(levels: pd.DataFrame) -> pd.DataFrame:
    """`levels` with their order as `place`, from 1."""
    return levels.assign(place=range(1, len(levels) + 1))


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
