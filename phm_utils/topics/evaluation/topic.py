"""Declaration of the evaluation topic."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from phm_utils.errors import InputError
from phm_utils.params import Code, RunParams, Workbook
from phm_utils.runs import project_root
from phm_utils.topic import MISSING, OK, Line, Stage, Topic, aggregates
from phm_utils.topics.evaluation.evaluation_tables import ICS_WIDE, RELEASES
from phm_utils.topics.evaluation.interventions import OWN, load_interventions

TABLES = tuple(f"evaluation_{name}" for name in (*ICS_WIDE, "people", "contacts"))
PROGRAMMES = "parameters/interventions/*.yml"


class EvaluationParams(RunParams):
    """05_evaluation."""

    NOTEBOOK: ClassVar[str] = "05_evaluation"

    programme: Code = Field(OWN, description="A file of parameters/interventions; own: what the area's people are in")


def examine(workbook: Workbook) -> Iterator[Line]:
    """For `phm doctor`: are the programmes' definitions valid?"""
    try:
        found = list(load_interventions(project_root() / "parameters" / "interventions"))
    except InputError as fault:
        yield MISSING, str(fault)
    else:
        yield OK, f"parameters/interventions: {len(found)} {'programme' if len(found) == 1 else 'programmes'}"


TOPIC = Topic(
    "evaluation",
    stages=(
        Stage(
            "evaluation",
            "phm_utils.topics.evaluation.evaluate:evaluate",
            makes=TABLES,
            reads=(
                *("person_month", "person_follow_up", "person_concept", "person_left_out", "person_index"),
                *("activity_window", "programme_enrolment", "silent_practice", "silent_month"),
            ),
            settings=("index_date",),
            files=(PROGRAMMES, "parameters/concepts.csv", "parameters/reference/unit_costs.csv"),
        ),
        Stage(
            "evaluation_tables",
            "phm_utils.topics.evaluation.evaluation_tables:evaluation_tables",
            makes=aggregates(RELEASES),
            reads=(*TABLES, "practice"),
            settings=("ics_code",),
        ),
    ),
    releases=RELEASES,
    notebook="05_evaluation",
    parameters=EvaluationParams,
    reads=("person_left_out",),
    definitions=(PROGRAMMES,),
    examine=examine,
)
