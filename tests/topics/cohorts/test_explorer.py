"""The cohort explorer, operated by setting the values of its widgets: counts follow at once, and nothing is lost."""

import doctest
import re
from dataclasses import replace
from importlib import import_module

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.measures.asking import Asking
from phm_utils.measures.cohort_check import check_files
from phm_utils.measures.cohort_definitions import read_cohort
from phm_utils.measures.cohort_run import run_words, static_words
from phm_utils.runs import project_root
from phm_utils.topics.cohorts.explorer import view
from phm_utils.topics.cohorts.explorer.page import EVERY, NEW, NOTHING_ON, Explorer
from phm_utils.topics.cohorts.explorer.rules import GroupBox
from phm_utils.topics.cohorts.explorer.tree import Tree
from phm_utils.yaml_files import load_yaml

FILE = """title: Older people who attend often
short: Older, often
question: Who?
use: A call
source: Made for a test
criteria:
  - {says: Pensioners, column: age, op: at least, value: 65}
  - {column: ed_attendances_12m, op: at least, value: 3}
alternatives:
  - {says: Five or more, column: ed_attendances_12m, value: 5}
limits: [One sentence., Another.]
"""
# 40 people: 20 of 70 years, of whom 10 attended four times and 4 an unknown number of times; 20 of 50, 5 often.
ROWS = [
    {"age": 70, "age_band": "70-74", "ed_attendances_12m": 4, "count": 10},
    {"age": 70, "age_band": "70-74", "ed_attendances_12m": None, "count": 4},
    {"age": 70, "age_band": "70-74", "ed_attendances_12m": 0, "count": 6, "practice_code": "A99002"},
    {"age": 50, "ed_attendances_12m": 4, "count": 5, "practice_code": "A99002", "copd": True},
    {"age": 50, "ed_attendances_12m": 0, "count": 15, "practice_code": "A99002"},
]


@pytest.fixture
def explorer(people, tmp_path):
    """The explorer over ROWS, with one rule file, open."""
    definitions = tmp_path / "cohorts"
    definitions.mkdir()
    (definitions / "older.yml").write_text(FILE, encoding="utf-8")
    people.are([{"person_id": None} | row for row in ROWS])
    people.have(
        [{"person": n, "concept": "asthma", "day": day} for n, day in ((1, "2024-01-15"), (2, "2025-03-01"))]
        + [{"person": 3, "concept": "bmi", "day": "2025-03-01", "value": 31.5}]
    )
    workbook = people.workbook.model_copy(update={"outputs": str(tmp_path / "outputs")})
    made = Explorer(Asking(people.con, workbook, run_words(people.con, workbook, {})), "QZZ", definitions)
    made.file.value = "older"
    made.open.click()
    return made


def size(explorer: Explorer) -> int:
    return int(re.search(r"<strong>([\d,]+)</strong>", explorer.size.value)[1].replace(",", ""))


def add(group: GroupBox, word: str, label: str):
    """Add a condition as a person does: find, choose, add."""
    group.find.value = word
    group.what.value = next(value for text, value in group.what.options if text == label)
    group.add.click()
    return group.rules[-1]


def controls(rule) -> dict:
    """The controls of a rule that are on the page, by their labels."""
    return {c.description: c for f in rule.fields for c in f.controls if c.layout.display != "none"}


def test_a_threshold_changes_the_size_at_once(explorer):
    assert size(explorer) == 10  # 70 years, four attendances
    controls(explorer.root.rules[0])["Value (completed years)"].value = 50
    assert size(explorer) == 15
    controls(explorer.root.rules[1])["Value"].value = 5
    assert size(explorer) == 0


def test_each_criterion_says_how_many_it_leaves_and_whom_it_could_not_judge(explorer):
    first, second = (rule.mark.value for rule in explorer.root.rules)
    assert first == "Pensioners: <b>20</b> left of 40"
    assert second.endswith(" at least 3: <b>10</b> left of 20; 4 could not be judged")


