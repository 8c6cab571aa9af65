"""The members of each cohort and the people left after each criterion, by file of parameters/cohorts."""

from collections.abc import Iterator, Mapping

import duckdb
import pandas as pd

from phm_utils.engine import Model, quote
from phm_utils.measures.definitions import AS_DEFINED, Cohort, check_cohort, cohort_names, load_cohort
from phm_utils.params import Workbook
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.compile import compile_rule
from phm_utils.rules.derived import columns_missing, person_columns
from phm_utils.rules.describe import describe
from phm_utils.rules.tree import criteria

REGISTERED = "Registered on the index date"


def names(workbook: Workbook) -> list[str]:
    """The cohorts to count: every file of parameters/cohorts; notebooks choose which they show."""
    return cohort_names()


def cohort(con: duckdb.DuckDBPyConnection, workbook: Workbook, item: str) -> Iterator[Model]:
    """The stage, for the cohort `item`: its part of `cohort_member`, `cohort_attrition` and `cohort_alternative`.

    A cohort that uses a column that is null for everybody, because its table is
    absent, is left out: then there is only a row of `cohort_left_out`.
    """
    columns, missing = person_columns(), columns_missing(con)
    defined = load_cohort(item)
    check_cohort(defined, columns, f"{item}.yml")
    asked = {c.column for rule in defined.criteria for c in criteria(rule)}
    lacking = sorted({missing[column] for column in asked if column in missing})
    rows = [(item, ", ".join(lacking))] if lacking else []
    yield Model("cohort_left_out", ("cohort",), frame=pd.DataFrame(rows, columns=["cohort", "needs"]).astype("str"))
    if lacking:
        return
    yield Model("cohort_member", ("practice_code", "person_id"), sql=_members(item, defined, columns))
    yield Model("cohort_attrition", ("practice_code", "step"), sql=_attrition(item, defined, columns))
    yield Model("cohort_alternative", ("place", "practice_code"), sql=_alternatives(item, defined, columns))


def _condition(defined: Cohort, columns: Mapping[str, RuleColumn]) -> str:
    return " AND ".join(compile_rule(rule, columns) for rule in defined.criteria)


def _members(name: str, defined: Cohort, columns: Mapping[str, RuleColumn]) -> str:
    """One row per member."""
    return (
        f"SELECT {quote(name)} AS cohort, person_id, pcn_code, practice_code FROM person "
        f"WHERE {_condition(defined, columns)}"
    )


def _attrition(name: str, defined: Cohort, columns: Mapping[str, RuleColumn]) -> str:
    """One row per practice and step: people left after that criterion; step 0 is everybody registered."""
    fails = " ".join(
        f"WHEN ({compile_rule(rule, columns)}) IS NOT TRUE THEN {step}" for step, rule in enumerate(defined.criteria)
    )
    words = [REGISTERED, *(describe(rule, columns) for rule in defined.criteria)]
    steps = ", ".join(f"({step}, {quote(text)})" for step, text in enumerate(words))
    return f"""
SELECT {quote(name)} AS cohort, pcn_code, practice_code, steps.step, steps.criterion,
    CAST(coalesce(sum(people) FILTER (WHERE met >= steps.step), 0) AS BIGINT) AS people
FROM (
    SELECT pcn_code, practice_code, CASE {fails} ELSE {len(defined.criteria)} END AS met, count(*) AS people
    FROM person GROUP BY ALL
) AS progress
CROSS JOIN (VALUES {steps}) AS steps (step, criterion)
GROUP BY pcn_code, practice_code, steps.step, steps.criterion"""


def _alternatives(name: str, defined: Cohort, columns: Mapping[str, RuleColumn]) -> str:
    """One row per alternative threshold and practice: people the cohort would hold; place 0 is the definition."""
    variants = {AS_DEFINED: defined} | {other.says: defined.with_alternative(other) for other in defined.alternatives}
    return "\nUNION ALL\n".join(
        f"SELECT {quote(name)} AS cohort, {place} AS place, {quote(words)} AS alternative, pcn_code, practice_code, "
        f"count(*) FILTER (WHERE {_condition(variant, columns)}) AS people "
        "FROM person GROUP BY pcn_code, practice_code"
        for place, (words, variant) in enumerate(variants.items())
    )
