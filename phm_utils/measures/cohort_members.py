"""The members of each cohort, and the people left after each criterion, by file of parameters/cohorts."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import Model, quote
from phm_utils.inputs.governance import household_facts_permitted
from phm_utils.measures.cohort_definitions import Cohort, cohort_names, cohort_path, load_cohort, read_cohort
from phm_utils.measures.cohort_query import PLACED, CohortQuery
from phm_utils.measures.cohort_run import run_words
from phm_utils.measures.definition_digest import definition_digest
from phm_utils.measures.definitions import AS_DEFINED
from phm_utils.measures.evidence import EVIDENCE_KEY, evidence_sql
from phm_utils.measures.id_files import ids_path
from phm_utils.measures.segments import segment_files
from phm_utils.params import Workbook
from phm_utils.rules.forms import InCohort, OfIds
from phm_utils.rules.tree import leaves
from phm_utils.runs import resolve

REGISTERED = "Registered on the index date"
PLACE = ("pcn_code", "practice_code")
MEMBER_KEY = ("practice_code", "person_no")


def names(workbook: Workbook) -> list[str]:
    """The cohorts to count: every file of parameters/cohorts; notebooks choose which they show."""
    return cohort_names()


def files_of(workbook: Workbook, item: str) -> list[Path]:
    """The files that a cohort depends on: its own, those of cohorts that it refers to, files of people, segments."""
    found = [cohort_path(item), *(cohort_path(name) for name in sorted(referred(item)))]
    rules = [rule for path in found for rule in load_cohort(path.stem).criteria]
    people = sorted({ids_path(leaf.ids) for rule in rules for leaf in leaves(rule) if isinstance(leaf, OfIds)})
    return [*found, *people, resolve(workbook.governance), *segment_files(workbook)]


def referred(name: str) -> set[str]:
    """The cohorts that a cohort refers to, through others or not; itself where it is a circle."""
    found: set[str] = set()
    new, there = {name}, set(cohort_names())
    while new:
        rules = [rule for other in sorted(new) for rule in load_cohort(other).criteria]
        asked = {leaf.cohort for rule in rules for leaf in leaves(rule) if isinstance(leaf, InCohort)}
        new = (asked & there) - found
        found |= new
    return found


def cohort(con: duckdb.DuckDBPyConnection, workbook: Workbook, item: str) -> Iterator[Model]:
    """The stage, for the cohort `item`: its part of `cohort_member`, `cohort_attrition` and `cohort_alternative`.

    And of `cohort_step`, how far everybody gets, with `cohort_definition`: what a later run is compared with.
    And of `cohort_evidence`, unless the cohort asks for others in the household and the purpose does not permit that.
    A cohort is left out, with a row of `cohort_left_out`, where it asks for what the run lacks (a table, a window
    that a source does not cover, a list) or its rule is of another year.
    """
    others = {name: load_cohort(name) for name in sorted(referred(item))}
    run = run_words(con, workbook, others)
    defined = read_cohort(cohort_path(item), run.static)
    late = defined.out_of_season(run.index_date, others)  # before its windows are asked for: they may lie in the future
    lacking = [] if late else run.lacking(defined.criteria)
    reasons = [late] if late else [", ".join(lacking)] if lacking else []
    left_out = pd.DataFrame([(item, reason) for reason in reasons], columns=["cohort", "needs"]).astype("str")
    yield Model("cohort_left_out", ("cohort",), frame=left_out)
    if reasons:
        return
    query, permitted = CohortQuery(con, run), household_facts_permitted(workbook)
    query.place_people(defined)
    words = [run.in_words(rule) for rule in defined.criteria]
    yield Model("cohort_member", MEMBER_KEY, sql=_members(item, len(words)))
    yield Model("cohort_attrition", ("practice_code", "step"), sql=_attrition(item, words))
    yield Model("cohort_step", ("person_no",), sql=_steps(item))
    digest = definition_digest(con, workbook, {item: defined, **others})
    yield Model("cohort_definition", ("cohort", "step"), frame=_definition(item, words, digest))
    if permitted or not defined.names_others:
        yield Model("cohort_evidence", EVIDENCE_KEY, sql=_evidence(item, defined, query))
    yield Model("cohort_alternative", ("place", "practice_code"), sql=_alternatives(item, defined, query))


def _members(name: str, steps: int) -> str:
    """One row per member."""
    return (
        f"SELECT {quote(name)} AS cohort, person_id, person_no, pcn_code, practice_code FROM {PLACED} "
        f"INNER JOIN person USING (person_no) WHERE met = {steps}"
    )


def _steps(name: str) -> str:
    """One row per person of whom a criterion holds: `met`, how many do before one that does not, and `unknown`.

    And one where it is not known whether the first holds; of all others it is known that it does not.
    """
    return f"SELECT {quote(name)} AS cohort, person_no, met, unknown FROM {PLACED} WHERE met > 0 OR unknown"


def _definition(name: str, words: list[str], digest: str) -> pd.DataFrame:
    """One row per criterion, in their order, with the digest of them all."""
    frame = pd.DataFrame({"cohort": name, "step": range(1, len(words) + 1), "criterion": words, "digest": digest})
    return frame.astype({"step": "int32"} | dict.fromkeys(("cohort", "criterion", "digest"), "str"))


def _evidence(name: str, defined: Cohort, query: CohortQuery) -> str:
    """One row per member and single criterion that holds: the record behind it."""
    members = f"SELECT person_no FROM {PLACED} WHERE met = {len(defined.criteria)}"
    sql = evidence_sql(defined, query, members, ["practice_code", "person_no"], met_only=True)
    return f"SELECT {quote(name)} AS cohort, * EXCLUDE (state) FROM ({sql})"


def _attrition(name: str, words: list[str]) -> str:
    """One row per practice and step: people left after that criterion, and those whom it could not judge.

    Step 0 is everybody registered. unknown: of the people left before, those of whom it is not known.
    """
    steps = ", ".join(f"({step}, {quote(text)})" for step, text in enumerate([REGISTERED, *words]))
    return f"""
