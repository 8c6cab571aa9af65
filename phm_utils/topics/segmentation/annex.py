"""Declaration of the segmentation annex: a second report on the same tables."""

from typing import ClassVar

from phm_utils.measures.segments import SegmentChoice
from phm_utils.topic import Topic
from phm_utils.topics.segmentation.clusters import ClusterSeed
from phm_utils.topics.segmentation.segment_tables import RELEASES


class AnnexParams(SegmentChoice, ClusterSeed):
    """02_segmentation_annex."""

    NOTEBOOK: ClassVar[str] = "02_segmentation_annex"


TOPIC = Topic(
    "segmentation_annex",
    notebook="02_segmentation_annex",
    parameters=AnnexParams,
    reads=("activity_window", "person_left_out", *(release.name for release in RELEASES)),
    definitions=("parameters/segments/*.yml",),
)
