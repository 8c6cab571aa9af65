"""Rules: what they mean, and what they refuse. Meaning is held against an evaluation by pandas."""

from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.compile import compile_rule
from phm_utils.rules.derived import person_columns
from phm_utils.rules.describe import describe
from phm_utils.rules.tree import criteria, parse

COLUMNS = {
    c.name: c
    for c in (
        RuleColumn("age", "int", "Age"),
        RuleColumn("bmi", "float", "BMI"),
        RuleColumn("smi", "bool", "Severe mental illness"),
        RuleColumn("sex", "text", "Sex", words=("Male", "Female")),
        RuleColumn("lsoa", "text", "LSOA"),
        RuleColumn("since", "date", "Registered since"),
    )
}
VALUES = {
    "age": [17, 18, 64, 65, None],
    "bmi": [24.9, 30.0, 30.1, None],
    "smi": [True, False, None],
    "sex": ["Male", "Female", None],
    "lsoa": ["E01", "it's", "E02", None],
    "since": [date(2020, 1, 1), date(2021, 1, 1), None],
}
PEOPLE = pd.DataFrame({name: [values[n % len(values)] for n in range(60)] for name, values in VALUES.items()})
PEOPLE = PEOPLE.astype({"age": "Int64", "bmi": "Float64", "smi": "boolean", "since": "datetime64[s]"})


def criterion():
    """Any sound criterion over COLUMNS."""

    def for_column(name: str):
        known = st.sampled_from([v for v in VALUES[name] if v is not None])
        ops = ["is", "is not"] if COLUMNS[name].type in ("bool", "text") else ["is", "at least", "more than", "at most"]
        return st.one_of(
            st.builds(lambda op, v: {"column": name, "op": op, "value": v}, st.sampled_from(ops), known),
            st.builds(
                lambda op, v: {"column": name, "op": op, "value": v},
                st.sampled_from(["one of", "none of"]),
                st.lists(known, min_size=1, max_size=3),
            ),
            st.builds(lambda op: {"column": name, "op": op}, st.sampled_from(["is known", "is missing"])),
        )

    return st.sampled_from(list(COLUMNS)).flatmap(for_column)


def several(inner):
    parts = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        parts.map(lambda p: {"all": p}),
        parts.map(lambda p: {"any": p}),
        inner.map(lambda p: {"not": p}),
        st.builds(lambda p, n: {"count": p, "op": "at least", "value": n}, parts, st.integers(0, 3)),
    )


RULES = st.recursive(criterion(), several, max_leaves=8)


def by_pandas(rule: dict) -> pd.Series:
    """What a rule means, in Kleene's logic: true, false or missing for each of PEOPLE."""
    if "all" in rule:
        return pd.concat([by_pandas(r) for r in rule["all"]], axis=1).apply(kleene_all, axis=1).astype("boolean")
    if "any" in rule:
        return ~by_pandas({"all": [{"not": r} for r in rule["any"]]})
    if "not" in rule:
        return ~by_pandas(rule["not"])
    if "count" in rule:
        each = pd.concat([by_pandas(r).astype("Int64") for r in rule["count"]], axis=1)
        return (each.sum(axis=1, skipna=False) >= rule["value"]).astype("boolean")
    values, op = PEOPLE[rule["column"]], rule["op"]
    if op in ("is known", "is missing"):
        return (values.notna() if op == "is known" else values.isna()).astype("boolean")
    asked = rule["value"] if isinstance(rule["value"], list) else [rule["value"]]
    asked = [pd.Timestamp(v) if isinstance(v, date) else v for v in asked]
    found = {
        "is": lambda: values.isin(asked),
        "one of": lambda: values.isin(asked),
        "is not": lambda: ~values.isin(asked),
        "none of": lambda: ~values.isin(asked),
        "at least": lambda: values >= asked[0],
        "more than": lambda: values > asked[0],
        "at most": lambda: values <= asked[0],
    }[op]()
    return found.astype("boolean").mask(values.isna())


def kleene_all(row: pd.Series) -> object:
    if (row == False).fillna(False).any():  # noqa: E712 - elementwise
        return False
    return pd.NA if row.isna().any() else True


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as con:
        con.register("people", PEOPLE.assign(n=range(len(PEOPLE))))
        yield con


@settings(max_examples=150)
@given(RULES)
def test_compiled_rules_mean_what_pandas_says(con, content):
    sql = compile_rule(parse(content), COLUMNS)
    found = con.execute(f"SELECT {sql} AS met FROM people ORDER BY n").df()["met"]
    expected = by_pandas(content)
    assert [None if pd.isna(v) else bool(v) for v in found] == [None if pd.isna(v) else bool(v) for v in expected]


