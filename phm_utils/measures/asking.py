"""Asking a run about a cohort, in this process: its size, how it comes about, who is in it. Nothing is written.

with open_question(Path("parameters/demo.yml")) as asking:
    asking.attrition(read_cohort(Path("mine.yml")))
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb
import pandas as pd

from phm_utils.engine import guarded, present_tables, quote, read_sql, session
from phm_utils.errors import InputError
from phm_utils.inputs.governance import household_facts_permitted
from phm_utils.measures.cohort_definitions import Cohort, cohort_names, load_cohort
from phm_utils.measures.cohort_groups import DIMENSIONS, PLACES
from phm_utils.measures.cohort_members import REGISTERED
from phm_utils.measures.cohort_query import PLACED, CohortQuery
from phm_utils.measures.cohort_run import RunWords, run_words
from phm_utils.measures.evidence import refuse_unless, why, why_not
from phm_utils.params import Workbook
from phm_utils.rules.event_windows import days_of
from phm_utils.rules.forms import concepts_of, windows_of
from phm_utils.rules.tree import Rule, leaves
from phm_utils.runs import Store, resolve
from phm_utils.wording import all_lacking

NEEDED = ("person", "person_event", "event_concept", "person_left_out", "person_follow_up", "practice")
USED = (*NEEDED, "segment", "cohort_evidence")
ALIKE = ("age_band", "sex")  # "everybody of the same age and sex"


@dataclass
class Asking:
    """Questions about cohorts to the tables of one run, all of it or one PCN.

    condition: of the people who are asked about, SQL on `person`; None for everybody.
    """

    con: duckdb.DuckDBPyConnection
    workbook: Workbook
    run: RunWords
    condition: str | None = None
    query: CohortQuery = field(init=False)
    _placed: tuple[Rule, ...] | None = field(init=False, default=None)
    _members: pd.DataFrame | None = field(init=False, default=None)
    _people: dict[str, pd.DataFrame] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.query = CohortQuery(self.con, self.run)

    def size(self, cohort: Cohort) -> int:
        """How many people are in it."""
        self._place(cohort)
        return self._counted(f"SELECT count(*) FILTER (WHERE met = {len(cohort.criteria)}) FROM {PLACED}")

    def attrition(self, cohort: Cohort) -> pd.DataFrame:
        """One row per `step` and `criterion`: `people` left after it, and `unknown`, whom it could not judge."""
        self._place(cohort)
        met = read_sql(self.con, f"SELECT met, unknown, count(*) AS people FROM {PLACED} GROUP BY ALL")
        words = [REGISTERED, *(self.run.in_words(rule) for rule in cohort.criteria)]
        left = [int(met.loc[met["met"] >= step, "people"].sum()) for step in range(len(words))]
        stopped = met[met["unknown"]].groupby("met")["people"].sum()
        unknown = [0, *(int(stopped.get(step, 0)) for step in range(len(cohort.criteria)))]
        return pd.DataFrame({"step": range(len(words)), "criterion": words, "people": left, "unknown": unknown})

    def by(self, cohort: Cohort, dimension: str) -> pd.DataFrame:
        """One row per `level` of a dimension (`PCN`, `Practice`, `Age`, `Sex`, `Deprivation`, `Ethnic group`).

        `people` in the cohort, `registered`, and `expected`: were its share of every age band and sex that of all
        who are asked about. Raises InputError for another dimension, or one that the run does not know.
        """
        everybody = self._everybody(dimension)
        keys = ["level", *ALIKE]
        members = self._chosen(cohort).rename(columns={_column(dimension): "level"})
        members = members.groupby(keys, as_index=False, dropna=False)["people"].sum()
        cells = everybody.merge(members, on=keys, how="left").fillna({"people": 0})
        alike = cells.groupby(list(ALIKE), dropna=False)[["people", "registered"]].transform("sum")
        cells["expected"] = cells["registered"] * alike["people"] / alike["registered"]
        found = cells.groupby("level")[["people", "registered", "expected"]].sum()
        order = DIMENSIONS[dimension][0] if dimension in DIMENSIONS else sorted(found.index)
        found = found.reindex([level for level in order if level in found.index]).reset_index()
        found = found.astype({"people": "int64", "registered": "int64"})
        return found.assign(level=self._named(found["level"], dimension))

    def describe(self, cohort: Cohort) -> str:
        """The definition in words, with the days that its windows mean in this run."""
        lines = [cohort.title, f"  {cohort.question}", "Everybody registered who meets each of:"]
        lines += [f"  {n}. {self.run.in_words(rule)}" for n, rule in enumerate(cohort.criteria, start=1)]
        days = list(dict.fromkeys(line for rule in cohort.criteria for line in self._windows(rule)))
        return "\n".join([*lines, *(["Windows in this run:", *days] if days else [])])

    def sql(self, cohort: Cohort) -> str:
        """The SQL that DuckDB runs for it: each fact, then everybody's place."""
        compiler, _ = self.query.conditions(cohort.criteria)
        facts = [f"-- fact\nCREATE TEMP TABLE {fact.name} AS\n{fact.sql};" for fact in compiler.facts.values()]
        return "\n\n".join([*facts, self.query.placed_sql(cohort, self.condition)])

    def compare(self, a: Cohort, b: Cohort) -> pd.DataFrame:
        """Who is in both cohorts, in one, and which criterion of the other the rest do not meet.

        One row per `group` ("In both", "Only in A", "Only in B") and `criterion` that is the first not met, with
        `people`, and `unknown`, those of whom it is not known.
        """
        self._place(a)
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE placed_a AS SELECT * FROM {PLACED}")
        self._place(b)
        ends = f"a.met = {len(a.criteria)} AS in_a, b.met = {len(b.criteria)} AS in_b"
        cells = read_sql(
            self.con,
            f"SELECT {ends}, a.met AS met_a, b.met AS met_b, a.unknown AS unknown_a, b.unknown AS unknown_b, "
            f"count(*) AS people FROM placed_a AS a INNER JOIN {PLACED} AS b USING (person_no) "
            f"WHERE a.met = {len(a.criteria)} OR b.met = {len(b.criteria)} GROUP BY ALL",
        )
        both = cells[cells["in_a"] & cells["in_b"]]
        rows = [("In both", "", int(both["people"].sum()), 0)]
        for name, one, other, criteria in (("A", "a", "b", b.criteria), ("B", "b", "a", a.criteria)):
            only = cells[cells[f"in_{one}"] & ~cells[f"in_{other}"]]
            for step, rule in enumerate(criteria):
                stopped = only[only[f"met_{other}"] == step]
                unknown = stopped.loc[stopped[f"unknown_{other}"], "people"].sum()
                rows.append((f"Only in {name}", self.run.in_words(rule),
                             int(stopped["people"].sum()), int(unknown)))  # fmt: skip
        return pd.DataFrame(rows, columns=["group", "criterion", "people", "unknown"])

    def why(self, name: str, person_id: str) -> pd.DataFrame:
        """Why somebody is a member of a cohort of the run: the stored evidence. See `evidence.why`."""
        refuse_unless(self.permitted, load_cohort(name))
        if "cohort_evidence" not in present_tables(self.con):
            raise InputError("The run has no evidence of members yet. Run `phm run` for its parameter file.")
        return why(self.con, name, person_id)

    def why_not(self, cohort: Cohort, person_id: str) -> pd.DataFrame:
        """Of one person, which criteria hold, which do not, and which are not known. See `evidence.why_not`."""
        return why_not(self.query, cohort, person_id, permitted=self.permitted)

    @property
    def permitted(self) -> bool:
        """May what is known of others in a household be told of a person, for the run's purpose?"""
        return household_facts_permitted(self.workbook)

    def _place(self, cohort: Cohort) -> None:
        """Place everybody, unless the last question was about the same criteria."""
        if cohort.criteria == self._placed:
            return
        if lacking := self.run.lacking(cohort.criteria):
            raise InputError(f"{cohort.short} cannot be counted in this run, which lacks {all_lacking(lacking)}.")
        self._placed = self._members = None
        self.query.place_people(cohort, self.condition)
        self._placed = cohort.criteria

    def _chosen(self, cohort: Cohort) -> pd.DataFrame:
        """The members, counted by every dimension, age band and sex at once."""
        self._place(cohort)
        if self._members is None:
            levels = ", ".join(f"{self._level(name)} AS {_column(name)}" for name in (*PLACES, *DIMENSIONS))
            member = f"person_no IN (SELECT person_no FROM {PLACED} WHERE met = {len(cohort.criteria)})"
            sql = f"SELECT {levels}, {', '.join(ALIKE)}, count(*) AS people FROM person WHERE {member} GROUP BY ALL"
            self._members = read_sql(self.con, sql)
        return self._members

    def _everybody(self, dimension: str) -> pd.DataFrame:
        """One row per level, age band and sex, with how many are `registered`; asked once."""
        if dimension not in (*DIMENSIONS, *PLACES):
            raise InputError(f"There is no breakdown by `{dimension}`. There are: {', '.join((*PLACES, *DIMENSIONS))}.")
        if dimension in DIMENSIONS and DIMENSIONS[dimension][2] in self.run.missing:
            raise InputError(f"This run does not know {dimension.lower()}.")
        if dimension not in self._people:
            where = f" WHERE {self.condition}" if self.condition else ""
            sql = f"SELECT {self._level(dimension)} AS level, {', '.join(ALIKE)}, count(*) AS registered FROM person"
            self._people[dimension] = read_sql(self.con, f"{sql}{where} GROUP BY ALL")
        return self._people[dimension]

    def _level(self, dimension: str) -> str:
        return PLACES[dimension] if dimension in PLACES else DIMENSIONS[dimension][1]

    def _named(self, codes: pd.Series, dimension: str) -> pd.Series:
        """Names of places, each with its code."""
        if dimension not in PLACES:
            return codes
        name = "pcn_name" if dimension == "PCN" else "practice_name"
        sql = f"SELECT DISTINCT {PLACES[dimension]} AS code, {name} AS name FROM practice"
        names = read_sql(self.con, sql).dropna().drop_duplicates("code").set_index("code")["name"]
        return codes.map(lambda code: f"{names[code]} ({code})" if code in names.index else code)

    def _windows(self, rule: Rule) -> Iterator[str]:
        """A line for each window of a rule: the concept and its days."""
        for leaf in leaves(rule):
            for window in windows_of(leaf):
                for name in concepts_of(leaf):
                    days = days_of(window, self.run.sources[name], self.run.index_date)
                    if not window.anchor:
                        title = self.run.words.concepts[name].title
                        yield f"  {title}: {days.first or 'ever'} to {days.last}"

    def _counted(self, sql: str) -> int:
        return int(self.con.execute(sql).fetchall()[0][0])


