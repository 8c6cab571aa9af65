"""What the shared person-level stages declare: segments, and the members of cohorts."""

from phm_utils.measures.segments import SegmentChoice
from phm_utils.topic import Stage, Topic

SEGMENTS = Stage(
    "segments",
    "phm_utils.measures.segments:segments",
    makes=("segment", "segment_rule"),
    reads=("person", "person_left_out"),
    parameters=(SegmentChoice,),
    files="phm_utils.measures.segments:segment_files",
)
COHORTS = Stage(
    "cohorts",
    "phm_utils.measures.cohort_members:cohort",
    makes=("cohort_member", "cohort_attrition", "cohort_evidence", "cohort_alternative", "cohort_left_out"),
    reads=("person", "person_left_out", "person_event", "event_concept", "person_follow_up", "segment"),
    settings=("ics_code", "index_date", "purpose", "governance", "synthetic"),
    parameters=(SegmentChoice,),
    files="phm_utils.measures.cohort_members:files_of",
    items="phm_utils.measures.cohort_members:names",
)
TOPIC = Topic("measures", stages=(SEGMENTS, COHORTS))