def test_a_criterion_that_is_off_is_not_applied_and_comes_back_with_its_words(explorer):
    rule = explorer.root.rules[0]
    rule.on.value = False
    assert size(explorer) == 15
    assert rule.mark.value == "not applied"
    assert explorer.root.rules[1].mark.value.endswith("<b>15</b> left of 40; 4 could not be judged")
    rule.on.value = True
    assert explorer.content["criteria"][0]["says"] == "Pensioners"
    assert size(explorer) == 10


def test_own_words_go_once_the_criterion_asks_something_else(explorer):
    value = controls(explorer.root.rules[0])["Value (completed years)"]
    value.value = 66
    assert explorer.content["criteria"][0] == {"column": "age", "op": "at least", "value": 66}
    assert "Age at least 66" in explorer.words.value
    value.value = 65
    assert explorer.content["criteria"][0]["says"] == "Pensioners"


def test_operations_and_values_follow_the_column(explorer):
    rule = explorer.root.rules[0]
    controls(rule)["Column"].value = "copd"
    assert rule.content() == {"column": "copd", "op": "is", "value": True}
    assert [text for text, _ in controls(rule)["Comparison"].options] == ["is", "is known", "is missing"]
    assert size(explorer) == 5
    controls(rule)["Column"].value = "sex"
    assert controls(rule)["Value"].options[1] == ("Female", "Female")
    controls(rule)["Comparison"].value = "one of"
    controls(rule)["Values (Ctrl for several)"].value = ("Male", "Female")
    assert rule.content() == {"column": "sex", "op": "one of", "value": ["Male", "Female"]}
    assert size(explorer) == 15


def test_between_begins_with_the_number_that_was_there(explorer):
    rule = explorer.root.rules[0]
    controls(rule)["Comparison"].value = "between"
    assert rule.content()["value"] == [65, 65]
    controls(rule)["From"].value = 40
    assert size(explorer) == 5
    controls(rule)["Comparison"].value = "is known"
    assert rule.content() == {"column": "age", "op": "is known"}


def test_groups_of_conditions_are_added_changed_and_nested(explorer):
    explorer.file.value = NEW
    explorer.open.click()
    group = add(explorer.root, "", "At least one of these ...")
    assert explorer.content["criteria"] == []  # an empty group asks nothing
    add(group.inner, "COPD", "COPD (copd)")
    add(group.inner, "age", "Age (age)")
    controls(group.inner.rules[1])["Value (completed years)"].value = 65
    assert size(explorer) == 25
    group.form.value = "not"
    assert size(explorer) == 15
    assert set(explorer.content["criteria"][0]["not"]) == {"any"}
    group.form.value = "count"
    assert group.content() | {"count": []} == {"count": [], "op": "at least", "value": 2}
    assert size(explorer) == 0
    assert [text for text, _ in controls(group)["Comparison"].options][-2:] == ["is", "is not"]
    assert group.inner.rules[1].on.description == "Criterion 1.2"


def test_the_last_condition_of_a_group_that_is_off_takes_the_group_away(explorer):
    group = add(explorer.root, "", "None of these ...")
    only = add(group.inner, "Age", "Age (age)")
    assert size(explorer) == 0
    only.on.value = False
    assert size(explorer) == 10
    assert len(explorer.content["criteria"]) == 2


def test_entries_are_asked_in_a_window_of_months(explorer):
    explorer.file.value = NEW
    explorer.open.click()
    rule = add(explorer.root, "asthma", "Asthma, entries (asthma)")
    assert size(explorer) == 2
    controls(rule)["When"].value = "back"
    assert rule.content() == {"has": "asthma", "within": {"months": 12}}
    assert size(explorer) == 1
    controls(rule)["How long"].value = 15
    assert size(explorer) == 2
    controls(rule)["Ending earlier by"].value = 12
    assert rule.content()["within"] == {"months": 15, "ending": {"months": 12}}
    assert size(explorer) == 1
    rule.form.value = "has not"
    assert size(explorer) == 39


