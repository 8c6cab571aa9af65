"""What the shared person-level stages declare: segments, the members of cohorts, and what is kept of them."""

from phm_utils.measures.rising import RisingChoice
from phm_utils.measures.segments import SegmentChoice
from phm_utils.measures.vulnerability import MADE
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
    makes=(
        *("cohort_member", "cohort_attrition", "cohort_evidence", "cohort_alternative", "cohort_left_out"),
        *("cohort_step", "cohort_definition"),
    ),
    reads=("person", "person_left_out", "person_event", "event_concept", "person_follow_up", "segment", "code_list"),
    settings=("ics_code", "index_date", "purpose", "governance", "synthetic"),
    parameters=(SegmentChoice,),
    files="phm_utils.measures.cohort_members:files_of",
    items="phm_utils.measures.cohort_members:names",
)
VULNERABILITY = Stage(
    "vulnerability",
    "phm_utils.measures.vulnerability:vulnerability",
    makes=MADE,
    reads=("person", "person_left_out", "person_event", "event_concept", "segment", "list_member", "outreach_event"),
    parameters=(SegmentChoice,),
    files="phm_utils.measures.vulnerability:files_of",
    items="phm_utils.measures.vulnerability:names",
)
PLACE = Stage(
    "person_place",
    "phm_utils.measures.person_place:person_place",
    makes=("person_place",),
    reads=("person",),
    settings=(),
)
RISING = Stage(
    "rising",
    "phm_utils.measures.rising:rising_contacts",
    makes=("rising_left_out", "rising_contact", "rising_estimate", "rising_stratum"),
    reads=("person", "person_follow_up", "person_event", "event_concept", "activity_window"),
    settings=("ics_code", "index_date"),
    parameters=(RisingChoice,),
)
FOLLOW_UP = Stage(
    "follow_up",
    "phm_utils.measures.follow_up:follow_up",
    makes=("list_request", "list_member", "outreach_event"),
    reads=(
        *("person", "person_follow_up", "person_event", "practice", "gp_registration", "gp_event", "code_list"),
        "event_concept",
    ),
    settings=("index_date",),
    files="phm_utils.measures.follow_up:follow_up_files",
)
# What `cohort_change` compares a later run with.
KEPT = ("cohort_step", "cohort_definition", "person_place")
# What `vulnerability_change` compares a later run with, besides `person_place`.
KEPT_BANDS = ("vulnerable_band", "vulnerability_definition")
TOPIC = Topic(
    "measures", stages=(SEGMENTS, COHORTS, VULNERABILITY, PLACE, RISING, FOLLOW_UP), keeps=(*KEPT, *KEPT_BANDS)
)
