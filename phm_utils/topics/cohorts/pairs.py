"""Who is in two cohorts, or in a cohort and enrolled in a programme."""

import duckdb
import pandas as pd

from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.rules.event_concepts import PROGRAMME


def cohort_pairs(con: duckdb.DuckDBPyConnection, areas: Areas, cohorts: pd.DataFrame) -> pd.DataFrame:
    """One row per area and pair of cohorts, `cohort` before `other`: `people` in both, `in_cohort`, `in_other`."""
    shared = counted(
        con,
        "SELECT a.cohort, b.cohort AS other, a.pcn_code, count(*) AS people FROM cohort_member AS a "
        "INNER JOIN cohort_member AS b ON a.person_no = b.person_no AND a.cohort < b.cohort GROUP BY ALL",
    )
    levels = cohorts.merge(cohorts.rename(columns={"cohort": "other"}), how="cross")
    levels = levels[levels["cohort"] < levels["other"]]
    frame = by_area(shared, levels, areas)
    sizes = _sizes(con, areas, cohorts)
    frame = frame.merge(sizes.rename(columns={"size": "in_cohort"}), on=["area_code", "cohort"])
    return frame.merge(sizes.rename(columns={"size": "in_other", "cohort": "other"}), on=["area_code", "other"])


def cohort_programmes(con: duckdb.DuckDBPyConnection, areas: Areas, cohorts: pd.DataFrame) -> pd.DataFrame:
    """One row per area, cohort and programme: `people` of the cohort ever enrolled in it, and `in_cohort`.

    No rows where the run knows of no programme.
    """
    listed = f"SELECT DISTINCT code AS programme FROM person_event WHERE concept = '{PROGRAMME}' ORDER BY 1"
    names = counted(con, listed)
    if names.empty:
        return names
    enrolled = counted(
        con,
        "SELECT cohort, code AS programme, pcn_code, count(DISTINCT person_no) AS people "
        f"FROM person_event INNER JOIN cohort_member USING (person_no) WHERE concept = '{PROGRAMME}' GROUP BY ALL",
    )
    frame = by_area(enrolled, cohorts.merge(names, how="cross"), areas)
    return frame.merge(_sizes(con, areas, cohorts).rename(columns={"size": "in_cohort"}), on=["area_code", "cohort"])


def _sizes(con: duckdb.DuckDBPyConnection, areas: Areas, cohorts: pd.DataFrame) -> pd.DataFrame:
    """One row per area and cohort: how many members, `size`."""
    frame = counted(con, "SELECT cohort, pcn_code, count(*) AS size FROM cohort_member GROUP BY ALL")
    return by_area(frame, cohorts, areas).drop(columns="place")
