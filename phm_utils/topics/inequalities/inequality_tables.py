"""True figures of the person-level inequalities report: long-term conditions, emergency admissions, small areas."""

from collections.abc import Iterator

import duckdb

from phm_utils.engine import Model
from phm_utils.errors import InputError
from phm_utils.measures.usual_variation import cautions
from phm_utils.params import Workbook
from phm_utils.privacy.blocks import practice_names
from phm_utils.rules.concepts import Concept, long_term_conditions
from phm_utils.rules.derived import columns_missing
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
    admitted care the admissions, and what a comparison between groups lacks: never silently zero.
    Raises InputError where the condition to map is not a long-term condition.
    """
    run, ics = InequalitiesParams.run_values(workbook), workbook.ics_code
    missing, names, why = set(columns_missing(con)), practice_names(con), cautions(con)
    mapped = long_term_condition(run["mapped_condition"], long_term_conditions())
    conditions = [c for c in long_term_conditions() if c.concept not in missing]
    strata = condition_strata(con, conditions)
    yield from prevalence.condition_models(strata, names, conditions, ics, run["confidence"], missing, cautions=why)
    by_place = None
    if "age" not in missing and (period := emergency_period(con, missing)):
        follow_people(con, period)
        strata = emergency_strata(con, "practice_code", "imd_quintile")
        yield from emergency_rates.emergency_models(
            strata, names, ics, run["confidence"], _unknown(con, missing), cautions=why
        )
        by_place = emergency_strata(con, "lsoa")
        con.execute("DROP TABLE emergency_person")
    if "lsoa" not in missing:
        condition = None if mapped.concept in missing else mapped.concept
        yield small_area_model(con, by_place, condition, ics, run["confidence"])


def _unknown(con: duckdb.DuckDBPyConnection, missing: set[str]) -> set[str]:
    """Columns of `person` and follow-up that are null throughout."""
    [(known,)] = con.execute("SELECT count(died) FROM person_follow_up").fetchall()
    return missing if known else {*missing, "died"}


def long_term_condition(name: str, conditions: list[Concept]) -> Concept:
    """A long-term condition by its name."""
    for concept in conditions:
        if concept.concept == name:
            return concept
    raise InputError(
        f"04_inequalities: `{name}` is not a long-term condition of parameters/concepts.csv. "
        f"There are: {', '.join(c.concept for c in conditions)}."
    )