def test_several_concepts_count_together_and_stand_first_in_their_list(explorer):
    rule = add(explorer.root, "asthma", "Asthma, entries (asthma)")
    assert size(explorer) == 2
    controls(rule)["More than one"].value = True
    assert rule.content() == {"has": ["asthma"]}
    picked = controls(rule)["Concept (Ctrl for several)"]
    assert picked.options[0][1] == "asthma"
    picked.value = ("asthma", "bmi")
    assert rule.content() == {"has": ["asthma", "bmi"]}
    assert size(explorer) == 3


def test_the_latest_value_of_a_concept_has_a_threshold_and_an_age(explorer):
    explorer.file.value = NEW
    explorer.open.click()
    rule = add(explorer.root, "body mass", "Body mass index, entries (bmi)")
    rule.form.value = "latest"
    controls(rule)["Value (kg/m2)"].value = 31.5
    assert size(explorer) == 1
    controls(rule)["Entry"].value = "more than"
    assert rule.content()["age"] == {"op": "more than", "months": 12}
    assert size(explorer) == 0


def test_criteria_move_up_and_are_removed(explorer):
    first, second = explorer.root.rules
    assert first.up.layout.display == "none"
    second.up.click()
    assert [c["column"] for c in explorer.content["criteria"]] == ["ed_attendances_12m", "age"]
    assert [rule.on.description for rule in (second, first)] == ["Criterion 1", "Criterion 2"]
    second.remove.click()
    assert size(explorer) == 20


def test_a_fault_is_named_by_its_criterion_and_no_old_number_stays(explorer):
    rule = add(explorer.root, "asthma", "Asthma, entries (asthma)")
    rule.form.value = "latest"
    assert "Criterion 3: Events of `asthma` have no value." in explorer.problem.value
    assert {part.value for part in (explorer.size, explorer.tables, explorer.words, *_marks(explorer))} == {""}
    rule.form.value = "has"
    assert explorer.problem.value == ""
    assert size(explorer) == 2


def _marks(explorer):
    return [rule.mark for rule in explorer.root.rules]


def test_what_fails_otherwise_shows_no_number_and_quotes_nothing(explorer, monkeypatch):
    def broken(cohort):
        raise RuntimeError("row of a person")

    monkeypatch.setattr(explorer.asking, "attrition", broken)
    explorer.root.rules[0].on.value = False
    assert explorer.size.value == explorer.tables.value == ""
    assert "RuntimeError" in explorer.problem.value
    assert "row of a person" not in explorer.problem.value


def test_without_a_criterion_nothing_is_counted(explorer):
    explorer.file.value = NEW
    explorer.open.click()
    assert NOTHING_ON in explorer.problem.value
    assert explorer.size.value == ""


def test_practices_stand_beside_everybody_of_the_same_age_and_sex(explorer):
    # Of 20 women of 70, 10 are in the cohort: half. A99001 has 14 of them, so 7 expected; A99002 6, so 3.
    explorer.dimension.value = "Practice"
    found = explorer.breakdowns(explorer.cohort)["Practice"].set_index("level")
    assert found["people"].to_list() == [10, 0]
    assert found["registered"].to_list() == [14, 26]
    assert found["expected"].to_list() == pytest.approx([7, 3])
    assert "1.43 (0.68 to 2.63)" in explorer.tables.value  # 10 / 7; Byar's limits of 10: 4.79 and 18.39
    assert "By practice" in explorer.tables.value
    assert "By PCN" not in explorer.tables.value


def test_all_breakdowns_that_the_run_knows_are_shown(people, tmp_path):
    people.are([row | {"imd_quintile": None} for row in ROWS], missing=[("area", "imd_quintile")])
    found = Explorer(Asking(people.con, people.workbook, run_words(people.con, people.workbook, {})), "QZZ", tmp_path)
    add(found.root, "age", "Age (age)")
    assert "By ethnic group" in found.tables.value
    assert "By deprivation" not in found.tables.value
    found.dimension.value = "Deprivation"
    assert "does not know deprivation" in found.problem.value
    found.dimension.value = EVERY
    assert found.problem.value == ""


