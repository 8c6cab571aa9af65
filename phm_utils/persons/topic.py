"""What the person tables declare."""

from phm_utils.persons.coverage import RELEASES
from phm_utils.rules.derived import PERSON_FILES
from phm_utils.tables import TABLES
from phm_utils.topic import Facts, Stage, Topic, aggregates

# Validated tables, code lists, and what the link stage made.
EXTRACTS = (
    *(*TABLES, "check_table", "check_field", "check_completeness", "silent_practice", "silent_month"),
    *("code_list", "person_index", "household"),
)

TOPIC = Topic(
    "persons",
    stages=(
        Stage(
            "persons",
            "phm_utils.persons.persons:persons",
            makes=(
                *("activity_window", "person_left_out", "person", "person_concept", "person_follow_up"),
                *("person_month", "person_event", "event_concept", "value_count"),
            ),
            reads=(*EXTRACTS, "people_account"),
            settings=("index_date", "limits"),
            files=PERSON_FILES,
        ),
        Stage(
            "reconciled",
            "phm_utils.persons.reconciled:register_reconciled",
            makes=("register_reconciled",),
            reads=("person", "person_left_out", "practice", "practice_register", "silent_practice"),
            settings=(),
            files=PERSON_FILES,
        ),
        Stage(
            "earlier",
            "phm_utils.persons.persons:earlier",
            makes=("person_earlier", "earlier_left_out"),
            reads=EXTRACTS,
            settings=("index_date", "limits"),
            files=PERSON_FILES,
        ),
        Stage(
            "coverage",
            "phm_utils.persons.coverage:coverage_tables",
            makes=aggregates(RELEASES),
            reads=("activity_window", "person_left_out", "value_count"),
            settings=("ics_code",),
            files=("parameters/concepts.csv",),
        ),
    ),
    releases=RELEASES,
    facts=Facts("phm_utils.persons.people_counts:people", reads=("person",), settings=("ics_code", "disclosure")),
)
