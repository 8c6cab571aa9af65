"""Evidence: what is said of each criterion of each person is what an oracle in pandas finds."""

import random
from datetime import date

import pandas as pd
import pytest
from cohort_oracle import inside, judge
from hypothesis import given, settings
from hypothesis import strategies as st
from person_table import People
from rule_answers import INDEX, cohort_of, make, query_of, world_of
from small_runs import CRITERIA, rule, small_run

from phm_utils.errors import InputError
from phm_utils.measures.evidence import MET, NOT_KNOWN, NOT_MET, evidence_sql, why_not
from phm_utils.rules.tree import parse

EVERYBODY = "SELECT person_no FROM person"


def shown(tables: People, contents: list[dict]) -> pd.DataFrame:
    """The evidence of everybody, by person and place."""
    query = query_of(tables)
    sql = evidence_sql(cohort_of(contents), query, EVERYBODY, ["person_no"], met_only=False)
    return query.con.execute(f"SELECT * FROM ({sql}) ORDER BY person_no, place").df()


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_the_state_of_each_criterion_is_that_of_the_oracle(tables, seed):
    run, rng = small_run(seed), random.Random(seed)
    make(tables, run)
    query, world = query_of(tables), world_of(tables)
    forms = [form for form in CRITERIA if form != "others"]
    contents = [CRITERIA[form](rng, run["index_date"]) for form in forms]
    contents = [content for content in contents if not query.run.lacks_any([parse(content)])]
    found = shown(tables, contents + [{"not": content} for content in contents])
    for place, content in enumerate(contents):
        held = judge(content, world)
        states = [NOT_KNOWN if pd.isna(v) else MET if v else NOT_MET for v in held]
        turned = [NOT_KNOWN if pd.isna(v) else NOT_MET if v else MET for v in held]
        assert found.loc[found["place"] == place, "state"].tolist() == states, content
        assert found.loc[found["place"] == place + len(contents), "state"].tolist() == turned, content


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_the_record_behind_a_criterion_is_the_latest_in_its_window(tables, seed):
    run, rng = small_run(seed), random.Random(seed)
    make(tables, run)
    query, world = query_of(tables), world_of(tables)
    contents = [CRITERIA["has"](rng, run["index_date"]) for _ in range(5)]
    contents = [content for content in contents if not query.run.lacks_any([parse(content)])]
    found = shown(tables, contents) if contents else pd.DataFrame(columns=["place"])
    for place, content in enumerate(contents):
        names = [content["has"]] if isinstance(content["has"], str) else list(dict.fromkeys(content["has"]))
        days = inside(names, content.get("within"), world)[0].groupby("person_no")["day"].max().reindex(world.people)
        mine = found[found["place"] == place].set_index("person_no")["day"]
        assert [None if pd.isna(d) else d for d in mine] == [None if pd.isna(d) else d for d in days], content


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_evidence_of_any_rule_can_be_shown(tables, seed):
    run, rng = small_run(seed), random.Random(seed)
    make(tables, run)
    query = query_of(tables)
    contents = [content for content in (rule(rng, run["index_date"]) for _ in range(4))
                if not query.run.lacks_any([parse(content)])]  # fmt: skip
    if contents:
        found = shown(tables, contents)
        assert set(found["person_no"]) == set(world_of(tables).people)
        assert not found["criterion"].isna().any()


# Hand-worked: one woman.


def evidence(tables: People, content: dict, *events: tuple) -> pd.Series:
    rows = [
        {"concept": concept, "person": 1, "day": day, "value": value, "code": code}
        for concept, day, value, code in events
    ]
    one = small_run(1)["people"][0] | {"person_no": 1, "person_id": "person-0000"}
    make(tables, {"index_date": INDEX, "people": [one], "events": rows, "sources": {}})
    found = shown(tables, [content])
    assert len(found) == 1
    return found.iloc[0]


def test_of_has_not_the_window_and_the_last_record_before_it_are_shown(tables):
    rule = {"has not": "bmi", "within": {"months": 12}}
    row = evidence(tables, rule, ("bmi", date(2023, 5, 1), 31.0, "a"), ("bmi", date(2024, 3, 31), 33.0, "b"))
    assert row["state"] == MET
    assert row["day"].date() == date(2024, 3, 31)
    assert (row["code"], row["value"], row["source"]) == ("b", "33.0", "gp_event")
    assert (row["window_from"].date(), row["window_to"].date()) == (date(2024, 4, 1), INDEX)


def test_the_record_shown_is_the_latest_and_never_the_day_of_one_with_the_value_of_another(tables):
    entries = [
        ("bmi", date(2024, 5, 1), 31.0, "a"),
        ("bmi", date(2024, 6, 1), None, "b"),
    ]  # the second is no believable value
    row = evidence(tables, {"has": "bmi"}, *entries)
    assert row["day"].date() == date(2024, 6, 1)
    assert row["code"] == "b"
    assert pd.isna(row["value"])
    row = evidence(tables, {"latest": "bmi", "op": "at least", "value": 30}, *entries)
    assert (row["day"].date(), row["code"], row["value"]) == (date(2024, 5, 1), "a", "31.0")


def test_a_window_from_an_event_shows_the_record_within_it(tables):
    rule = {
        "latest": "hba1c",
        "op": "at least",
        "value": 48,
        "within": {"after": "diabetes", "which": "first", "months": 3},
    }
    entries = [("diabetes", date(2024, 1, 1), None, "d"), ("hba1c", date(2024, 3, 1), 60.0, "in"),
               ("hba1c", date(2025, 1, 1), 40.0, "after")]  # fmt: skip
    row = evidence(tables, rule, *entries)
    assert (row["state"], row["code"], row["value"]) == (MET, "in", "60.0")


def test_of_nobody_of_the_run_no_question_is_answered(tables):
    make(tables, small_run(1))
    with pytest.raises(InputError, match="nobody who is registered"):
        why_not(query_of(tables), cohort_of([{"has": "asthma"}]), "person-9999")


def test_of_others_in_the_household_nothing_is_said_without_permission(tables):
    make(tables, small_run(1))
    cohort = cohort_of([{"household": {"has": "asthma"}}])
    with pytest.raises(InputError, match="asks for something of others in the household"):
        why_not(query_of(tables), cohort, "person-0000")
    found = why_not(query_of(tables), cohort, "person-0000", permitted=True)
    assert found["value"].tolist() == ["R"]
    assert found[["day", "code"]].isna().all(axis=None)
