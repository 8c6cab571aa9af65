"""Declaration of the inequalities topic."""

from collections.abc import Iterator

from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.rules.concepts import long_term_conditions
from phm_utils.topic import MISSING, OK, Line, Stage, Topic, aggregates
from phm_utils.topics.inequalities.inequality_params import InequalitiesParams
from phm_utils.topics.inequalities.inequality_tables import RELEASES, long_term_condition


def examine(workbook: Workbook) -> Iterator[Line]:
    """For `phm doctor`: are the conditions that the parameter file names among the long-term conditions?"""
    asked = InequalitiesParams.of(workbook)
    try:
        for name in (asked.condition, asked.mapped_condition):
            long_term_condition(name, long_term_conditions())
    except InputError as fault:
        yield MISSING, str(fault)
    else:
        yield OK, f"04_inequalities: shows {asked.condition}, maps {asked.mapped_condition}"


TOPIC = Topic(
    "inequalities",
    stages=(
        Stage(
            "inequality_tables",
            "phm_utils.topics.inequalities.inequality_tables:inequality_tables",
            makes=aggregates(RELEASES),
            reads=(
                *("person", "person_left_out", "person_month", "person_follow_up", "activity_window"),
                *("practice", "area", "silent_month", "practice_caution"),
            ),
            parameters=(InequalitiesParams,),
            files=("parameters/concepts.csv", "parameters/reference/esp2013.csv"),
        ),
    ),
    releases=RELEASES,
    notebook="04_inequalities",
    parameters=InequalitiesParams,
    reads=("boundary", "person_left_out"),
    examine=examine,
)
