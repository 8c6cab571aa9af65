"""Declaration of the cohort topic."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from phm_utils.errors import InputError
from phm_utils.measures.definitions import check_cohort, load_cohort, load_cohorts
from phm_utils.params import Code, RunParams, Workbook
from phm_utils.rules.derived import COLUMN_FILES, person_columns
from phm_utils.topic import MISSING, OK, Line, Stage, Topic, aggregates
from phm_utils.topics.cohorts.cohort_releases import RELEASES


class CohortsParams(RunParams):
    """03_cohorts."""

    NOTEBOOK: ClassVar[str] = "03_cohorts"

    cohorts: tuple[Code, ...] = Field(
        ("high_bmi_anxiety_depression_no_covid_vaccination",),
        min_length=1,
        description="Rule files of parameters/cohorts, shown in this order",
    )


def examine(workbook: Workbook) -> Iterator[Line]:
    """For `phm doctor`: are all cohorts valid, and do those of the report exist?"""
    try:
        defined = load_cohorts()
        for name, cohort in defined.items():
            check_cohort(cohort, person_columns(), f"{name}.yml")
        for name in CohortsParams.of(workbook).cohorts:
            load_cohort(name)
    except InputError as fault:
        yield MISSING, str(fault)
    else:
        yield OK, f"parameters/cohorts: {len(defined)} cohorts"


TOPIC = Topic(
    "cohorts",
    stages=(
        Stage(
            "cohort_tables",
            "phm_utils.topics.cohorts.cohort_tables:cohort_tables",
            makes=aggregates(RELEASES),
            reads=(
                *("person", "person_left_out", "practice", "practice_caution"),
                *("cohort_member", "cohort_attrition", "cohort_alternative", "cohort_left_out"),
            ),
            settings=("ics_code",),
            files=COLUMN_FILES,
        ),
    ),
    releases=RELEASES,
    notebook="03_cohorts",
    parameters=CohortsParams,
    reads=("person_left_out",),
    definitions=("parameters/cohorts/*.yml",),
    examine=examine,
)
