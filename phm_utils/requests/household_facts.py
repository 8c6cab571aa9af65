"""What gateways let a recipient know of households besides its own lists: of people who may stand on a list that day.

Nothing here is reached where no gateway holds. Facts of partners' lists never enter. A fact of somebody counts where
that person may be listed; `no`, and what is said of a household as a whole, is known where everybody in it may be.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import duckdb
import pandas as pd
from sqlglot import exp

from phm_utils.engine import guarded, read_sql, session
from phm_utils.errors import InputError
from phm_utils.inputs.governance import OF_LISTS
from phm_utils.measures.asking import USED, cohorts_known
from phm_utils.measures.cohort_query import CohortQuery
from phm_utils.measures.cohort_run import run_words
from phm_utils.measures.vulnerability_households import CHILD, OLD
from phm_utils.measures.vulnerability_model import BANDS, NONE
from phm_utils.params import Workbook
from phm_utils.privacy.agreements import ELSEWHERE
from phm_utils.privacy.household_request import NO, YES
from phm_utils.privacy.permission import GRANTED
from phm_utils.requests.household_terms import OFFICIAL, HouseholdTerms
from phm_utils.requests.own_lists import lists_of
from phm_utils.requests.people import NO_RUN
from phm_utils.requests.telling import IDENTITY, Recipient, telling_words
from phm_utils.rules.compile import literal
from phm_utils.rules.event_sql import COMMUNAL, PLACES
from phm_utils.rules.forms import AtAddress, OnList
from phm_utils.rules.tree import AnyOf, Rule, leaves
from phm_utils.runs import Store, resolve
from phm_utils.wording import all_lacking

AT_RISK, BAND, CHILDREN, OLD_PEOPLE, ALONE = (
    "at_clinical_risk", "clinical_band", "children", "people_70_over", "alone_70"
)  # fmt: skip
UNKNOWN = ""
PLACE = "band_place"  # of the band in which somebody is, from 1; 0 for none
TABLES = (*USED, "code_list")
Decide = Callable[[pd.Series, pd.DataFrame], pd.DataFrame]  # tokens of people, practices -> `token`, `decision`


@dataclass(frozen=True)
class WithoutLists(Recipient):
    """A recipient who may be told of no list: of others' lists, or of its own in another way than by its own rows.

    but: lists of one field whose gateway names them.
    """

    but: frozenset[str] = frozenset()

    def may_read(self, table: str) -> bool:
        return table not in OF_LISTS and super().may_read(table)

    def may_read_list(self, table: str, name: str) -> bool:
        return name in self.but and super().may_read_list(table, name)


@dataclass(frozen=True)
class HouseholdFacts:
    """One row per household asked about, by `token`: a column per field, YES, NO, a band or UNKNOWN.

    people: of these households, by decision of the day.
    """

    rows: pd.DataFrame
    people: pd.Series


def household_facts(workbook: Workbook, terms: HouseholdTerms, own: Collection[str], decide: Decide) -> HouseholdFacts:
    """The fields of the terms, of some households; with AT_RISK among them, of every household at clinical risk.

    own: tokens of the residences on the recipient's lists. decide: see Decide.
    Raises InputError where the run has no tables, or the sources of a field may not be told.
    """
    store = Store(resolve(workbook.outputs) / workbook.name / "store")
    if lacking := [name for name in ("person", "person_event", "practice") if not store.files(name)]:
        raise InputError(f"The run {workbook.name} has no table {lacking[0]} yet. {NO_RUN}")
    with session() as con:
        with guarded("Opening the tables of the run", "Run `phm run` for this parameter file again."):
            store.register_some(con, TABLES)
        people = _people(con, workbook, terms)
        practices = read_sql(con, "SELECT practice_code, close_date, successor_code, of_ics FROM practice")
    wanted = set(own)
    if AT_RISK in terms.fields:
        wanted |= set(people.loc[people[PLACE].gt(0).fillna(False), "household_token"])
    people = people[people["household_token"].isin(wanted)]
    decided = decide(people["person_id"], practices).set_index("token")["decision"]
    people = people.assign(granted=people["person_id"].map(decided).eq(GRANTED))
    return HouseholdFacts(_by_household(people, terms), decided.value_counts())


def _people(con: duckdb.DuckDBPyConnection, workbook: Workbook, terms: HouseholdTerms) -> pd.DataFrame:
    """One row per person of a household: identifiers, `age`, and a column for each entry of `_rules`."""
    recipient = terms.told_by(workbook)
    if not recipient.may_read(IDENTITY):
        raise InputError(
            f"{workbook.governance} lets no registration be told to {terms.recipient} for {terms.purpose}, and "
            f"{', '.join(terms.fields)} rest on them: `may_be_told_to` and `purposes` of gp_extract."
        )
    given = (recipient.called, recipient.purpose, recipient.day, recipient.sources)
    people = read_sql(
        con,
        "SELECT person_no, person_id, household_token, age FROM person WHERE household_token IN ("
        "SELECT household_token FROM person GROUP BY household_token "
        f"HAVING max(household_size) < {COMMUNAL} AND count(DISTINCT lsoa) <= {PLACES})",
    )
    people = people.merge(_judged(con, workbook, WithoutLists(*given), _rules(terms)), on="person_no")
    official = terms.model.official_list
    if official and OFFICIAL in terms.fields:
        told = WithoutLists(*given, but=frozenset(lists_of([official.rule])))
        people = people.merge(_judged(con, workbook, told, {OFFICIAL: [official.rule]}), on="person_no")
    return people


def _rules(terms: HouseholdTerms) -> dict[str, list[Rule]]:
    """By column, the rules that fields rest on: of PLACE those of the bands, in order."""
    rules: dict[str, list[Rule]] = {}
    if {AT_RISK, BAND} & set(terms.fields):
        rules[PLACE] = [band.rule for band in terms.model.bands.values()]
    for name in (name for name in terms.fields if name.endswith(ELSEWHERE)):
        records = [record.rule for record in terms.model.domains[name.removesuffix(ELSEWHERE)].records]
        others = [r for r in records if any(not isinstance(leaf, OnList | AtAddress) for leaf in leaves(r))]
        rules[name] = [AnyOf(any=tuple(others))]
    return rules


def _judged(
    con: duckdb.DuckDBPyConnection, workbook: Workbook, recipient: Recipient, rules: dict[str, list[Rule]]
) -> pd.DataFrame:
    """One row per person: `person_no`, and a column for each entry.

    It is the place, from 1, of the first of its rules that holds; 0 for none, and missing where that is not known.
    Raises InputError where nobody could be said to meet any rule of an entry.
    """
    words = telling_words(run_words(con, workbook, cohorts_known()), workbook, recipient)
    for name, parts in rules.items():
        stopping = [words.lacking([rule]) for rule in parts]
        if all(stopping):
            lacks = all_lacking(sorted({lack for lacks in stopping for lack in lacks}))
            field = AT_RISK if name == PLACE else name
            raise InputError(f"{field} cannot be said, without {lacks}. Ask without it: `--fields` names the others.")
    compiler, conditions = CohortQuery(con, words).conditions([rule for parts in rules.values() for rule in parts])
    rest = iter(conditions)
    columns = [exp.alias_(_first_of([next(rest) for _ in parts]), name) for name, parts in rules.items()]
    with guarded("Asking for facts of households", "The tables of the run may be damaged: run `phm run` again."):
        return read_sql(con, compiler.select(["person_no", *columns]).sql("duckdb"))


def _first_of(conditions: list[exp.Expr]) -> exp.Expr:
    """The place of the first condition that holds; 0 where none does, null where that is not known of one."""
    place, known = exp.case(), exp.and_(*(exp.not_(exp.paren(condition.copy())) for condition in conditions))
    for number, condition in enumerate(conditions, start=1):
        place = place.when(condition, literal(number))
    return exp.cast(place.when(known, literal(0)), "TINYINT")


def _by_household(people: pd.DataFrame, terms: HouseholdTerms) -> pd.DataFrame:
    """One row per household, by `token`: a column per field."""
    homes = people.groupby("household_token")
    everybody, size = homes["granted"].all(), homes["person_no"].transform("size")
    known = people.assign(
        **{
            AT_RISK: people[PLACE] > 0 if PLACE in people else None,
            CHILDREN: people["age"] < CHILD,
            OLD_PEOPLE: people["age"] >= OLD,
            ALONE: (people["age"] >= OLD) & (size == 1),
        }
    )
    found = pd.DataFrame(index=everybody.index)
    for name in terms.fields:
        found[name] = _band(known, everybody) if name == BAND else _flag(known, name, everybody)
    return found.rename_axis("token").reset_index()


def _flag(people: pd.DataFrame, name: str, everybody: pd.Series) -> pd.Series:
    """YES where it is so of somebody who may be listed, NO where of nobody and all may be, else UNKNOWN."""
    value = people[name].astype("Float64")
    home = people["household_token"]
    some = (value.fillna(0).gt(0) & people["granted"]).groupby(home).any()
    none = value.eq(0).fillna(False).groupby(home).all() & everybody
    return pd.Series(UNKNOWN, index=everybody.index).mask(none, NO).mask(some, YES)


def _band(people: pd.DataFrame, everybody: pd.Series) -> pd.Series:
    """The highest band of those who may be listed, NONE where there is none and all may be, else UNKNOWN."""
    home = people["household_token"]
    place = people[PLACE].astype("Float64")
    highest = place.where((place > 0) & people["granted"]).groupby(home).min()
    none = place.eq(0).fillna(False).groupby(home).all() & everybody
    names = highest.map(dict(enumerate(BANDS, start=1)))
    return names.astype("object").where(highest.notna(), UNKNOWN).mask(none, NONE)
