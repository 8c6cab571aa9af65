"""The rules of the segmentation: people placed by each, overlaps, and rules that place nobody."""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model, read_sql
from phm_utils.measures.segments import ASSESSED, NEEDED_RULES, applicable, chosen, rule_table
from phm_utils.params import Workbook
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.relations import AcrossAreas, AtMost
from phm_utils.privacy.release import AREA, PLACE, Release, count, counts, key, keys
from phm_utils.rules.derived import columns_missing, person_columns
from phm_utils.topics.segmentation.rule_overlap import overlaps, same_conditions
from phm_utils.topics.segmentation.rule_reach import unreachable

SAME_AS_EARLIER, UNREACHABLE, MET_BY_NOBODY, PLACES_NOBODY = (
    "Same as an earlier rule",
    "Can place nobody: earlier rules place everybody who meets it",
    "Met by nobody in this run",
    "Places nobody in this run: everybody who meets it is placed by an earlier rule",
)

REASON = Release(
    "segment_reason",
    "People by segment and the rule that placed them",
    (AREA, PLACE, *keys("segment", "reason"), count("people")),
    relations=(AcrossAreas(("people",)),),
    part="People by rule",
    needs=NEEDED_RULES,
)
# The others are of the rules themselves, for the whole ICS.
RULE = Release(
    "segment_rule",
    "Every rule of the segmentation, whether it was assessed, and people in the ICS who meet it",
    (AREA, PLACE, *keys("segment", "reason", "state", "needs"), key("reachable", "bool"), count("people_meeting")),
)
REMARK = Release(
    "segment_rule_remark",
    "Rules of the segmentation that place nobody, and why; one row per rule",
    (AREA, PLACE, *keys("segment", "reason", "remark", "other")),
    may_be_empty=True,
    part="Rules that place nobody",
    needs=NEEDED_RULES,
)
OVERLAP = Release(
    "segment_overlap",
    "People in the ICS who meet a rule of both of two segments: they are in the first named, or in one before it; "
    "and who meet a rule of each",
    (AREA, PLACE, *keys("segment", "other_segment"), *counts("people", "people_segment", "people_other")),
    relations=(AtMost("people", "people_segment"), AtMost("people", "people_other")),
    may_be_empty=True,
    part="People who meet rules of two segments",
    needs=NEEDED_RULES,
)
RULE_OVERLAP = Release(
    "segment_rule_overlap",
    "People in the ICS for whom two rules of different segments hold; pairs that hold for nobody are not listed",
    (
        *(AREA, PLACE, *keys("segment", "reason")),
        *(key("other_place", "int"), *keys("other_segment", "other_reason"), count("people")),
    ),
    may_be_empty=True,
    part="People for whom two rules hold",
    needs=NEEDED_RULES,
)


def segment_rules(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: `segment_rule_check`, one row per rule; `segment_overlap` and `segment_rule_overlap` (see `overlaps`).

    Without overlaps where nobody is placed in a segment.
    segment_rule_check: `reachable`, whether anybody could reach the rule
        (see `rule_reach`); `same_as`, the reason of an earlier rule with the same condition.
    """
    model, columns = chosen(workbook), person_columns()
    rules = rule_table(model, columns, columns_missing(con))
    nobody, repeated = set(unreachable(model, columns)), same_conditions(model, columns)
    named = list(zip(rules["segment"], rules["reason"], strict=True))
    checked = rules[["place"]].assign(
        reachable=[rule not in nobody for rule in named], same_as=[repeated.get(rule, "") for rule in named]
    )
    yield Model("segment_rule_check", ("place",), frame=checked.astype({"same_as": "str"}))
    if not applicable(rules):
        return
    of_segments, of_rules = overlaps(con, rules)
    yield Model("segment_overlap", ("segment", "other_segment"), frame=of_segments)
    yield Model("segment_rule_overlap", ("place", "other_place"), frame=of_rules)


def reasons(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    """The true figures of REASON."""
    frame = counted(con, "SELECT pcn_code, segment, reason, count(*) AS people FROM segment GROUP BY ALL")
    levels = read_sql(con, f"SELECT segment, reason FROM segment_rule WHERE state = '{ASSESSED}' ORDER BY place")
    return by_area(frame, levels, areas)


def all_rules(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    """The true figures of RULE, and what REMARK is made from."""
    frame = read_sql(con, "SELECT * FROM segment_rule INNER JOIN segment_rule_check USING (place) ORDER BY place")
    return frame.astype({"people_meeting": "Int64", "people_placed": "Int64"}).assign(area_code=areas.ics_code)


def remarks(rules: pd.DataFrame) -> pd.DataFrame:
    """One row per rule that places nobody, or repeats another: `place`, `segment`, `reason`, `remark`.

    rules: `segment_rule` with `segment_rule_check`. Of several remarks a rule has the first
    that holds; `other` is the earlier rule with the same condition.
    """
    nobody_meets, nobody_placed = rules["people_meeting"].eq(0), rules["people_placed"].eq(0)
    asked = rules["state"].eq(ASSESSED)
    remark = pd.Series("", index=rules.index, dtype="str")
    for words, holds in (
        (PLACES_NOBODY, asked & nobody_placed.fillna(False)),
        (MET_BY_NOBODY, asked & nobody_meets.fillna(False)),
        (UNREACHABLE, ~rules["reachable"].astype(bool)),
        (SAME_AS_EARLIER, rules["same_as"].ne("")),
    ):
        remark = remark.mask(holds.astype(bool), words)
    frame = rules.assign(remark=remark, other=rules["same_as"])
    return frame.loc[remark.ne(""), ["place", "segment", "reason", "remark", "other"]].reset_index(drop=True)


def segment_overlaps(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    """The true figures of OVERLAP, in the order of the rules."""
    sql = """
SELECT segment_overlap.* FROM segment_overlap
INNER JOIN (SELECT segment, min(place) AS place FROM segment_rule GROUP BY segment) AS first USING (segment)
INNER JOIN (SELECT segment AS other_segment, min(place) AS place FROM segment_rule GROUP BY segment) AS second
    USING (other_segment)
ORDER BY first.place, second.place"""
    frame = read_sql(con, sql)
    return frame.assign(area_code=areas.ics_code, place=range(1, len(frame) + 1))


def rule_overlaps(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    """The true figures of RULE_OVERLAP."""
    frame = read_sql(con, "SELECT * FROM segment_rule_overlap ORDER BY place, other_place")
    return frame.assign(area_code=areas.ics_code)
