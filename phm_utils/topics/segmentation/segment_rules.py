"""The rules of the segmentation: whom each places, where they overlap, and which place nobody."""

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.measures.segments import ASSESSED
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.release import Release


def reasons_release(con: duckdb.DuckDBPyConnection, areas: Areas) -> Release:
    frame = counted(con, "SELECT pcn_code, segment, reason, count(*) AS people FROM segment GROUP BY ALL")
    levels = read_sql(con, f"SELECT segment, reason FROM segment_rule WHERE state = '{ASSESSED}' ORDER BY place")
    return Release(
        "segment_reason",
        "The first rule that held, by segment: people placed by it",
        by_area(frame, levels, areas),
        ("area_code", "place", "segment", "reason"),
        counts=("people",),
    )


def rules_release(con: duckdb.DuckDBPyConnection, areas: Areas) -> Release:
    frame = read_sql(con, "SELECT * FROM segment_rule ORDER BY place")
    return Release(
        "segment_rule",
        "Every rule of the segmentation, whether it was asked, and people in the ICS who meet it",
        frame.assign(area_code=areas.ics_code),
        ("area_code", "place", "segment", "reason", "state", "needs", "reachable"),
        counts=("people_meeting",),
    )


SAME, UNREACHABLE, MET_BY_NOBODY, PLACES_NOBODY = (
    "Asks what an earlier rule has asked",
    "Can place nobody: earlier rules place everybody who meets it",
    "Met by nobody in this run",
    "Places nobody in this run: everybody who meets it is placed by an earlier rule",
)


def rule_releases(con: duckdb.DuckDBPyConnection, areas: Areas) -> list[Release]:
    """The aggregates of a segmentation's own rules, all for the whole ICS."""
    return [_remarks(con, areas), _segments(con, areas), _rule_overlap(con, areas)]


def remarks(rules: pd.DataFrame) -> pd.DataFrame:
    """One row per rule that places nobody, or that asks what another has: `place`, `segment`, `reason`, `remark`.

    rules: the table `segment_rule`. Of several remarks a rule has the first
    that holds; `other` is the earlier rule that asks the same.
    """
    nobody_meets, nobody_placed = rules["people_meeting"].eq(0), rules["people_placed"].eq(0)
    asked = rules["state"].eq(ASSESSED)
    remark = pd.Series("", index=rules.index, dtype="str")
    for words, holds in (
        (PLACES_NOBODY, asked & nobody_placed.fillna(False)),
        (MET_BY_NOBODY, asked & nobody_meets.fillna(False)),
        (UNREACHABLE, ~rules["reachable"].astype(bool)),
        (SAME, rules["same_as"].ne("")),
    ):
        remark = remark.mask(holds.astype(bool), words)
    frame = rules.assign(remark=remark, other=rules["same_as"])
    return frame.loc[remark.ne(""), ["place", "segment", "reason", "remark", "other"]].reset_index(drop=True)


def _remarks(con: duckdb.DuckDBPyConnection, areas: Areas) -> Release:
    frame = remarks(read_sql(con, "SELECT * FROM segment_rule ORDER BY place"))
    return Release(
        "segment_rule_remark",
        "Rules of the segmentation that place nobody, and why; one row per rule",
        frame.assign(area_code=areas.ics_code),
        ("area_code", "place", "segment", "reason", "remark", "other"),
    )


def _segments(con: duckdb.DuckDBPyConnection, areas: Areas) -> Release:
    sql = """
SELECT segment_overlap.* FROM segment_overlap
INNER JOIN (SELECT segment, min(place) AS place FROM segment_rule GROUP BY segment) AS first USING (segment)
INNER JOIN (SELECT segment AS other_segment, min(place) AS place FROM segment_rule GROUP BY segment) AS second
    USING (other_segment)
ORDER BY first.place, second.place"""
    frame = read_sql(con, sql)
    return Release(
        "segment_overlap",
        "People in the ICS who meet a rule of both of two segments: they are in the first named, or in one before it; "
        "and who meet a rule of each",
        frame.assign(area_code=areas.ics_code, place=range(1, len(frame) + 1)),
        ("area_code", "place", "segment", "other_segment"),
        counts=("people", "people_segment", "people_other"),
    )


def _rule_overlap(con: duckdb.DuckDBPyConnection, areas: Areas) -> Release:
    frame = read_sql(con, "SELECT * FROM segment_rule_overlap ORDER BY place, other_place")
    return Release(
        "segment_rule_overlap",
        "People in the ICS for whom two rules of different segments hold; pairs that hold for nobody are not listed",
        frame.assign(area_code=areas.ics_code),
        ("area_code", "place", "segment", "reason", "other_place", "other_segment", "other_reason"),
        counts=("people",),
    )
