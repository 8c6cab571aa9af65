"""Every cohort of parameters/cohorts, counted in a simulated county, equals an oracle in pandas row by row."""

import re
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml
from cohort_oracle import World, judge, placed, with_parameters

from phm_utils.measures.asking import open_question
from phm_utils.measures.cohort_definitions import read_cohort
from phm_utils.rules.tree import parse
from phm_utils.runs import Store

COHORTS = {path.stem: path for path in sorted(Path("parameters", "cohorts").glob("*.yml"))}
READ = (
    *("person", "person_event", "event_concept", "person_left_out", "segment"),
    *("cohort_member", "cohort_step", "cohort_attrition", "cohort_alternative", "cohort_left_out"),
)


@pytest.fixture(scope="module")
def tables(tiny_run) -> dict[str, pd.DataFrame]:
    """Tables of the finished run."""
    with duckdb.connect() as con:
        Store(tiny_run.folder / "store").register_some(con, READ)
        return {name: con.execute(f"SELECT * FROM {name}").df() for name in READ}


@pytest.fixture(scope="module")
def world(tables, tiny_run) -> World:
    segment = tables["segment"].set_index("person_id")["segment"]
    criteria = {name: written(name)["criteria"] for name in COHORTS}
    index_date = pd.Timestamp(tiny_run.workbook.index_date)
    return World(tables["person"], tables["person_event"], tables["event_concept"], index_date, segment, criteria)


def written(name: str) -> dict:
    """The file, with its parameters put in."""
    content = yaml.safe_load(COHORTS[name].read_text(encoding="utf-8"))
    return content | {"criteria": with_parameters(content["criteria"], content.get("parameters", {}))}


def changed(name: str, other: dict) -> list[dict]:
    """The criteria of an alternative: a parameter of another value, or one criterion with one thing changed."""
    content = yaml.safe_load(COHORTS[name].read_text(encoding="utf-8"))
    values = content.get("parameters", {})
    if "parameter" in other:
        return with_parameters(content["criteria"], values | {other["parameter"]: other["value"]})
    criteria = with_parameters(content["criteria"], values)
    [rule] = [rule for rule in each(criteria) if asks(rule, other)]
    if "value" in other:
        rule["value"] = other["value"]
    elif "months" in other and "age" in rule:
        rule["age"]["months"] = other["months"]
    elif "months" in other:
        rule["within"] = {k: v for k, v in rule["within"].items() if k not in ("days", "years")} | {
            "months": other["months"]
        }
    else:
        for key, asked in rule.items():
            names = asked if isinstance(asked, list) else [asked]
            if key in FORMS and name_of(other) in names:
                rule[key] = [other["instead"] if one == name_of(other) else one for one in names]
                rule[key] = rule[key] if isinstance(asked, list) else rule[key][0]
    return criteria


FORMS = ("column", "has", "has not", "latest", "events", "sum", "change")


def name_of(other: dict) -> str:
    return other.get("column") or other["concept"]


def asks(rule: dict, other: dict) -> bool:
    keys = ("column",) if "column" in other else FORMS[1:]
    return any(
        name_of(other) in (rule[key] if isinstance(rule[key], list) else [rule[key]]) for key in keys if key in rule
    )


def each(content: object) -> list[dict]:
    """Every mapping of a part of a file, those within it among them."""
    inner = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    own = [content] if isinstance(content, dict) else []
    return own + [found for part in inner for found in each(part)]


def counted(tables: dict[str, pd.DataFrame], name: str) -> None:
    """Skip a cohort that the run left out, with its reason: another test holds the reasons."""
    left = tables["cohort_left_out"].set_index("cohort")["needs"]
    if name in left.index:
        pytest.skip(f"left out of the simulated county: {left[name]}")


@pytest.mark.parametrize("name", COHORTS)
def test_members_steps_and_attrition_are_those_of_the_oracle(name, tables, world):
    counted(tables, name)
    criteria = written(name)["criteria"]
    people = placed(criteria, world)
    members = tables["cohort_member"].query("cohort == @name")["person_no"]
    assert sorted(members) == sorted(people.index[people["met"] == len(criteria)])

    placed_at = tables["cohort_step"].query("cohort == @name").set_index("person_no")[["met", "unknown"]].sort_index()
    expected = people.loc[(people["met"] > 0) | people["unknown"], ["met", "unknown"]].sort_index()
    assert placed_at.astype(int).to_dict() == expected.astype(int).to_dict()

    found = tables["cohort_attrition"].query("cohort == @name").set_index(["practice_code", "step"]).sort_index()
    steps = range(len(criteria) + 1)
    for practice, rows in people.groupby("practice_code"):
        left = [int((rows["met"] >= step).sum()) for step in steps]
        unknown = [0, *(int(((rows["met"] == step) & rows["unknown"]).sum()) for step in steps[:-1])]
        assert found.loc[practice, "people"].tolist() == left
        assert found.loc[practice, "unknown"].tolist() == unknown