def test_the_sql_is_shown_where_it_is_asked_for(explorer):
    assert "SELECT" not in explorer.words.value
    explorer.with_sql.value = True
    assert "SELECT" in explorer.words.value


WITH_PARAMETERS = (
    FILE.replace("value: 65}", "value: $oldest}")
    .replace("criteria:", "parameters: {oldest: 65, often: 3}\ncriteria:")
    .replace("value: 3}", "value: $often}")
)


def test_values_that_criteria_use_by_name_have_controls_of_their_own(explorer, tmp_path):
    (tmp_path / "cohorts" / "older.yml").write_text(WITH_PARAMETERS, encoding="utf-8")
    explorer.open.click()
    assert size(explorer) == 10
    assert explorer.content == load_yaml(tmp_path / "cohorts" / "older.yml")
    explorer.parameters["oldest"].value = 50
    assert size(explorer) == 15
    assert explorer.content["parameters"] == {"oldest": 50, "often": 3}
    explorer.file.value = NEW
    explorer.open.click()
    assert "parameters" not in explorer.content


def test_a_number_typed_in_place_of_a_named_value_is_taken(explorer, tmp_path):
    (tmp_path / "cohorts" / "older.yml").write_text(WITH_PARAMETERS, encoding="utf-8")
    explorer.open.click()
    rule = explorer.root.rules[0]
    controls(rule)["Value"].value = "often"  # is no number: what was there stays
    assert controls(rule)["Value"].value == "$oldest"
    controls(rule)["Value"].value = "50"
    assert controls(rule)["Value (completed years)"].value == 50
    assert size(explorer) == 15


def test_a_name_that_stands_for_no_value_is_a_fault(explorer):
    rule = add(explorer.root, "asthma", "Asthma, entries (asthma)")
    controls(rule)["When"].value = "back"
    rule.fields[1].length.count.write("$monhts")
    rule.on.value = False
    rule.on.value = True
    assert "Criterion 3: no parameter `monhts`" in explorer.problem.value


def test_a_saved_file_is_valid_and_is_what_was_on_the_screen(explorer, tmp_path):
    controls(explorer.root.rules[1])["Value"].value = 4
    off = add(explorer.root, "COPD", "COPD (copd)")
    off.on.value = False
    explorer.name.value = "often"
    explorer.save.click()
    path = tmp_path / "cohorts" / "often.yml"
    assert "Criteria that are off are not in it: 1." in explorer.told.value
    before = load_yaml(tmp_path / "cohorts" / "older.yml")
    before["criteria"][1]["value"] = 4
    assert load_yaml(path) == before
    [checked] = check_files([path])
    assert (checked.fault, checked.cohort.title) == ("", "Older people who attend often")
    assert "often" in dict(explorer.file.options)
    assert "{column: ed_attendances_12m, op: at least, value: 4}" in path.read_text(encoding="utf-8")


def test_a_file_is_not_overwritten_unless_that_is_ticked(explorer, tmp_path):
    path = tmp_path / "cohorts" / "older.yml"
    explorer.save.click()
    assert "older.yml exists" in explorer.told.value
    assert path.read_text(encoding="utf-8") == FILE
    explorer.replace.value = True
    explorer.save.click()
    assert "Saved older.yml" in explorer.told.value


@pytest.mark.parametrize("name", ["", "../older", "Älter", "a.b"])
def test_a_name_that_no_file_can_have_is_refused(explorer, name, tmp_path):
    explorer.name.value = name
    explorer.save.click()
    assert "small letters, digits and _" in explorer.told.value
    assert [path.name for path in tmp_path.glob("**/*.yml")] == ["older.yml"]


def test_what_a_file_must_say_is_asked_before_it_is_saved(explorer, tmp_path):
    explorer.said.controls["question"].value = " "
    explorer.name.value = "often"
    explorer.save.click()
    assert "A rule file also says: Question." in explorer.told.value
    assert not (tmp_path / "cohorts" / "often.yml").exists()
    assert size(explorer) == 10  # and is not needed to count


