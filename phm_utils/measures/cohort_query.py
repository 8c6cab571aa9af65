"""Asking the tables of a run about cohorts: facts are made once and used again, and everybody is placed at a step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import duckdb
from sqlglot import exp

from phm_utils.engine import guarded
from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.measures.cohort_run import RunWords
from phm_utils.measures.id_files import read_ids
from phm_utils.rules.compile import literal
from phm_utils.rules.event_facts import Fact
from phm_utils.rules.event_sql import RuleCompiler
from phm_utils.rules.tree import Rule

PLACED = "placed"


@dataclass
class CohortQuery:
    """Cohorts asked of the tables that `con` can read. Facts stay until the connection closes."""

    con: duckdb.DuckDBPyConnection
    run: RunWords
    made: set[str] = field(default_factory=set)
    chosen: int = 0

    def conditions(self, rules: Iterable[Rule]) -> tuple[RuleCompiler, list[exp.Expr]]:
        """The condition of each rule, and the compiler that selects with them. Facts that are new are made."""
        run = self.run
        compiler = RuleCompiler(run.sources, run.index_date, words=run.words, lacks=run.lacks, told=run.told)
        conditions = [compiler.condition(rule) for rule in rules]
        self.make(compiler)
        return compiler, conditions

    def make(self, compiler: RuleCompiler) -> None:
        """Make the facts that a compiler has collected, those that are there already left as they are."""
        for fact in compiler.facts.values():
            self._make(fact)

    def _make(self, fact: Fact) -> None:
        if fact.name in self.made:
            return
        if fact.ids is not None:
            self.con.register(fact.ids_table, read_ids(self.con, fact.ids))
        with guarded("Counting events", "The tables of the run may be damaged: run `phm run` again."):
            self.con.execute(f"CREATE OR REPLACE TEMP TABLE {fact.name} AS {fact.sql}")
        if fact.ids is not None:
            self.con.unregister(fact.ids_table)
        self.made.add(fact.name)

    def place_people(self, cohort: Cohort, people: str | None = None) -> None:
        """Make the table `placed`: one row per person. See `placed_sql`."""
        with guarded("Counting a cohort", "The tables of the run may be damaged: run `phm run` again."):
            self.con.execute(f"CREATE OR REPLACE TEMP TABLE {PLACED} AS {self.placed_sql(cohort, people)}")

    def choose(self, sql: str) -> str:
        """Make a table of people, `person_no`, from a SELECT; its name, which no other has."""
        name = f"chosen_{self.chosen}"
        self.chosen += 1
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")
        return name

    def placed_sql(self, cohort: Cohort, people: str | None = None, columns: Sequence[str] = ()) -> str:
        """A SELECT with one row per person: `person_no`, `columns` of `person`, and how far the person gets.

        met: how many criteria hold in their order before one that does not. unknown: is it not known whether that
        next one holds?
        people: an SQL condition on `person`, of those who are asked about.
        """
        compiler, conditions = self.conditions(cohort.criteria)
        asked: Sequence[exp.Expr] = [exp.alias_(condition, f"c{n}") for n, condition in enumerate(conditions, start=1)]
        names = [column.alias for column in asked]
        inner = compiler.select(["person_no", *columns, *asked])
        if people:
            inner = inner.where(people)
        met, unknown = exp.case(), exp.case()
        for step, name in enumerate(names):
            fails = exp.not_(exp.func("coalesce", exp.column(name), literal(False)))
            met = met.when(fails, literal(step))
            unknown = unknown.when(fails.copy(), exp.Is(this=exp.column(name), expression=exp.Null()))
        query = exp.select(
            *("person_no", *columns),
            exp.alias_(exp.cast(met.else_(literal(len(names))), "SMALLINT"), "met"),
            exp.alias_(unknown.else_(literal(False)), "unknown"),
        )
        return query.from_(inner.subquery("judged")).sql("duckdb")
