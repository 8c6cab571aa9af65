"""Rules that nobody can reach: none is missed among a few columns, and none is named wrongly."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segment_models import model, over

from phm_utils.measures.definitions import load_segmentation
from phm_utils.rules.compile import compile_rule
from phm_utils.rules.derived import person_columns
from phm_utils.topics.segmentation import rule_reach as segment_reach
from phm_utils.topics.segmentation.rule_overlap import same_conditions
from phm_utils.topics.segmentation.rule_reach import unreachable

COLUMNS = person_columns()
FOURTEEN = (
    *("anxiety", "asthma", "atrial_fibrillation", "ckd", "copd", "depression", "diabetes", "epilepsy"),
    *("heart_failure", "hypertension", "learning_disability", "osteoporosis", "pad", "stroke_tia"),
)


def has(column: str, value: bool = True) -> dict:
    return {"column": column, "op": "is", "value": value}


def of_fourteen(number: int) -> dict:
    return {"count": [has(c) for c in FOURTEEN], "op": "at least", "value": number, "says": f"{number} or more"}


def test_rules_behind_a_wider_one_are_unreachable():
    assert unreachable(model(("Older", [over(65)]), ("Oldest", [over(80)])), COLUMNS) == [("Oldest", "80 or over")]
    assert unreachable(model(("Oldest", [over(80)]), ("Older", [over(65)])), COLUMNS) == []


def test_rules_covered_by_several_earlier_ones_together_are_unreachable():
    young = {"column": "age", "op": "less than", "value": 40, "says": "under 40"}
    men = {"all": [{"column": "sex", "op": "is", "value": "Male"}, {"column": "age", "op": "at least", "value": 18}]}
    both = model(("Young", [young]), ("Not young", [over(40)]), ("Men", [men | {"says": "men of 18"}]))
    assert unreachable(both, COLUMNS) == [("Men", "men of 18")]
    gap = model(("Young", [young]), ("Not young", [over(41)]), ("Men", [men | {"says": "men of 18"}]))
    assert unreachable(gap, COLUMNS) == []


def test_a_rule_reached_only_by_people_who_differ_in_another_column_is_reachable():
    # Everybody without severe mental illness is placed first; those with it and diabetes come to the last rule.
    assert unreachable(model(("Without", [has("smi", False)]), ("Diabetes", [has("diabetes")])), COLUMNS) == []


def test_the_unknown_reach_a_rule_behind_a_question_and_its_opposite():
    rest = {"column": "sex", "op": "one of", "value": ["Male", "Female"], "says": "rest"}
    assert unreachable(model(("Yes", [has("core20")]), ("No", [has("core20", False)]), ("C", [rest])), COLUMNS) == []
    found = unreachable(model(("Yes", [has("smi")]), ("No", [has("smi", False)]), ("C", [rest])), COLUMNS)
    assert found == [("C", "rest")]  # a condition is on record or it is not


def test_every_word_of_a_column_leaves_nobody_for_a_later_rule():
    risks = ["Higher risk", "Increasing risk", "Lower risk", "Not recorded"]
    every = [{"column": "alcohol_risk", "op": "is", "value": word} for word in risks]
    assert unreachable(model(("Every", every), ("Older", [over(65)])), COLUMNS) == [("Older", "65 or over")]
    assert unreachable(model(("Most", every[:3]), ("Older", [over(65)])), COLUMNS) == []


@pytest.mark.parametrize(("first", "then", "hidden"), [(4, 5, True), (5, 4, False), (1, 14, True), (14, 1, False)])
def test_counts_of_fourteen_conditions_beside_other_columns_are_settled(first, then, hidden):
    both = {"all": [of_fourteen(then), over(65), {"column": "bmi", "op": "more than", "value": 30}], "says": "then"}
    found = unreachable(model(("First", [of_fourteen(first)]), ("Then", [both])), COLUMNS)
    assert found == ([("Then", "then")] if hidden else [])


def test_a_rule_that_is_not_settled_in_time_is_taken_to_be_reachable(monkeypatch):
    monkeypatch.setattr(segment_reach, "MAX_TRIED", 3)
    assert unreachable(model(("First", [of_fourteen(4)]), ("Then", [of_fourteen(5)])), COLUMNS) == []


def test_the_published_models_own_rules_for_low_mood_are_unreachable():
    # SNEE counts anxiety and depression among the long-term conditions, which come earlier.
    assert unreachable(load_segmentation("snee"), COLUMNS) == [("Feel well", "Depression"), ("Feel well", "Anxiety")]


@pytest.mark.parametrize("name", ["bridges_to_health", "core20plus"])
def test_our_own_models_have_no_rule_that_nobody_can_reach(name):
    assert unreachable(load_segmentation(name), COLUMNS) == []
    assert same_conditions(load_segmentation(name), COLUMNS) == {}


ASKED = st.one_of(
    st.builds(has, st.sampled_from(["asthma", "smi", "core20"]), st.booleans()),
    st.builds(
        lambda op, value: {"column": "age", "op": op, "value": value},
        st.sampled_from(["at least", "less than", "is", "is not", "more than", "at most"]),
        st.sampled_from([17, 18, 40]),
    ),
    st.sampled_from([{"column": "age", "op": "is missing"}, {"column": "bmi", "op": "is known"}]),
    st.builds(lambda v: {"column": "bmi", "op": "more than", "value": v}, st.sampled_from([25, 30.5])),
    st.builds(
        lambda op, words: {"column": "alcohol_risk", "op": op, "value": words},
        st.sampled_from(["one of", "none of"]),
        st.lists(st.sampled_from(["Higher risk", "Lower risk"]), min_size=1, max_size=2, unique=True),
    ),
)
RULES = st.recursive(
    ASKED,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
        st.builds(
            lambda parts, n: {"count": parts, "op": "at least", "value": n},
            st.lists(inner, min_size=1, max_size=3),
            st.integers(0, 3),
        ),
    ),
    max_leaves=4,
)
# Every kind of person that the rules above distinguish.
KINDS = [
    ("asthma", ["true", "false"]),
    ("smi", ["true", "false"]),
    ("core20", ["true", "false", "NULL"]),
    ("age", ["NULL", "16", "17", "18", "30", "40", "41"]),
    ("bmi", ["NULL", "20.0", "25.0", "28.0", "30.5", "40.0"]),
    ("alcohol_risk", ["'Higher risk'", "'Lower risk'", "'Not recorded'"]),
]


@settings(max_examples=60, deadline=None)
@given(st.lists(RULES, min_size=1, max_size=4))
def test_the_search_agrees_with_asking_every_kind_of_person_in_sql(everybody, rules):
    named = [rule | {"says": f"rule {n}"} for n, rule in enumerate(rules)]
    made = model(*((f"Segment {n}", [rule]) for n, rule in enumerate(named)))
    conditions = [compile_rule(s.rules[0], COLUMNS) for s in made.segments]
    order = " ".join(f"WHEN {sql} THEN {n}" for n, sql in enumerate(conditions))
    reached = {n for (n,) in everybody.execute(f"SELECT DISTINCT CASE {order} END FROM kind").fetchall()}
    expected = [(f"Segment {n}", f"rule {n}") for n in range(len(rules)) if n not in reached]
    assert unreachable(made, COLUMNS) == expected


@pytest.fixture(scope="module")
def everybody(tmp_path_factory):
    from phm_utils import engine

    with engine.session(tmp_path_factory.mktemp("kinds")) as con:
        rows = ", ".join(f"({', '.join(values)})" for values in product(*(values for _, values in KINDS)))
        con.execute(f"CREATE TABLE kind AS SELECT * FROM (VALUES {rows}) AS kind ({', '.join(n for n, _ in KINDS)})")
        yield con
