"""The topic of record linkage: stages, releases and parameters."""

from typing import ClassVar

from pydantic import Field

from phm_utils.linkage.coverage import RELEASES
from phm_utils.params import RunParams
from phm_utils.tables import LINKAGE_TABLES, TABLES
from phm_utils.topic import Stage, Topic, aggregates

LINK_TABLES = (
    *("person_index", "household", "link_summary", "link_pcn", "link_coverage", "household_pcn"),
    *("link_check", "link_truth"),
)


class LinkageParams(RunParams):
    """01_linkage."""

    NOTEBOOK: ClassVar[str] = "01_linkage"

    max_conflict_share: float = Field(
        0.01, gt=0, lt=1, description="share of a source's records: above it, conflicts are a warning"
    )


TOPIC = Topic(
    "linkage",
    stages=(
        Stage(
            "link",
            "phm_utils.linkage.link:link",
            makes=LINK_TABLES,
            reads=(*TABLES, "code_list"),
            settings=("synthetic", "truth"),
            files="phm_utils.linkage.known_truth:truth_files",
        ),
        Stage(
            "link_error",
            "phm_utils.linkage.error:link_error",
            makes=("link_error",),
            reads=("linkage_error", "link_check"),
            settings=(),
        ),
        Stage(
            "linkage_tables",
            "phm_utils.linkage.coverage:linkage_tables",
            makes=aggregates(RELEASES),
            reads=(
                "link_summary",
                "link_pcn",
                "link_coverage",
                "household_pcn",
                "link_error",
                "link_truth",
                *LINKAGE_TABLES,
            ),
            settings=("ics_code",),
        ),
    ),
    releases=RELEASES,
    notebook="01_linkage",
    parameters=LinkageParams,
)