@given(RULES)
def test_a_rule_survives_being_written_as_yaml(content):
    assert parse(yaml.safe_load(yaml.safe_dump(content))) == parse(content)


@given(st.text())
def test_no_text_breaks_out_of_its_literal(text):
    rule = parse({"column": "lsoa", "op": "is", "value": text})
    with duckdb.connect() as con:
        con.register("people", pd.DataFrame({"lsoa": [text.replace("\x00", ""), "other"]}))
        if "\x00" not in text:  # DuckDB's text holds no such character
            found = con.execute(f"SELECT count(*) FROM people WHERE {compile_rule(rule, COLUMNS)}").fetchall()
            assert found == [(1 + (text == "other"),)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"column": "agee", "op": "is", "value": 3}, r"`agee`.*Did you mean age\?"),
        ({"column": "1=1; --", "op": "is", "value": 3}, "does not have"),
        ({"column": "age", "op": "at least", "value": "18"}, "is int, but a rule compares it with `18`"),
        ({"column": "age", "op": "at least", "value": True}, "is int"),
        ({"column": "smi", "op": "is", "value": 1}, "is bool"),
        ({"column": "smi", "op": "at least", "value": True}, "has no order"),
        ({"column": "sex", "op": "is", "value": "male"}, r"Did you mean `Male`\?"),
        ({"column": "sex", "op": "one of", "value": "Male"}, "needs a list"),
        ({"column": "age", "op": "is", "value": [1, 2]}, "use `one of`"),
        ({"column": "age", "op": "is known", "value": 3}, "takes no value"),
        ({"column": "age", "op": "is"}, "compares it with nothing"),
        ({"column": "bmi", "op": "at least", "value": float("nan")}, "not a number"),
        ({"column": "since", "op": "at least", "value": "2020-01-01"}, "is date"),
        ({"column": "age", "op": "between", "value": 3}, "takes two values"),
        ({"column": "age", "op": "between", "value": [64, 18]}, r"begins with the smaller value: \[18, 64\]"),
        ({"column": "sex", "op": "between", "value": ["Female", "Male"]}, "has no order"),
        ({"column": "since", "op": "at least", "value": "2 months ago"}, "is for cohorts"),
        ({"has": "asthma"}, "is for cohorts"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(content, words):
    with pytest.raises(InputError, match=words):
        compile_rule(parse(content), COLUMNS)


@pytest.mark.parametrize(
    "content",
    [
        {"column": "age", "op": ">=", "value": 3},
        {"all": []},
        {"all": [{"column": "age", "op": "is", "value": 1}], "any": []},
        {"colum": "age", "op": "is", "value": 1},
        {"not": [{"column": "age", "op": "is", "value": 1}]},
        "age >= 18",
        {"count": [{"column": "smi", "op": "is", "value": True}], "op": "is known", "value": 1},
    ],
)
def test_what_is_no_rule_is_refused_by_name(content):
    with pytest.raises(InputError, match="criterion 2 is not a rule"):
        parse(content, "criterion 2")


def test_a_rule_speaks_in_its_own_words_or_in_the_columns_titles():
    rule = parse(
        {"all": [
            {"column": "bmi", "op": "at least", "value": 30},
            {"any": [{"column": "smi", "op": "is", "value": True}, {"column": "sex", "op": "is", "value": "Male"}]},
            {"not": {"column": "age", "op": "less than", "value": 18, "says": "under 18"}},
        ]}
    )  # fmt: skip
    assert describe(rule, COLUMNS) == "BMI at least 30 and (Severe mental illness or Sex is Male) and not: under 18"
    assert [c.column for c in criteria(rule)] == ["bmi", "smi", "sex", "age"]


def test_what_is_unknown_meets_neither_a_rule_nor_its_opposite():
    rule = {"column": "bmi", "op": "at least", "value": 30}
    met, unmet = (by_sql(r) for r in (rule, {"not": rule}))
    assert met + unmet == PEOPLE["bmi"].notna().sum() < len(PEOPLE)


def by_sql(content: dict) -> int:
    with duckdb.connect() as con:
        con.register("people", PEOPLE)
        return con.execute(f"SELECT count(*) FROM people WHERE {compile_rule(parse(content), COLUMNS)}").fetchall()[0][
            0
        ]


def test_every_condition_of_the_workbook_can_be_asked_for():
    columns = person_columns()
    assert columns["diabetes"].type == "bool"
    assert columns["covid_vaccinated"].needs == ("gp_event",)
    assert np.all([c.title for c in columns.values()])
