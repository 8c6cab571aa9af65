"""The cohorts stage: who belongs to each defined cohort, and how it came about."""

from collections.abc import Iterator, Mapping

import duckdb
import pandas as pd

from phm_utils.engine import Model, quote
from phm_utils.measures.definitions import AS_DEFINED, Cohort, check_cohort, load_cohorts
from phm_utils.measures.segments import columns_missing
from phm_utils.params import Workbook
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.derived import person_columns
from phm_utils.rules.tree import compile_rule, criteria, describe

REGISTERED = "Registered on the index date"
NO_MEMBER = "SELECT NULL::VARCHAR AS cohort, person_id, pcn_code, practice_code FROM person WHERE false"
NO_STEP = """
SELECT NULL::VARCHAR AS cohort, pcn_code, practice_code, 0 AS step, NULL::VARCHAR AS criterion, 0::BIGINT AS people
FROM person WHERE false"""
NO_ALTERNATIVE = """
SELECT NULL::VARCHAR AS cohort, 0 AS place, NULL::VARCHAR AS alternative, pcn_code, practice_code, 0::BIGINT AS people
FROM person WHERE false"""


def cohorts(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """Make `cohort_member`, `cohort_attrition`, `cohort_alternative` and `cohort_left_out`.

    Every file of parameters/cohorts is counted; notebooks choose which they
    show. A rule on a column that is null throughout, because its table is
    absent, is left out, and a cohort that asks for one is left out whole.
    """
    columns, missing = person_columns(), columns_missing(con)
    defined = load_cohorts()
    for name, definition in defined.items():
        check_cohort(definition, columns, f"{name}.yml")
    asked = {name: sorted({c.column for rule in d.criteria for c in criteria(rule)}) for name, d in defined.items()}
    lacking = {name: sorted({missing[c] for c in asked[name] if c in missing}) for name in defined}
    counted = {name: d for name, d in defined.items() if not lacking[name]}
    yield Model("cohort_member", ("cohort", "practice_code", "person_id"), sql=_members(counted, columns))
    yield Model("cohort_attrition", ("cohort", "practice_code", "step"), sql=_attrition(counted, columns))
    yield Model("cohort_alternative", ("cohort", "place", "practice_code"), sql=_alternatives(counted, columns))
    rows = [(name, ", ".join(tables)) for name, tables in lacking.items() if tables]
    yield Model("cohort_left_out", ("cohort",), frame=pd.DataFrame(rows, columns=["cohort", "needs"]).astype("str"))


def _condition(cohort: Cohort, columns: Mapping[str, RuleColumn]) -> str:
    return " AND ".join(compile_rule(rule, columns) for rule in cohort.criteria)


def _members(defined: Mapping[str, Cohort], columns: Mapping[str, RuleColumn]) -> str:
    """One row per cohort and member."""
    parts = [
        f"SELECT {quote(name)} AS cohort, person_id, pcn_code, practice_code FROM person WHERE {_condition(d, columns)}"
        for name, d in defined.items()
    ]
    return "\nUNION ALL\n".join(parts) or NO_MEMBER


def _attrition(defined: Mapping[str, Cohort], columns: Mapping[str, RuleColumn]) -> str:
    """One row per cohort, practice and step: people left after that criterion; step 0 is everybody registered."""
    parts = [_steps(name, d, columns) for name, d in defined.items()]
    return "\nUNION ALL\n".join(parts) or NO_STEP


def _steps(name: str, cohort: Cohort, columns: Mapping[str, RuleColumn]) -> str:
    fails = " ".join(
        f"WHEN ({compile_rule(rule, columns)}) IS NOT TRUE THEN {step}" for step, rule in enumerate(cohort.criteria)
    )
    words = [REGISTERED, *(describe(rule, columns) for rule in cohort.criteria)]
    steps = ", ".join(f"({step}, {quote(text)})" for step, text in enumerate(words))
    return f"""
SELECT {quote(name)} AS cohort, pcn_code, practice_code, steps.step, steps.criterion,
    CAST(coalesce(sum(people) FILTER (WHERE met >= steps.step), 0) AS BIGINT) AS people
FROM (
    SELECT pcn_code, practice_code, CASE {fails} ELSE {len(cohort.criteria)} END AS met, count(*) AS people
    FROM person GROUP BY ALL
) AS progress
CROSS JOIN (VALUES {steps}) AS steps (step, criterion)
GROUP BY pcn_code, practice_code, steps.step, steps.criterion"""


def _alternatives(defined: Mapping[str, Cohort], columns: Mapping[str, RuleColumn]) -> str:
    """One row per cohort, alternative threshold and practice: people it would hold; place 0 is the definition."""
    variants = [
        (name, place, words, variant)
        for name, d in defined.items()
        for place, (words, variant) in enumerate(
            [(AS_DEFINED, d), *((other.says, d.with_alternative(other)) for other in d.alternatives)]
        )
    ]
    parts = [
        f"SELECT {quote(name)} AS cohort, {place} AS place, {quote(words)} AS alternative, pcn_code, practice_code, "
        f"count(*) FILTER (WHERE {_condition(variant, columns)}) AS people "
        "FROM person GROUP BY pcn_code, practice_code"
        for name, place, words, variant in variants
    ]
    return "\nUNION ALL\n".join(parts) or NO_ALTERNATIVE
