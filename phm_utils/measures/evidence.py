"""Why somebody is in a cohort, or is not: the record behind each criterion, with its day, code, value and source."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import duckdb
import pandas as pd
from sqlglot import exp

from phm_utils.engine import read_sql
from phm_utils.errors import InputError
from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.measures.cohort_query import CohortQuery
from phm_utils.rules.compile import literal
from phm_utils.rules.describe import describe
from phm_utils.rules.event_concepts import ADDRESS_LIST, PARTNER_LIST, PROGRAMME
from phm_utils.rules.event_facts import Fact, last_record
from phm_utils.rules.event_sql import RuleCompiler
from phm_utils.rules.event_windows import Window
from phm_utils.rules.forms import (
    AtAddress,
    Change,
    Criterion,
    Events,
    HasNot,
    InCohort,
    InProgramme,
    InSegment,
    Latest,
    Leaf,
    OnList,
    Sum,
    concepts_of,
)
from phm_utils.rules.tree import Household, Not, Rule, parts

EVIDENCE_KEY = ("practice_code", "person_no", "step", "place")
COLUMNS = ("step", "place", "criterion", "state", "day", "code", "value", "source", "window_from", "window_to")
MET, NOT_MET, NOT_KNOWN = "met", "not met", "not known"
PERSON = "person"  # the source of what is computed from several


def pieces(cohort: Cohort, query: CohortQuery) -> list[tuple[int, Leaf | Household, bool]]:
    """The single criteria of a cohort: of which step, and whether it counts when it does not hold (`not`).

    Those of cohorts that it refers to stand in their place. A criterion about others in the household is one.
    """
    return [piece for step, rule in enumerate(cohort.criteria, 1) for piece in _pieces(rule, step, False, query)]


def _pieces(rule: Rule, step: int, negated: bool, query: CohortQuery) -> Iterator[tuple[int, Leaf | Household, bool]]:
    if isinstance(rule, Household):
        yield step, rule, negated
    elif isinstance(rule, InCohort):
        for inner in query.run.words.cohorts[rule.cohort]:
            yield from _pieces(inner, step, negated, query)
    elif below := parts(rule):
        for part in below:
            yield from _pieces(part, step, negated != isinstance(rule, Not), query)
    else:
        yield step, rule, negated  # type: ignore[misc]  # what joins nothing is a criterion


def evidence_sql(cohort: Cohort, query: CohortQuery, people: str, columns: Sequence[str], *, met_only: bool) -> str:
    """A SELECT with one row per person and single criterion: `columns` of `person`, and COLUMNS.

    people: a SELECT of the `person_no` of those who are asked about. met_only: only what counts towards membership.
    `day`, `code` and `value` are those of the latest record behind it; of `has not`, those of the last record before
    the window, which is `window_from` to `window_to`. Of others in the household nothing but the neutral reason.
    """
    among = query.choose(people)
    asked_about = f"person.person_no IN (SELECT person_no FROM {among})"
    selects = []
    for place, (step, leaf, negated) in enumerate(pieces(cohort, query)):
        compiler, [condition] = query.conditions([leaf])
        state = _state(condition, negated)
        part = leaf if isinstance(leaf, Household) else query.run.told(leaf)
        if part is None:  # nothing of it may be told
            continue
        shown = _shown(part, compiler, cohort, among)
        query.make(compiler)
        words = _words(part, negated, cohort, query)
        fixed = {"step": literal(step), "place": literal(place), "criterion": literal(words)}
        asked = [exp.alias_(value, name) for name, value in (fixed | {"state": state} | shown).items()]
        chosen = compiler.select([*columns, *asked]).where(asked_about)
        if met_only:
            chosen = chosen.where(exp.EQ(this=state.copy(), expression=literal(MET)))
        selects.append(chosen.sql("duckdb"))
    return "\nUNION ALL\n".join(selects)


def _words(leaf: Leaf | Household, negated: bool, cohort: Cohort, query: CohortQuery) -> str:
    """A criterion in words; of others in the household the neutral reason, which tells nothing of them."""
    if isinstance(leaf, Household):
        return cohort.neutral_reason or ""
    words = describe(leaf, query.run.words.titles)
    return f"not: {words}" if negated else words


def _state(condition: exp.Expr, negated: bool) -> exp.Expr:
    holds, fails = (MET, NOT_MET) if not negated else (NOT_MET, MET)
    case = exp.case().when(condition, literal(holds)).when(exp.not_(exp.paren(condition.copy())), literal(fails))
    return case.else_(literal(NOT_KNOWN))


def _shown(leaf: Leaf | Household, compiler: RuleCompiler, cohort: Cohort, among: str) -> dict[str, exp.Expr]:
    """The columns from `day` on, of one criterion."""
    null = exp.Null()
    if isinstance(leaf, Household):
        reason = literal(cohort.neutral_reason or "")
        return _row(null, null, reason, PERSON, None, None)
    return record_behind(leaf, compiler, among)


def record_behind(leaf: Leaf, compiler: RuleCompiler, among: str | None = None) -> dict[str, exp.Expr]:
    """The record behind a single criterion: expressions for the columns from `day` on.

    among: a table with the `person_no` of those who are asked about; everybody without it.
    The facts that they read are collected in the compiler: make them before the expressions are used.
    """
    null = exp.Null()
    if isinstance(leaf, Criterion):
        return _of_column(leaf, compiler, among)
    if isinstance(leaf, InSegment):
        return _row(null, null, literal(" or ".join(leaf.segment)), "segment", None, None)
    names, codes = _asked(leaf)
    if not names:
        return _row(null, null, literal("named in the file"), PERSON, None, None)
    window = leaf.later if isinstance(leaf, Change) else getattr(leaf, "within", None)
    last = window
    if isinstance(leaf, HasNot) and window is not None and not window.anchor:
        last = _before(window, compiler, names)
    if isinstance(leaf, Latest):
        record = compiler.latest_fact(leaf.latest, window, among)
    else:
        record = compiler.keep(compiler.events_query(names, last, last_record(), codes, among=among))
    days = [compiler.days(window, name) for name in names]
    first = min((d.first for d in days if d.first), default=None)
    value = _number(leaf, compiler, record)
    sources = ", ".join(dict.fromkeys(compiler.sources[name].table for name in names))
    code = exp.column("code", record.name)
    return _row(exp.column("day", record.name), code, value, sources, first, max(d.last for d in days))


def _asked(leaf: Leaf) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The concepts of a criterion, and the names of lists or programmes."""
    if isinstance(leaf, OnList):
        return (PARTNER_LIST,), leaf.list
    if isinstance(leaf, AtAddress):
        return (ADDRESS_LIST,), leaf.address
    if isinstance(leaf, InProgramme):
        return (PROGRAMME,), leaf.programme
    return concepts_of(leaf), ()