def _column(dimension: str) -> str:
    """A name for the levels of a dimension that is no column of `person`."""
    return f"level_{dimension.lower().replace(' ', '_')}"


def cohorts_known() -> Mapping[str, Cohort]:
    """The cohorts of parameters/cohorts that can be read, for rules that refer to them."""
    found = {}
    for name in cohort_names():
        try:
            found[name] = load_cohort(name)
        except InputError:  # a fault of another file is no fault of the question; `phm cohorts check` names it
            continue
    return found


@contextmanager
def open_question(workbook: Workbook, area: str | None = None) -> Iterator[Asking]:
    """Open the tables of a run for questions, all of it or those of one PCN.

    Raises InputError where the run has not been made yet, or has no such PCN.
    """
    store = Store(resolve(workbook.outputs) / workbook.name / "store")
    if lacking := [name for name in NEEDED if not store.files(name)]:
        raise InputError(
            f"The run {workbook.name} has no table {' or '.join(lacking)} yet. Run `phm run` for its parameter file."
        )
    with session() as con:
        with guarded("Opening the tables of the run", "Run `phm run` for this parameter file again."):
            store.register_some(con, USED)
        areas = {code for (code,) in con.execute("SELECT DISTINCT pcn_code FROM person").fetchall()}
        if area not in (None, workbook.ics_code) and area not in areas:
            raise InputError(f"Nobody of the run is registered in {area}. There are: {', '.join(sorted(areas))}.")
        everybody = area in (None, workbook.ics_code)
        condition = None if everybody else f"person.pcn_code = {quote(str(area))}"
        yield Asking(con, workbook, run_words(con, workbook, cohorts_known()), condition)
