"""True figures of the person-level inequalities report: long-term conditions, emergency admissions, small areas."""

from collections.abc import Iterator

import duckdb

from phm_utils.engine import Model, present_tables
from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.privacy.blocks import practice_names
from phm_utils.rules.concepts import Concept, long_term_conditions
from phm_utils.topics.inequalities import emergency_rates, prevalence
from phm_utils.topics.inequalities.inequality_params import InequalitiesParams
from phm_utils.topics.inequalities.small_areas import SMALL_AREAS, small_area_model
from phm_utils.topics.inequalities.strata import (
    condition_strata,
    emergency_period,
    emergency_strata,
    follow_people,
)

RELEASES = (*prevalence.RELEASES, *emergency_rates.RELEASES, SMALL_AREAS)


def inequality_tables(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: aggregates for each PCN and the ICS.

    Without GP events the conditions are left out, without a year of
    admitted care the admissions: never silently zero.
    Raises InputError where the condition to map is not a long-term condition.
    """
    run, ics = InequalitiesParams.run_values(workbook), workbook.ics_code
    conditions, names = long_term_conditions(), practice_names(con)
    mapped = long_term_condition(run["mapped_condition"], conditions)
    coded = "gp_event" in present_tables(con)
    if coded:
        strata = condition_strata(con, conditions)
        yield from prevalence.condition_models(strata, names, conditions, ics, run["confidence"])
    by_place = None
    if period := emergency_period(con):
        follow_people(con, period)
        strata = emergency_strata(con, "practice_code", "imd_quintile")
        yield from emergency_rates.emergency_models(strata, names, ics, run["confidence"])
        by_place = emergency_strata(con, "lsoa")
        con.execute("DROP TABLE emergency_person")
    yield small_area_model(con, by_place, mapped.concept if coded else None, ics, run["confidence"])


def long_term_condition(name: str, conditions: list[Concept]) -> Concept:
    """A long-term condition by its name."""
    for concept in conditions:
        if concept.concept == name:
            return concept
    raise InputError(
        f"04_inequalities: `{name}` is not a long-term condition of parameters/concepts.csv. "
        f"There are: {', '.join(c.concept for c in conditions)}."
    )