def test_an_alternative_that_no_longer_fits_is_refused_when_saving(explorer, tmp_path):
    explorer.root.rules[1].remove.click()
    explorer.name.value = "often"
    explorer.save.click()
    assert "ed_attendances_12m" in explorer.told.value
    assert not (tmp_path / "cohorts" / "often.yml").exists()


def test_a_faulty_file_changes_nothing_and_each_fault_is_named(explorer, tmp_path):
    (tmp_path / "cohorts" / "older.yml").write_text(FILE.replace("at least", "atleast"), encoding="utf-8")
    explorer.open.click()
    assert "2 faults" in explorer.problem.value
    assert size(explorer) == 10


def test_exports_are_protected(people, explorer, tmp_path):
    explorer.export.click()
    folder = tmp_path / "outputs" / "tiny" / "explored"
    assert sorted(path.name for path in folder.iterdir()) == [
        "older_attrition.csv",
        "older_breakdown.csv",
        "older_definition.txt",
    ]
    shown = pd.read_csv(folder / "older_breakdown.csv", dtype=str, encoding="utf-8-sig")
    practices = shown[shown["dimension"] == "Practice"].set_index("level")
    # A99001 has 10, shown alone it would give A99002 away: of 10 in all it has 0.
    assert practices["people"].to_list() == ["*", "*"]
    assert practices["registered"].to_list() == ["15", "25"]
    assert practices["expected"].isna().all()
    numbers = shown[["people", "registered"]].stack()
    assert set(numbers[numbers != "*"].astype(int) % 5) == {0}
    steps = pd.read_csv(folder / "older_attrition.csv", dtype=str, encoding="utf-8-sig")
    assert steps["people"].to_list() == ["40", "20", "10"]
    assert steps["unknown"].to_list() == ["*", "*", "*"]  # 0, 0 and 4 are one class
    text = (folder / "older_definition.txt").read_text(encoding="utf-8")
    assert "Pensioners" in text
    assert "below 8" in text


def test_what_a_saved_notebook_keeps_of_the_page_has_no_number(explorer, monkeypatch):
    shown = []
    monkeypatch.setattr("phm_utils.topics.cohorts.explorer.page.display", lambda *given, **_: shown.extend(given))
    explorer._ipython_display_()
    kept = [part for part in shown if isinstance(part, dict)]
    assert [part["text/plain"] for part in kept] == ["The cohort explorer: run this cell to see it."]
    assert set(kept[0]) == {"text/plain", "application/vnd.jupyter.widget-view+json"}


# Rules as files have them, of every form.

WINDOWS = [
    {"months": 12},
    {"days": 90},
    {"years": 5, "ending": {"months": 12}},
    {"months": 6, "ending": {"years": 1}},
    {"ending": {"months": 6}},
    {"after": "asthma", "which": "first", "months": 6},
    {"before": "asthma", "months": 6, "starting": {"months": 1}},
    {"after": "born", "which": "last", "years": 5},
    {"months": "$months", "ending": {"days": "$days"}},
]
LEAVES = [
    {"column": "age", "op": "between", "value": [18, 64]},
    {"column": "age", "op": "one of", "value": [18, 64]},
    {"column": "bmi", "op": "at least", "value": 27.5},
    {"column": "sex", "op": "none of", "value": ["Male"]},
    {"column": "sex", "op": "is not", "value": "Male"},
    {"column": "covid_vaccinated_on", "op": "at least", "value": "12 months ago"},
    {"column": "copd", "op": "is", "value": False},
    {"column": "age", "op": "at least", "value": "$oldest"},
    {"column": "bmi", "op": "is missing"},
    {"has": "asthma"},
    {"has not": ["asthma", "copd"]},
    {"has": ["asthma"]},
    {"latest": "bmi", "op": "more than", "value": 30, "age": {"op": "more than", "months": 12}},
    {"latest": "bmi", "age": {"op": "at most", "months": 24}},
    {"latest": "bmi", "age": {"op": "at most", "months": "$months"}},
    {"events": "ed_attendances", "op": "at least", "value": 7, "distinct": "day"},
    {"events": ["ed_attendances", "emergency_admissions"], "op": "between", "value": [1, 3]},
    {"sum": "emergency_admissions", "op": "at least", "value": 14},
    {"change": "bmi", "of": "latest", "from": {"years": 2}, "to": {"months": 12}, "by": "ratio", "op": "less than",
     "value": 0.9},
    {"change": "asthma", "from": {"years": 2}, "to": {"months": 12}, "by": "difference", "op": "at least", "value": 3},
    {"segment": "Somewhere"},
    {"list": ["one list", "another"], "within": {"months": 12}},
    {"programme": "P1"},
    {"cohort": "another"},
    {"ids": "outputs/mine.csv"},
]  # fmt: skip


