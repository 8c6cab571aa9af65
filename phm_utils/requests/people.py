"""Who of a cohort may stand on one list: members by what its recipient may be told, as registered on the day."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pandas as pd

from phm_utils.engine import guarded, read_sql, session
from phm_utils.errors import InputError
from phm_utils.inputs.governance import household_facts_permitted, opt_outs_of_list
from phm_utils.inputs.on_the_day import registrations_today
from phm_utils.measures.asking import USED, cohorts_known
from phm_utils.measures.cohort_definitions import Cohort, load_cohort
from phm_utils.measures.cohort_members import referred
from phm_utils.measures.cohort_query import PLACED, CohortQuery
from phm_utils.measures.cohort_run import run_words
from phm_utils.measures.definition_digest import definition_digest
from phm_utils.measures.evidence import refuse_unless
from phm_utils.measures.named_cohorts import is_model, named_cohort
from phm_utils.params import Workbook
from phm_utils.privacy.permission import decide
from phm_utils.requests.telling import TellingWords, recipient_of, telling_words
from phm_utils.requests.terms import Terms
from phm_utils.runs import Store, resolve
from phm_utils.wording import all_lacking

TABLES = (*USED, "code_list", "asc_event")
NO_RUN = "Run `phm run` for its parameter file first."


@dataclass(frozen=True)
class Question:
    """A cohort asked of the tables of a run, as far as one recipient may be told. version: digest of its definition."""

    con: duckdb.DuckDBPyConnection
    workbook: Workbook
    terms: Terms
    cohort: Cohort
    query: CohortQuery
    words: TellingWords
    version: str

    def members(self, people: str | None = None) -> pd.DataFrame:
        """One row per member, by `person_no`: `person_no`, and `token`, the pseudonym.

        people: an SQL condition on `person`, of those who are asked about.
        """
        self.query.place_people(self.cohort, people)
        return read_sql(
            self.con,
            f"SELECT person.person_no, person.person_id AS token FROM {PLACED} INNER JOIN person USING (person_no) "
            f"WHERE met = {len(self.cohort.criteria)} ORDER BY person.person_no",
        )

    def decided(self, tokens: pd.Series) -> pd.DataFrame:
        """Decide for each person, by the landing of the day: see `privacy.permission.decide`."""
        with session() as own:
            opt_outs = opt_outs_of_list(self.workbook, self.terms.purpose)
            rows = registrations_today(own, self.workbook, tokens, opt_outs)
        return decide(tokens, rows, self.practices(), self.terms.practices, self.terms.day)

    def practices(self) -> pd.DataFrame:
        """The practices of the run, as `privacy.permission.decide` takes them."""
        return read_sql(self.con, "SELECT practice_code, close_date, successor_code, of_ics FROM practice")


@contextmanager
def asked(workbook: Workbook, terms: Terms) -> Iterator[Question]:
    """Open the tables of a run for one request.

    Raises InputError where the run has not been made, a practice is not of its ICS, the cohort asks for others in the
    household and the purpose does not permit that, or nobody could be a member by what the recipient may be told.
    """
    store = Store(resolve(workbook.outputs) / workbook.name / "store")
    if lacking := [name for name in ("person", "person_event", "practice") if not store.files(name)]:
        raise InputError(f"The run {workbook.name} has no table {lacking[0]} yet. {NO_RUN}")
    with session() as con:
        with guarded("Opening the tables of the run", "Run `phm run` for this parameter file again."):
            store.register_some(con, TABLES)
        known = run_words(con, workbook, cohorts_known())
        words = telling_words(known, workbook, recipient_of(workbook, terms.agreement, terms.reference,
                                                            terms.purpose, terms.day))  # fmt: skip
        of_others = household_facts_permitted(workbook, terms.purpose)
        cohort = named_cohort(terms.cohort, words.static, household_facts=of_others)
        refuse_unless(of_others, cohort)
        asked_too = set() if is_model(terms.cohort) else referred(terms.cohort)  # a model refers to none
        others = {name: load_cohort(name) for name in sorted(asked_too)}
        if late := cohort.out_of_season(workbook.index_date, others):
            raise InputError(f"{cohort.short} is not counted in this run: {late}")
        if stopping := words.lacking(cohort.criteria):
            raise InputError(
                f"Nobody could be listed as {cohort.short}: {all_lacking(stopping)}. A partner's fact stays with the "
                "partner unless its agreement says otherwise (`may_be_told_to` of the governance file)."
            )
        version = definition_digest(con, workbook, {terms.cohort: cohort, **others})
        question = Question(con, workbook, terms, cohort, CohortQuery(con, words), words, version)
        _refuse_strange_practices(question.practices(), terms)
        yield question


def kept_back(question: Question) -> list[str]:
    """What the cohort asks for and the recipient may not be told, or the run lacks."""
    return sorted(question.words.lacks_any(question.cohort.criteria))


def _refuse_strange_practices(practices: pd.DataFrame, terms: Terms) -> None:
    """Refuse a practice of another ICS, or one that the run does not know."""
    own = set(practices.loc[practices["of_ics"], "practice_code"])
    if strange := [code for code in terms.practices if code not in own]:
        raise InputError(
            f"{len(strange)} of {len(terms.practices)} practices are not of this ICS (first: {strange[0]}). A list is "
            "of practices of the run's own ICS."
        )
