"""Counts arranged for release: a complete block of rows for each PCN, and one for the whole ICS."""

from dataclasses import dataclass

import duckdb
import pandas as pd

from phm_utils.engine import guarded, read_sql


def area_blocks(frame: pd.DataFrame, ics_code: str, keys: list[str], counts: list[str]) -> pd.DataFrame:
    """A complete grid of counts for each PCN and, summed, for the ICS.

    frame: any rows with `pcn_code`, `keys` and `counts`; rows whose PCN is
        not known count towards the ICS alone.
    Returns one row per `area_code` x combination of `keys` that occurs
    anywhere; where an area has none of it, a true 0. Sums are whole numbers.
    """
    of_ics = frame.groupby(keys, as_index=False, sort=True)[counts].sum()
    areas = sorted(frame["pcn_code"].dropna().unique())
    parts = frame.groupby(["pcn_code", *keys], as_index=False)[counts].sum()
    grid = pd.DataFrame({"area_code": areas}).merge(of_ics[keys], how="cross")
    parts = grid.merge(parts.rename(columns={"pcn_code": "area_code"}), how="left", on=["area_code", *keys])
    blocks = pd.concat([parts, of_ics.assign(area_code=ics_code)], ignore_index=True)
    blocks[counts] = blocks[counts].fillna(0).astype("int64")
    return blocks[["area_code", *keys, *counts]]


def unit_blocks(
    frame: pd.DataFrame, practices: pd.DataFrame, ics_code: str, keys: list[str], counts: list[str]
) -> pd.DataFrame:
    """A complete grid of counts by unit: practices in a PCN's block, PCNs in the ICS's.

    frame: any rows with `practice_code`, `keys` and `counts`.
    practices: one row per `practice_code`: `practice_name`, `pcn_code`, `pcn_name`.
    Returns one row per `area_code` x unit x combination of `keys` that occurs
    anywhere, with `unit_code` and `unit_name`; only practices in `frame`.
    """
    placed = frame[["practice_code", *keys, *counts]].merge(practices, on="practice_code", validate="many_to_one")
    inner = {"pcn_code": "area_code", "practice_code": "unit_code", "practice_name": "unit_name"}
    outer = {"pcn_code": "unit_code", "pcn_name": "unit_name"}
    unit = ["area_code", "unit_code", "unit_name"]
    rows = pd.concat([placed.rename(columns=inner), placed.assign(area_code=ics_code).rename(columns=outer)])
    units = rows[unit].drop_duplicates()
    grid = units if not keys else units.merge(rows[keys].drop_duplicates(), how="cross")
    sums = rows.groupby([*unit, *keys], as_index=False)[counts].sum()
    blocks = grid.merge(sums, how="left", on=[*unit, *keys])
    blocks[counts] = blocks[counts].fillna(0).astype("int64")
    return blocks.sort_values([*unit, *keys], ignore_index=True)[[*unit, *keys, *counts]]


@dataclass(frozen=True)
class Areas:
    """The areas of reports: every PCN with registered people, and the ICS."""

    pcn_codes: tuple[str, ...]
    ics_code: str


def areas_of(con: duckdb.DuckDBPyConnection, ics_code: str) -> Areas:
    """The areas of this run, PCNs in the order of their codes."""
    rows = con.execute("SELECT DISTINCT pcn_code FROM person ORDER BY pcn_code").fetchall()
    return Areas(tuple(code for (code,) in rows), ics_code)


def counted(con: duckdb.DuckDBPyConnection, sql: str) -> pd.DataFrame:
    """The result of a grouping query, its counts as whole numbers."""
    with guarded("Counting people by group"):
        frame = read_sql(con, sql)
    numbers = frame.select_dtypes("number").columns
    return frame.astype(dict.fromkeys(numbers, "int64"))


def by_area(frame: pd.DataFrame, levels: pd.DataFrame, areas: Areas) -> pd.DataFrame:
    """One row per area and level: each PCN's sums and the ICS's, 0 where there are none.

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