def box(content: dict):
    """One rule as widgets; nobody is told of changes."""
    return GroupBox(Tree(static_words(None, {}), lambda: None), [content]).rules[0]


@pytest.mark.parametrize("content", LEAVES, ids=lambda c: next(iter(c)))
def test_every_form_comes_back_as_the_file_has_it(content):
    assert box(content).content() == content


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_every_window_has_widgets(window):
    rule = box({"has": "asthma", "within": window})
    assert rule.content() == {"has": "asthma", "within": window}
    assert rule.fields  # and is not only shown as written


def test_what_has_no_widgets_is_kept_as_written_and_can_be_switched_off():
    content = {"has": "asthma", "within": {"from": "$first", "to": "$last", "days": 3}, "says": "Asthma lately"}
    rule = box(content)
    assert rule.content() == content
    assert rule.fields == []
    assert rule.form.disabled
    rule.on.value = False
    assert rule.content() is None


SHIPPED = sorted((project_root() / "parameters" / "cohorts").glob("*.yml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_cohort_has_widgets_for_all_of_it(path):
    content = load_yaml(path)["criteria"]
    words = replace(static_words(None, {}), lists=("homelessness_duty", "outreach"))  # those of the simulated county
    group = GroupBox(Tree(words, lambda: None), content)
    assert group.contents() == content
    assert [rule.plain() for rule in _rules(group) if rule.form.disabled] == []  # none is only shown as written


def _rules(group: GroupBox):
    for rule in group.rules:
        yield rule
        yield from _rules(rule.inner) if rule.inner else ()


RULES = st.recursive(
    st.sampled_from(LEAVES) | st.builds(lambda w: {"has": "copd", "within": w}, st.sampled_from(WINDOWS)),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda part: {"household": part}, inner),
        st.builds(lambda parts: {"count": parts, "op": "at most", "value": 1}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)


@given(RULES)
def test_any_tree_of_rules_comes_back_as_the_file_has_it(content):
    assert box(content).content() == content


@given(RULES, st.sampled_from(["all", "any", "count", "not"]))
def test_a_group_of_another_form_holds_the_same_rules(content, key):
    rule = box({"any": [content, {"column": "age", "op": "is known"}]})
    before = rule.inner.contents()
    rule.form.value = key
    assert rule.inner.contents() == before
    assert key in rule.content()


EXAMPLES = [
    "phm_utils.topics.cohorts.explorer." + name for name in ("comparison", "controls", "files", "forms", "view")
]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_true(name):
    found = doctest.testmod(import_module(name), extraglobs={"pd": pd})
    assert found.attempted > 0
    assert found.failed == 0


def test_markup_in_names_is_shown_and_not_run():
    levels = pd.DataFrame({"level": ["<script>x</script>"], "people": [1], "registered": [2], "expected": [0.0]})
    page = view.breakdowns_html({"Practice": levels})
    assert "<script>" not in page
    assert "none expected" in page
    assert "<b>" not in view.told_html("<b>x</b>")


def test_a_rule_file_of_the_explorer_reads_back_to_the_same_cohort(explorer, tmp_path):
    explorer.name.value = "again"
    explorer.save.click()
    again, older = (read_cohort(tmp_path / "cohorts" / f"{name}.yml") for name in ("again", "older"))
    assert again == older
