"""Every table that the segmentation report shows."""

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.params import SegmentationParams, Workbook
from phm_utils.privacy.blocks import Areas, areas_of
from phm_utils.privacy.release import Release
from phm_utils.rules.concepts import long_term_conditions
from phm_utils.topics.segmentation.age_structure import age_sex_release
from phm_utils.topics.segmentation.clusters import cluster_releases
from phm_utils.topics.segmentation.combinations import overlap_release
from phm_utils.topics.segmentation.frailty import score_release
from phm_utils.topics.segmentation.movement import movement_releases
from phm_utils.topics.segmentation.multimorbidity import multimorbidity_release
from phm_utils.topics.segmentation.recorded_conditions import conditions_release
from phm_utils.topics.segmentation.segment_groups import deprivation_release, ethnicity_release, units_release
from phm_utils.topics.segmentation.segment_rules import reasons_release, rule_releases, rules_release
from phm_utils.topics.segmentation.segment_use import available, use_releases
from phm_utils.topics.segmentation.thresholds import alternatives_release


def releases(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> list[Release]:
    """The aggregates of 02_segmentation."""
    areas = areas_of(con, workbook.ics_code)
    missing = set(read_sql(con, "SELECT column_name FROM person_left_out")["column_name"])
    segments = read_sql(con, "SELECT segment FROM segment_rule ORDER BY place")[["segment"]].drop_duplicates()
    return [
        *use_releases(con, areas, segments, missing),
        units_release(con, areas, segments),
        reasons_release(con, areas),
        rules_release(con, areas),
        *rule_releases(con, areas),
        alternatives_release(con, areas, segments),
        age_sex_release(con, areas),
        *([] if "imd_quintile" in missing else [deprivation_release(con, areas, segments)]),
        ethnicity_release(con, areas, segments),
        *([] if "n_conditions" in missing else _of_conditions(con, workbook, areas, segments, missing)),
        *score_release(con, areas, missing),
        *movement_releases(con, areas),
    ]


def _of_conditions(
    con: duckdb.DuckDBPyConnection, workbook: Workbook, areas: Areas, segments: pd.DataFrame, missing: set[str]
) -> list[Release]:
    known = [c for c in long_term_conditions() if c.concept not in missing]
    return [
        conditions_release(con, areas),
        overlap_release(con, areas, known, workbook.disclosure),
        *([] if "imd_quintile" in missing else [multimorbidity_release(con, areas)]),
        *cluster_releases(con, areas, known, segments, available(missing), seed=_seed(workbook)),
    ]


def _seed(workbook: Workbook) -> int:
    params = workbook.notebook_params("02_segmentation", workbook.ics_code)
    return params.seed if isinstance(params, SegmentationParams) else 0
