"""Declaration of the segmentation topic."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from phm_utils.errors import InputError
from phm_utils.measures.segments import SegmentChoice, chosen
from phm_utils.params import Workbook
from phm_utils.topic import MISSING, OK, Line, Stage, Topic, aggregates
from phm_utils.topics.segmentation.clusters import ClusterSeed
from phm_utils.topics.segmentation.segment_tables import RELEASES


class SegmentationParams(SegmentChoice):
    """02_segmentation."""

    NOTEBOOK: ClassVar[str] = "02_segmentation"

    burden: float = Field(0.3, gt=0, lt=1, description="share of people with two or more conditions whose age is shown")


OF_RULES = "phm_utils.measures.segments:segment_files"
RULES = Stage(
    "segment_rules",
    "phm_utils.topics.segmentation.segment_rules:segment_rules",
    makes=("segment_rule_check", "segment_overlap", "segment_rule_overlap"),
    reads=("person", "person_left_out"),
    parameters=(SegmentChoice,),
    files=OF_RULES,
)
THRESHOLDS = Stage(
    "thresholds",
    "phm_utils.topics.segmentation.thresholds:thresholds",
    makes=("segment_alternative",),
    reads=("person", "person_left_out", "segment_rule"),
    parameters=(SegmentChoice,),
    files=OF_RULES,
)
MOVEMENT = Stage(
    "movement",
    "phm_utils.topics.segmentation.movement:movement",
    makes=("segment_earlier", "segment_movement", "segment_movement_left_out"),
    reads=("person", "person_earlier", "person_left_out", "person_follow_up", "segment_rule"),
    parameters=(SegmentChoice,),
    files=OF_RULES,
)
CLUSTERS = Stage(
    "clusters",
    "phm_utils.topics.segmentation.clusters:clusters",
    makes=("cluster_of_pattern", "cluster_stability", "cluster_number"),
    reads=("person", "person_left_out"),
    parameters=(ClusterSeed,),
    files=("parameters/concepts.csv",),
)
TABLES = Stage(
    "segmentation_tables",
    "phm_utils.topics.segmentation.segment_tables:segment_tables",
    makes=aggregates(RELEASES),
    reads=(
        *(
            "person",
            "person_left_out",
            "practice",
            "practice_caution",
            "register_reconciled",
            "segment",
            "segment_rule",
        ),
        *(*RULES.makes, *THRESHOLDS.makes, "segment_movement", "segment_movement_left_out", *CLUSTERS.makes),
    ),
    settings=("ics_code", "disclosure"),  # suppression decides which combinations are listed
    files=("parameters/concepts.csv",),
)


def examine(workbook: Workbook) -> Iterator[Line]:
    """For `phm doctor`: are the rules of the chosen segmentation valid?"""
    try:
        model = chosen(workbook)
    except InputError as fault:
        yield MISSING, str(fault)
    else:
        yield OK, f"02_segmentation: {model.title}"


TOPIC = Topic(
    "segmentation",
    stages=(RULES, THRESHOLDS, MOVEMENT, CLUSTERS, TABLES),
    releases=RELEASES,
    notebook="02_segmentation",
    parameters=SegmentationParams,
    reads=("activity_window", "person_left_out"),
    definitions=("parameters/segments/*.yml",),
    examine=examine,
)