SELECT {quote(name)} AS cohort, pcn_code, practice_code, steps.step, steps.criterion,
    CAST(coalesce(sum(people) FILTER (WHERE met >= steps.step), 0) AS BIGINT) AS people,
    CAST(coalesce(sum(people) FILTER (WHERE met = steps.step - 1 AND unknown), 0) AS BIGINT) AS unknown
FROM (
    SELECT pcn_code, practice_code, met, unknown, count(*) AS people
    FROM {PLACED} INNER JOIN person USING (person_no) GROUP BY ALL
) AS progress
CROSS JOIN (VALUES {steps}) AS steps (step, criterion)
GROUP BY pcn_code, practice_code, steps.step, steps.criterion"""


def _alternatives(name: str, defined: Cohort, query: CohortQuery) -> str:
    """One row per alternative and practice: people the cohort would hold; place 0 is the definition.

    Left out is an alternative that asks for more than this run has, such as a longer window: its count would be low.
    """
    lacks = query.run.lacks_any(defined.criteria)
    others = {other.says: defined.with_alternative(other) for other in defined.alternatives}
    counted = {words: variant for words, variant in others.items() if query.run.lacks_any(variant.criteria) <= lacks}
    variants = {AS_DEFINED: defined} | counted
    return "\nUNION ALL\n".join(
        f"SELECT {quote(name)} AS cohort, {place} AS place, {quote(words)} AS alternative, pcn_code, practice_code, "
        f"count(*) FILTER (WHERE met = {len(variant.criteria)}) AS people "
        f"FROM ({query.placed_sql(variant, columns=PLACE)}) AS placed GROUP BY pcn_code, practice_code"
        for place, (words, variant) in enumerate(variants.items())
    )
