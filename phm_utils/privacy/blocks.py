"""Counts arranged for release: a complete block of rows for each PCN, and one for the whole ICS."""

import pandas as pd


def area_blocks(frame: pd.DataFrame, ics_code: str, keys: list[str], counts: list[str]) -> pd.DataFrame:
    """A complete grid of counts for each PCN and, summed, for the ICS.

    frame: any rows with `pcn_code`, `keys` and `counts`; rows whose PCN is
        not known count towards the ICS alone.
    Returns one row per `area_code` x combination of `keys` that occurs
    anywhere; where an area has none of it, a true 0. Sums are whole numbers.
    """
    whole = frame.groupby(keys, as_index=False, sort=True)[counts].sum()
    areas = sorted(frame["pcn_code"].dropna().unique())
    parts = frame.groupby(["pcn_code", *keys], as_index=False)[counts].sum()
    grid = pd.DataFrame({"area_code": areas}).merge(whole[keys], how="cross")
    parts = grid.merge(parts.rename(columns={"pcn_code": "area_code"}), how="left", on=["area_code", *keys])
    blocks = pd.concat([parts, whole.assign(area_code=ics_code)], ignore_index=True)
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
