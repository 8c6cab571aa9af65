"""The stage that counts who is rising: true figures by PCN and for the ICS."""

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd

from phm_utils.engine import Model, present_tables, read_sql
from phm_utils.params import Workbook
from phm_utils.privacy.blocks import Areas, areas_of, by_area, counted, numbered
from phm_utils.privacy.release import aggregate
from phm_utils.topics.cohorts.rising_releases import LEFT_OUT, RISING, STEADINESS

MOST_STEADY = 1_000.0  # k above which people are as good as constant
SUMS = """
SELECT
    activity,
    pcn_code,
    count(*) AS people,
    count(*) FILTER (WHERE later > earlier) AS more,
    count(*) FILTER (WHERE flagged) AS flagged,
    CAST(coalesce(sum(later) FILTER (WHERE later > earlier), 0) AS BIGINT) AS more_contacts,
    CAST(coalesce(sum(later) FILTER (WHERE flagged), 0) AS BIGINT) AS flagged_contacts
FROM rising_contact
WHERE posterior IS NOT NULL
GROUP BY activity, pcn_code
"""
MEANS = """
SELECT
    activity,
    {area} AS area_code,
    avg(posterior) FILTER (WHERE flagged) AS share_real,
    avg(expected) FILTER (WHERE flagged) AS flagged_expected,
    avg(expected) FILTER (WHERE later > earlier) AS more_expected
FROM rising_contact
WHERE posterior IS NOT NULL
GROUP BY ALL
"""


def rising_tables(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: true figures of rising contacts, of people judged: with a contact, and there in both years."""
    present = present_tables(con)
    if "rising_left_out" not in present:
        return
    areas = areas_of(con, workbook.ics_code)
    left_out = read_sql(con, "SELECT activity, needs FROM rising_left_out")
    yield aggregate(LEFT_OUT, left_out.assign(area_code=areas.ics_code))
    if "rising_contact" not in present:
        return
    yield aggregate(RISING, _rising(con, areas))
    yield aggregate(STEADINESS, _steadiness(con, areas))


def _rising(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    activities = read_sql(con, "SELECT DISTINCT activity FROM rising_contact ORDER BY activity")
    frame = by_area(counted(con, SUMS), activities, areas)
    whole = read_sql(con, MEANS.format(area=f"'{areas.ics_code}'"))
    means = pd.concat([read_sql(con, MEANS.format(area="pcn_code")), whole], ignore_index=True)
    estimates = read_sql(con, "SELECT activity, area_code, rising, lower, upper FROM rising_estimate")
    for more in (means, estimates):
        frame = frame.merge(more, how="left", on=["activity", "area_code"])
    # As many people as are estimated to be rising stand behind the estimate: where these are few, it is withheld.
    return frame.assign(rising_people=np.floor(frame["rising"].fillna(0)).astype("int64"))


def _steadiness(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    frame = read_sql(con, "SELECT * FROM rising_stratum ORDER BY activity, age_band, use_stratum")
    differ = frame["differ"].map({True: "yes", False: "no"})
    return numbered(frame.assign(k=frame["k"].clip(upper=MOST_STEADY), differ=differ, area_code=areas.ics_code))
