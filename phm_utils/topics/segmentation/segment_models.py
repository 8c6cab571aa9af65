"""Everybody's segment as tables of the store: the segmentation that the workbook chose, and its own faults."""

from collections.abc import Iterator, Mapping

import duckdb

from phm_utils.engine import Model
from phm_utils.measures.definitions import AS_DEFINED, Segmentation, check_segmentation, load_segmentation
from phm_utils.measures.segments import columns_missing, rule_counts, rule_table, segment_alternatives_sql, segment_sql
from phm_utils.params import SegmentationParams, Workbook
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.derived import person_columns
from phm_utils.topics.segmentation.movement import movement
from phm_utils.topics.segmentation.rule_overlap import overlaps, same_conditions
from phm_utils.topics.segmentation.rule_reach import unreachable


def segments(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """Make `segment`, `segment_rule`, `segment_alternative`, `segment_overlap`, `segment_rule_overlap` and movement.

    Movement, where there is an earlier date: `segment_earlier`,
    `segment_movement` and `segment_movement_left_out`. A rule on a column that
    is null throughout, because its table is absent, is left out.
    Raises InputError for a rule file that cannot be asked, naming each rule.
    """
    columns, missing = person_columns(), columns_missing(con)
    model = _chosen(workbook, columns)
    rules = rule_counts(con, rule_table(model, columns, missing))
    nobody, repeated = set(unreachable(model, columns)), same_conditions(model, columns)
    told = list(zip(rules["segment"], rules["reason"], strict=True))
    rules["reachable"] = [rule not in nobody for rule in told]
    rules["same_as"] = [repeated.get(rule, "") for rule in told]
    yield Model("segment_rule", ("place",), frame=rules.drop(columns="condition"))
    yield Model("segment", ("practice_code", "segment", "reason", "person_id"), segment_sql(rules), None, "pcn_code")
    variants = {AS_DEFINED: rules} | {
        other.says: rule_table(model.with_alternative(other), columns, missing) for other in model.alternatives
    }
    yield Model("segment_alternative", ("place", "pcn_code", "segment"), sql=segment_alternatives_sql(variants))
    of_segments, of_rules = overlaps(con, rules)
    yield Model("segment_overlap", ("segment", "other_segment"), frame=of_segments)
    yield Model("segment_rule_overlap", ("place", "other_place"), frame=of_rules)
    yield from movement(con, model, columns, missing)


def _chosen(workbook: Workbook, columns: Mapping[str, RuleColumn]) -> Segmentation:
    """The segmentation that the parameters of 02_segmentation name."""
    params = workbook.notebook_params("02_segmentation", workbook.ics_code)
    name = params.segmentation if isinstance(params, SegmentationParams) else "snee"
    model = load_segmentation(name)
    check_segmentation(model, columns, f"{name}.yml")
    return model
