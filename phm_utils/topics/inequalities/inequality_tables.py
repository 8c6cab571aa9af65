"""What the person-level inequalities report shows, declared for release."""

import duckdb

from phm_utils.errors import InputError
from phm_utils.params import InequalitiesParams, Workbook
from phm_utils.privacy.release import Release
from phm_utils.rules.concepts import Concept, concepts
from phm_utils.topics.inequalities.emergency_rates import emergency_releases
from phm_utils.topics.inequalities.prevalence import condition_releases
from phm_utils.topics.inequalities.small_areas import small_area_release
from phm_utils.topics.inequalities.strata import (
    condition_strata,
    emergency_period,
    emergency_strata,
    follow_people,
    practices,
    readable,
)

NOTEBOOK = "04_inequalities"


def releases(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> list[Release]:
    """Aggregates for each PCN and the ICS: long-term conditions, emergency admissions, small areas.

    Without GP events the conditions are left out, without a year of
    admitted care the admissions: never silently zero.
    Raises InputError where the notebook's condition is not a long-term condition.
    """
    params = workbook.notebook_params(NOTEBOOK, workbook.ics_code)
    long_term = [c for c in concepts() if c.long_term_condition]
    chosen = _chosen(params, long_term)
    names, made = practices(con), []
    coded = "gp_event" in readable(con)
    if coded:
        strata = condition_strata(con, long_term)
        made += condition_releases(strata, names, long_term, workbook.ics_code, params.confidence)
    by_place = None
    if period := emergency_period(con):
        follow_people(con, period)
        strata = emergency_strata(con, "practice_code", "imd_quintile")
        made += emergency_releases(strata, names, workbook.ics_code, params.confidence)
        by_place = emergency_strata(con, "lsoa")
        con.execute("DROP TABLE emergency_person")
    return [
        *made,
        small_area_release(con, by_place, chosen.concept if coded else None, workbook.ics_code, params.confidence),
    ]


def _chosen(params: InequalitiesParams, long_term: list[Concept]) -> Concept:
    """The condition that the notebook shows by small area."""
    for concept in long_term:
        if concept.concept == params.condition:
            return concept
    raise InputError(
        f"{NOTEBOOK}: `{params.condition}` is not a long-term condition of parameters/concepts.csv. "
        f"There are: {', '.join(c.concept for c in long_term)}."
    )
