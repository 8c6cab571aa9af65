"""The stage that tells which cohorts and alternatives lie within others by definition."""

from collections.abc import Iterable, Iterator, Mapping

import duckdb
import pandas as pd

from phm_utils.engine import Model, present_tables, read_sql
from phm_utils.measures.cohort_definitions import Cohort, load_cohorts
from phm_utils.measures.definitions import AS_DEFINED
from phm_utils.params import Workbook
from phm_utils.privacy.release import aggregate
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.derived import person_columns
from phm_utils.rules.implies import contained
from phm_utils.topics.cohorts.cohort_releases import NEST


def cohort_nest(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: pairs of the cohorts that this run counted, and of their alternatives."""
    if "cohort_attrition" not in present_tables(con):
        return
    counted = read_sql(con, "SELECT DISTINCT cohort FROM cohort_attrition ORDER BY cohort")["cohort"]
    frame = nested(load_cohorts(), counted, person_columns())
    yield aggregate(NEST, frame.assign(area_code=workbook.ics_code))


def nested(cohorts: Mapping[str, Cohort], counted: Iterable[str], columns: Mapping[str, RuleColumn]) -> pd.DataFrame:
    """One row per definition that certainly has no member whom another has not, and that other; all such pairs.

    Pairs that a third one lies between are among them. Two definitions that are the same people are two rows.
    cohorts: by name, those that are counted and those that they refer to. columns: of `person`.
    """
    definitions = {}
    for name in counted:
        defined = cohorts[name]
        definitions[name, AS_DEFINED] = defined.criteria
        definitions |= {(name, other.says): defined.with_alternative(other).criteria for other in defined.alternatives}
    pairs = contained(definitions, {name: cohort.criteria for name, cohort in cohorts.items()}, columns)
    rows = [(*inner, *outer) for inner, outer in pairs]
    return pd.DataFrame(rows, columns=["cohort", "alternative", "within_cohort", "within_alternative"]).astype("str")