def _before(window: Window, compiler: RuleCompiler, names: tuple[str, ...]) -> Window | None:
    """All days before a window; None where it has no beginning, and so nothing before it."""
    firsts = [first for name in names if (first := compiler.days(window, name).first)]
    if len(firsts) < len(names):
        return None
    return Window.model_validate({"to": min(firsts) - timedelta(days=1)})


def _number(leaf: Leaf, compiler: RuleCompiler, record: Fact) -> exp.Expr:
    """The value that was compared: a number of events, a sum, a change, or that of the record."""
    if isinstance(leaf, Events | Sum | Change | Latest):
        return exp.cast(compiler.compared_value(leaf), "VARCHAR")
    return exp.cast(exp.column("value", record.name), "VARCHAR")


def _of_column(leaf: Criterion, compiler: RuleCompiler, among: str | None) -> dict[str, exp.Expr]:
    """The value of a column and, where it comes from a concept, the concept's latest record."""
    value = exp.cast(exp.column(leaf.column, PERSON, quoted=True), "VARCHAR")
    concept = compiler.words.columns[leaf.column].concept
    if concept is None or concept not in compiler.sources:
        needs = compiler.words.columns[leaf.column].needs
        return _row(exp.Null(), exp.Null(), value, ", ".join(needs) or PERSON, None, None)
    known = compiler.words.concepts[concept]
    if known.value and not known.amount:
        record = compiler.latest_fact(concept, None, among)
    else:
        record = compiler.keep(compiler.events_query((concept,), None, last_record(), among=among))
    source = compiler.sources[concept].table
    return _row(exp.column("day", record.name), exp.column("code", record.name), value, source, None, None)


def _row(
    day: exp.Expr, code: exp.Expr, value: exp.Expr, source: str, first: date | None, last: date | None
) -> dict[str, exp.Expr]:
    return {
        "day": exp.cast(day, "DATE"),
        "code": exp.cast(code, "VARCHAR"),
        "value": value,
        "source": literal(source),
        "window_from": exp.cast(literal(first) if first else exp.Null(), "DATE"),
        "window_to": exp.cast(literal(last) if last else exp.Null(), "DATE"),
    }


def why(con: duckdb.DuckDBPyConnection, cohort: str, person_id: str) -> pd.DataFrame:
    """Of a member, the stored evidence: one row per single criterion that holds, in order; of nobody else, no row.

    con: reads `cohort_evidence` and `person`. Columns: COLUMNS without `state`.
    """
    columns = ", ".join(f"cohort_evidence.{name}" for name in COLUMNS if name != "state")
    sql = (
        f"SELECT {columns} FROM cohort_evidence INNER JOIN person USING (person_no) "
        "WHERE cohort_evidence.cohort = $cohort AND person.person_id = $id ORDER BY step, place"
    )
    return read_sql(con, sql, {"cohort": cohort, "id": person_id})


def why_not(query: CohortQuery, cohort: Cohort, person_id: str, *, permitted: bool = False) -> pd.DataFrame:
    """Of one person, every single criterion: whether it holds, and the record behind it. One row each, in order.

    Columns: COLUMNS. permitted: does the purpose allow what is known of others in the household?
    Raises InputError for somebody who is not of this run, and for a cohort that asks for others in the household
    without permission: in a household of two the answer would be about the other person.
    """
    refuse_unless(permitted, cohort)
    known = query.con.execute("SELECT person_no FROM person WHERE person_id = $id", {"id": person_id}).fetchall()
    if not known:
        raise InputError("This pseudonym is of nobody who is registered on the index date of this run.")
    sql = evidence_sql(cohort, query, f"SELECT {known[0][0]} AS person_no", [], met_only=False)
    return read_sql(query.con, f"SELECT {', '.join(COLUMNS)} FROM ({sql}) ORDER BY step, place")


def refuse_unless(permitted: bool, cohort: Cohort) -> None:
    """Refuse to say of a person what is known of others in the household, unless the purpose permits it."""
    if cohort.names_others and not permitted:
        raise InputError(
            f"{cohort.short} asks for something of others in the household: in a household of two a list, or an answer "
            "about one person, would tell it of the other. Only its counts are shown, unless `household_facts` of the "
            "governance file permits the run's purpose."
        )
