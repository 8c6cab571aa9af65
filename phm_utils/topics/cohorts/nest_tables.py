"""The stage that tells which cohorts and alternatives lie within others by definition."""

from collections.abc import Iterable, Iterator, Mapping

import duckdb
import pandas as pd

from phm_utils.engine import Model, present_tables
from phm_utils.measures.cohort_definitions import Cohort, load_cohorts
from phm_utils.measures.cohort_run import run_words
from phm_utils.measures.definitions import AS_DEFINED
from phm_utils.params import Workbook
from phm_utils.privacy.release import aggregate
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.implies import contained
from phm_utils.rules.tree import Rule
from phm_utils.topics.cohorts.cohort_releases import NEST

Definition = tuple[str, str]  # a cohort, and which of its alternatives


def cohort_nest(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: pairs of the definitions that this run counted.

    Nothing lies within a definition of which this run can ask a part alone: it may miss who meets the rest.
    """
    if "cohort_alternative" not in present_tables(con):
        return
    cohorts = load_cohorts()
    run = run_words(con, workbook, cohorts)
    counted = con.execute("SELECT DISTINCT cohort, alternative FROM cohort_alternative ORDER BY ALL").fetchall()
    criteria = {definition: criteria_of(cohorts, definition) for definition in counted}
    frame = nested(criteria, cohorts, run.words.columns)
    partly = {definition for definition, rules in criteria.items() if run.lacks_any(rules)}
    within = pd.Series(list(zip(frame["within_cohort"], frame["within_alternative"], strict=True)), dtype=object)
    whole = frame[~within.isin(partly)].reset_index(drop=True)
    yield aggregate(NEST, whole.assign(area_code=workbook.ics_code))


def criteria_of(cohorts: Mapping[str, Cohort], definition: Definition) -> tuple[Rule, ...]:
    """The criteria of a cohort, or of one of its alternatives."""
    name, alternative = definition
    if alternative == AS_DEFINED:
        return cohorts[name].criteria
    [other] = [other for other in cohorts[name].alternatives if other.says == alternative]
    return cohorts[name].with_alternative(other).criteria


def nested(
    criteria: Mapping[Definition, Iterable[Rule]], cohorts: Mapping[str, Cohort], columns: Mapping[str, RuleColumn]
) -> pd.DataFrame:
    """One row per definition that certainly has no member whom another has not, and that other; all such pairs.

    Pairs that a third one lies between are among them. Two definitions that are the same people are two rows.
    criteria: of each definition. cohorts: by name, those that they refer to. columns: of `person`.
    """
    rules = {definition: tuple(asked) for definition, asked in criteria.items()}
    pairs = contained(rules, {name: cohort.criteria for name, cohort in cohorts.items()}, columns)
    rows = [(*inner, *outer) for inner, outer in pairs]
    return pd.DataFrame(rows, columns=["cohort", "alternative", "within_cohort", "within_alternative"]).astype("str")
