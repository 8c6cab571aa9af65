"""Every table that the segmentation report shows."""

from collections.abc import Collection, Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model, present_tables, read_sql
from phm_utils.measures.segments import ASSESSED
from phm_utils.params import Disclosure, Workbook
from phm_utils.privacy.blocks import Areas, areas_of
from phm_utils.privacy.release import aggregate
from phm_utils.rules.derived import columns_missing
from phm_utils.topics.segmentation import clusters, combinations, movement, register_check, segment_groups
from phm_utils.topics.segmentation import segment_rules as rules
from phm_utils.topics.segmentation import segment_use as use
from phm_utils.topics.segmentation.age_structure import AGE_SEX, age_sex
from phm_utils.topics.segmentation.frailty import FRAILTY, scores
from phm_utils.topics.segmentation.multimorbidity import MULTIMORBIDITY, multimorbidity
from phm_utils.topics.segmentation.recorded_conditions import CONDITION, recorded
from phm_utils.topics.segmentation.thresholds import ALTERNATIVE, alternatives

RELEASES = (
    *(use.SIZE, use.COST, segment_groups.UNIT),
    *(rules.REASON, rules.RULE, rules.REMARK, rules.OVERLAP, rules.RULE_OVERLAP, ALTERNATIVE),
    *(AGE_SEX, segment_groups.DEPRIVATION, segment_groups.ETHNICITY),
    *(CONDITION, combinations.OVERLAP, MULTIMORBIDITY, *clusters.RELEASES, FRAILTY),
    *(movement.MOVEMENT, movement.LEFT_OUT, register_check.REGISTERS),
)


def segment_tables(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: true figures of 02_segmentation, of as much as this run has."""
    areas, missing, present = areas_of(con, workbook.ics_code), set(columns_missing(con)), present_tables(con)
    # A segment none of whose rules could be assessed is not one without people.
    sql = f"SELECT segment FROM segment_rule WHERE state = '{ASSESSED}' ORDER BY place"
    segments = read_sql(con, sql)[["segment"]].drop_duplicates() if "segment" in present else None
    yield from _of_rules(con, areas, placed=segments is not None)
    if segments is not None:
        yield from _of_segments(con, areas, segments, missing)
    if "segment_alternative" in present and segments is not None:
        yield aggregate(ALTERNATIVE, alternatives(con, areas, segments))
    if not {"age", "sex"} & missing:
        yield aggregate(AGE_SEX, age_sex(con, areas))
    if "n_conditions" not in missing:
        yield from _of_conditions(con, areas, missing, workbook.disclosure)
    if "cluster_of_pattern" in present:
        yield from clusters.cluster_tables(con, areas, segments, missing)
    if (scored := scores(con, areas, missing)) is not None:
        yield aggregate(FRAILTY, scored)
    if "segment_movement" in present:
        yield aggregate(movement.MOVEMENT, movement.moved(con, areas))
        yield aggregate(movement.LEFT_OUT, movement.rules_left_out(con, areas))
    if "register_reconciled" in present:
        yield aggregate(register_check.REGISTERS, register_check.registers(con, areas))


def _of_rules(con: duckdb.DuckDBPyConnection, areas: Areas, placed: bool) -> Iterator[Model]:
    """Every rule and, where people are placed by them, those that place nobody."""
    every = rules.all_rules(con, areas)
    yield aggregate(rules.RULE, every)
    if placed:
        yield aggregate(rules.REMARK, rules.remarks(every).assign(area_code=areas.ics_code))


def _of_segments(
    con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame, missing: Collection[str]
) -> Iterator[Model]:
    """What is made of everybody's segment."""
    yield aggregate(use.SIZE, use.sizes(con, areas, segments, missing))
    if (costs := use.costs(con, areas, segments, missing)) is not None:
        yield aggregate(use.COST, costs)
    yield aggregate(rules.REASON, rules.reasons(con, areas))
    yield aggregate(rules.OVERLAP, rules.segment_overlaps(con, areas))
    yield aggregate(rules.RULE_OVERLAP, rules.rule_overlaps(con, areas))
    yield aggregate(segment_groups.UNIT, segment_groups.units(con, areas, segments))
    if "imd_quintile" not in missing:
        yield aggregate(segment_groups.DEPRIVATION, segment_groups.deprivation(con, areas, segments))
    if "ethnic_group" not in missing:
        yield aggregate(segment_groups.ETHNICITY, segment_groups.ethnicity(con, areas, segments))


def _of_conditions(
    con: duckdb.DuckDBPyConnection, areas: Areas, missing: Collection[str], policy: Disclosure
) -> Iterator[Model]:
    yield aggregate(CONDITION, recorded(con, areas))
    known = combinations.conditions_known(missing)
    yield aggregate(combinations.OVERLAP, combinations.combinations(con, areas, known, policy))
    if not {"imd_quintile", "age"} & set(missing):
        yield aggregate(MULTIMORBIDITY, multimorbidity(con, areas))
