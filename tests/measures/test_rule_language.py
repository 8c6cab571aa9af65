"""The rule language: what its SQL says of each person of a small run is what an oracle in pandas says."""

import random
from collections.abc import Callable, Iterator

import pytest
from cohort_oracle import judge, placed, shown
from hypothesis import given, settings
from hypothesis import strategies as st
from person_table import People
from rule_answers import by_sql, cohort_of, make, query_of, world_of
from small_runs import CRITERIA, rule, small_run

from phm_utils.rules.tree import parse


def answers(tables: People, seed: int, make_rules: Callable) -> Iterator[tuple]:
    """For each of some rules about a small run: the rule, what the SQL says and what the oracle says."""
    run, rng = small_run(seed), random.Random(seed)
    make(tables, run)
    query, world = query_of(tables), world_of(tables)
    for content in make_rules(rng, run["index_date"]):
        if not query.run.lacks_any([parse(content)]):  # else a window begins before the data: the cohort is left out
            yield content, by_sql(query, content), shown(judge(content, world))


@pytest.mark.parametrize("form", CRITERIA)
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32))
def test_a_criterion_means_for_each_person_what_the_oracle_says(tables, form, seed):
    for content, found, expected in answers(tables, seed, lambda *given: [CRITERIA[form](*given) for _ in range(6)]):
        assert found == expected, content


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_rules_that_are_joined_mean_for_each_person_what_the_oracle_says(tables, seed):
    for content, found, expected in answers(tables, seed, lambda *given: [rule(*given) for _ in range(4)]):
        assert found == expected, content


def test_everybody_is_placed_at_the_first_criterion_that_does_not_hold(tables):
    run = small_run(11)
    make(tables, run)
    contents = [{"column": "age", "op": "at least", "value": 18}, {"has": "diabetes"}, {"cohort": "other"}]
    query = query_of(tables)
    found = query.con.execute(query.placed_sql(cohort_of(contents))).df().set_index("person_no").sort_index()
    expected = placed(contents, world_of(tables)).sort_index()
    assert (
        found[["met", "unknown"]].astype(int).values.tolist()
        == expected[["met", "unknown"]].astype(int).values.tolist()
    )
