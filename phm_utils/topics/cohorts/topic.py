"""Declaration of the cohort topic."""

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from phm_utils.errors import InputError
from phm_utils.measures.cohort_check import check_files
from phm_utils.measures.cohort_definitions import FOLDER, cohort_path
from phm_utils.measures.questions import FILE as QUESTIONS
from phm_utils.measures.questions import load_questions
from phm_utils.measures.rising import RisingChoice
from phm_utils.measures.segments import SegmentChoice
from phm_utils.params import Code, Workbook
from phm_utils.rules.derived import COLUMN_FILES
from phm_utils.runs import project_root
from phm_utils.topic import ADVICE, MISSING, OK, Line, Stage, Topic, aggregates
from phm_utils.topics.cohorts.change_releases import CHANGES
from phm_utils.topics.cohorts.cohort_releases import NEST, RELEASES
from phm_utils.topics.cohorts.list_releases import LIST_RELEASES, QUESTION
from phm_utils.topics.cohorts.rising_releases import RISING_RELEASES


class CohortsParams(RisingChoice):
    """03_cohorts."""

    NOTEBOOK: ClassVar[str] = "03_cohorts"

    cohorts: tuple[Code, ...] = Field(
        ("high_bmi_anxiety_depression_no_covid_vaccination",),
        min_length=1,
        max_length=6,
        description="Files of parameters/cohorts that are shown in full, in this order; all are counted",
    )


def examine(workbook: Workbook) -> Iterator[Line]:
    """For `phm doctor` and `--dry-run`: are all cohorts valid, and do those of the report exist?"""
    checked = check_files(sorted((project_root() / FOLDER).glob("*.yml")), workbook)
    for result in checked:
        if result.fault and result.cohort is None:
            yield MISSING, result.fault
        elif result.fault:
            yield ADVICE, f"{result.path.name} is left out: {result.fault}"
        if result.remark:
            yield ADVICE, f"{result.path.name}: {result.remark}"
    try:
        for name in CohortsParams.of(workbook).cohorts:
            cohort_path(name)
    except InputError as fault:
        yield MISSING, str(fault)
    try:
        load_questions()
    except InputError as fault:
        yield MISSING, str(fault)
    if not any(result.fault for result in checked):
        yield OK, f"parameters/cohorts: {len(checked)} cohorts"


TOPIC = Topic(
    "cohorts",
    stages=(
        Stage(
            "cohort_tables",
            "phm_utils.topics.cohorts.cohort_tables:cohort_tables",
            makes=aggregates(RELEASES),
            reads=(
                *("person", "person_left_out", "person_event", "practice", "practice_caution"),
                *("cohort_member", "cohort_attrition", "cohort_alternative", "cohort_left_out"),
            ),
            settings=("ics_code",),
            files=COLUMN_FILES,
        ),
        Stage(
            "cohort_nest",
            "phm_utils.topics.cohorts.nest_tables:cohort_nest",
            makes=aggregates([NEST]),
            reads=("cohort_alternative", "person_left_out", "person_event", "event_concept", "segment"),
            settings=("ics_code", "index_date"),
            parameters=(SegmentChoice,),
            files=(*COLUMN_FILES, "parameters/cohorts/*.yml"),
        ),
        Stage(
            "rising_tables",
            "phm_utils.topics.cohorts.rising_tables:rising_tables",
            makes=aggregates(RISING_RELEASES),
            reads=("rising_left_out", "rising_contact", "rising_estimate", "rising_stratum", "person", "practice"),
            settings=("ics_code",),
        ),
        Stage(
            "list_tables",
            "phm_utils.topics.cohorts.list_tables:list_tables",
            makes=aggregates(LIST_RELEASES),
            reads=("list_request", "list_member", "outreach_event", "person", "person_left_out", "practice"),
            settings=("ics_code", "index_date"),
            files=COLUMN_FILES,
        ),
        Stage(
            "questions",
            "phm_utils.topics.cohorts.question_tables:question_tables",
            makes=aggregates([QUESTION]),
            settings=("ics_code",),
            files=(QUESTIONS.as_posix(), "parameters/cohorts/*.yml"),
        ),
        Stage(
            "cohort_change",
            "phm_utils.topics.cohorts.change_tables:cohort_change",
            makes=aggregates(CHANGES),
            reads=("cohort_step", "cohort_definition", "person_place", "person_follow_up", "practice"),
            files="phm_utils.measures.cohort_change:earlier_files",
        ),
    ),
    releases=(*RELEASES, NEST, *CHANGES, *RISING_RELEASES, *LIST_RELEASES, QUESTION),
    notebook="03_cohorts",
    parameters=CohortsParams,
    reads=("person_left_out",),
    definitions=("parameters/cohorts/*.yml",),
    examine=examine,
)