@pytest.mark.parametrize("name", COHORTS)
def test_alternatives_are_those_of_the_oracle(name, tables, world):
    counted(tables, name)
    found = tables["cohort_alternative"].query("cohort == @name").groupby("alternative")["people"].sum()
    for other in written(name).get("alternatives", []):
        criteria = changed(name, other)
        people = placed(criteria, world)
        assert found[other["says"]] == (people["met"] == len(criteria)).sum(), other["says"]


def test_most_cohorts_have_members_and_people_who_miss_them_by_each_criterion(tables):
    members = tables["cohort_member"]["cohort"].nunique()
    assert members >= len(COHORTS) - 4  # else the comparison would be of nobody with nobody


def test_a_cohort_is_left_out_for_a_reason_that_the_tables_give(tables):
    lacks = (set(tables["event_concept"]["lacks"]) | set(tables["person_left_out"]["table_name"])) - {""}
    lists = set(tables["person_event"].query("concept == 'partner_list'")["code"])
    for row in tables["cohort_left_out"].itertuples():
        needs = set(row.needs.split(", "))
        unnamed = {
            need for need in needs if need.startswith("the list ") and need.removeprefix("the list ") not in lists
        }
        assert "its rule is for index dates" in row.needs or needs & (lacks | unnamed)


# The same numbers from a question.

ASKED = ("frequent_ed_attenders", "hypertension_uncontrolled", "neighbourhood_team", "mmr_doses_missing")
DIMENSIONS = {"PCN": "pcn_code", "Practice": "practice_code", "Sex": "sex"}


@pytest.fixture(scope="module")
def asking(tiny_run):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHM_ROOT", str(tiny_run.root))
        with open_question(tiny_run.workbook) as asking:
            yield asking


@pytest.mark.parametrize("name", ASKED)
def test_a_question_gives_the_numbers_of_the_run(name, tables, asking):
    cohort = read_cohort(COHORTS[name], asking.run.static)
    members = tables["cohort_member"].query("cohort == @name")
    assert asking.size(cohort) == len(members)
    steps = tables["cohort_attrition"].query("cohort == @name").groupby("step")[["people", "unknown"]].sum()
    found = asking.attrition(cohort).set_index("step")[["people", "unknown"]]
    assert found.to_dict() == steps.to_dict()


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_a_breakdown_is_that_of_the_members_beside_everybody_alike(dimension, tables, asking):
    cohort, person = read_cohort(COHORTS["neighbourhood_team"], asking.run.static), tables["person"]
    found = asking.by(cohort, dimension).set_index("level")
    found.index = [re.sub(r".*\((\w+)\)$", r"\1", level) for level in found.index]  # the code behind a place's name
    mine = tables["cohort_member"].query("cohort == 'neighbourhood_team'")["person_no"]
    person = person.assign(member=person["person_no"].isin(mine))
    share = person.groupby(["age_band", "sex"])["member"].transform("mean")
    expected = person.assign(share=share).groupby(DIMENSIONS[dimension])[["member", "share"]].sum()
    assert found["people"].to_dict() == expected["member"].to_dict()
    assert found["registered"].to_dict() == person.groupby(DIMENSIONS[dimension]).size().to_dict()
    assert found["expected"].to_dict() == pytest.approx(expected["share"].to_dict())


def test_two_cohorts_are_compared_by_the_criterion_that_parts_them(tables, asking, world):
    names = ("frequent_ed_attenders", "neighbourhood_team")
    found = asking.compare(*(read_cohort(COHORTS[name], asking.run.static) for name in names))
    criteria = [written(name)["criteria"] for name in names]
    met = [placed(rules, world) for rules in criteria]
    within = [places["met"] == len(rules) for places, rules in zip(met, criteria, strict=True)]
    assert found["people"].iloc[0] == (within[0] & within[1]).sum()
    for group, one, other in (("Only in A", 0, 1), ("Only in B", 1, 0)):
        only = met[other][within[one] & ~within[other]]
        rows = found[found["group"] == group]
        steps = range(len(criteria[other]))
        assert rows["people"].tolist() == [int((only["met"] == step).sum()) for step in steps]
        assert rows["unknown"].tolist() == [int(((only["met"] == step) & only["unknown"]).sum()) for step in steps]


def test_a_question_about_one_network_asks_of_households_that_lie_in_another_too(tiny_run, tables, world, monkeypatch):
    monkeypatch.setenv("PHM_ROOT", str(tiny_run.root))
    content = {"household": {"column": "diabetes", "op": "is", "value": True}}
    held, area = judge(content, world), tiny_run.pcn_codes[0]
    there = world.person["pcn_code"] == area
    with open_question(tiny_run.workbook, area) as asking:
        cohort = read_cohort(COHORTS["frequent_ed_attenders"]).model_copy(update={"criteria": (parse(content),)})
        steps = asking.attrition(cohort)
    assert steps["people"].tolist() == [there.sum(), (held[there] == True).sum()]  # noqa: E712 - elementwise
    assert steps["unknown"].tolist() == [0, held[there].isna().sum()]
