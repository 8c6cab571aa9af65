"""What is said to imply does, in the answers of the SQL: nobody meets a rule without one that it implies."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from person_table import People
from rule_answers import by_sql, make, query_of
from rule_variants import variant
from small_runs import criterion, rule, small_run

from phm_utils.measures.cohort_query import CohortQuery
from phm_utils.rules.implies import implies
from phm_utils.rules.tree import parse

# How a rule and one that is nearly it are compared: as they are, negated, and as parts of other rules.
ASKED = {
    "as they are": lambda content, other: content,
    "negated": lambda content, other: {"not": content},
    "with another": lambda content, other: {"all": [content, other]},
    "or another": lambda content, other: {"any": [other, content]},
    "counted": lambda content, other: {"count": [content, other], "op": "at least", "value": 1},
    "of others at home": lambda content, other: content if "household" in str(content) else {"household": content},
}


def pairs(rng: random.Random, index_date) -> Iterator[tuple[dict, dict]]:
    """Pairs of rules that are nearly the same, each in both orders."""
    for ask in ASKED.values():
        one = criterion(rng, index_date) if rng.random() < 0.6 else rule(rng, index_date)
        other, near = criterion(rng, index_date), variant(one, rng, index_date)
        yield from ((ask(one, other), ask(near, other)), (ask(near, other), ask(one, other)))


def implied(query: CohortQuery, rng: random.Random, index_date) -> Iterator[tuple[dict, dict, bool]]:
    """Each pair that this run can answer, and whether the first rule is said to imply the second."""
    words = query.run.words
    for one, other in pairs(rng, index_date):
        rules = [parse(one), parse(other)]
        if not query.run.lacking(rules):  # else a window begins before the data: the cohort is left out
            yield one, other, implies(*rules, words.cohorts, words.columns)


def without(query: CohortQuery, one: dict, other: dict) -> int:
    """People of whom the first is true and the second is not."""
    answers = zip(by_sql(query, one), by_sql(query, other), strict=True)
    return sum(mine is True and its is not True for mine, its in answers)


def run_of(tables: People, seed: int) -> tuple[CohortQuery, random.Random, object]:
    run = small_run(seed)
    make(tables, run)
    return query_of(tables), random.Random(seed), run["index_date"]


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_nobody_meets_a_rule_without_one_that_it_is_said_to_imply(tables, seed):
    query, rng, index_date = run_of(tables, seed)
    for one, other, said in implied(query, rng, index_date):
        if said:
            assert without(query, one, other) == 0, (one, other)


def test_many_of_such_pairs_imply_and_those_that_people_part_are_never_among_them(tables):
    said_so, parted = 0, 0
    for seed in range(15):
        query, rng, index_date = run_of(tables, seed)
        for one, other, said in implied(query, rng, index_date):
            apart = without(query, one, other) > 0
            said_so, parted = said_so + said, parted + apart
            assert not (said and apart), (one, other)
    assert said_so >= 50
    assert parted >= 10


@pytest.mark.parametrize("seed", range(3))
def test_a_rule_implies_itself_whatever_its_words(tables, seed):
    _, rng, index_date = run_of(tables, seed)
    for _ in range(20):
        content = rule(rng, index_date)
        assert implies(
            parse(content | {"says": "So"}), parse(content | {"says": "Or so"}), query_of(tables).run.words.cohorts
        )
