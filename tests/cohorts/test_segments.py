"""Segments: the first rule wins, everybody has one, and a rule that reaches nobody is named."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phm_utils.cohorts.definitions import Segmentation, load_segmentation
from phm_utils.cohorts.segments import unreachable
from phm_utils.errors import InputError
from phm_utils.params import validated
from phm_utils.rules.person import person_columns


def model(*segments: tuple[str, list[dict]], **kw) -> Segmentation:
    content = {
        "title": "T",
        "source": "S",
        "segments": [{"name": name, "about": "", "rules": rules} for name, rules in segments],
        "otherwise": {"name": "Rest", "about": "", "says": "none"},
        **kw,
    }
    return validated(Segmentation, content, "test.yml")


def over(age: int) -> dict:
    return {"column": "age", "op": "at least", "value": age, "says": f"{age} or over"}


def test_the_first_rule_that_holds_gives_segment_and_reason(people):
    people.are(
        [
            {"age": 10, "palliative_care": True},
            {"palliative_care": True, "dementia": True},
            {"dementia": True, "housebound": True},
            {"asthma": True, "copd": True, "ckd": True, "diabetes": True},
            {"diabetes": True, "smi": True},
            {"smi": True},
            {"bmi": 31, "bmi_months_ago": 11, "smoking_status": "Current"},
            {"bmi": 31, "bmi_months_ago": 12},
        ]
    )
    segment = people.made()["segment"].sort_values("person_id")
    assert segment[["segment", "reason"]].values.tolist() == [
        ["Children and young people", "Under 18"],
        ["Die well", "On the palliative care register"],
        ["Age well", "Dementia"],
        ["Age well", "Four or more long-term conditions"],
        ["Stay well", "One to three long-term conditions"],
        ["Feel well", "Severe mental illness"],
        ["Be well", "BMI over 30 in the last 12 months"],
        ["Live well", "None of the above"],
    ]


def test_conditions_outside_the_models_own_list_do_not_count(people):
    people.are([{"osteoarthritis": True, "hypothyroidism": True, "n_conditions": 2}])
    assert people.made()["segment"]["segment"].tolist() == ["Live well"]


flags = st.fixed_dictionaries(
    {
        "age": st.one_of(st.none(), st.integers(0, 100)),
        "bmi": st.one_of(st.none(), st.floats(15, 60)),
        "bmi_months_ago": st.one_of(st.none(), st.integers(0, 60)),
        **{name: st.booleans() for name in ("palliative_care", "dementia", "asthma", "cancer", "smi", "anxiety")},
        "mental_health_contacts_12m": st.integers(0, 3),
        "smoking_status": st.sampled_from(["Current", "Ex", "Never", "Not recorded"]),
    }
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(flags, min_size=1, max_size=12))
def test_everybody_has_exactly_one_segment(people, rows):
    people.are(rows)
    made = people.made()
    assert made["segment"]["person_id"].is_unique
    assert len(made["segment"]) == len(rows)
    placed = made["segment"].groupby(["segment", "reason"]).size()
    rules = made["segment_rule"].set_index(["segment", "reason"])
    assert set(placed.index) <= set(rules.index[rules["reachable"] & (rules["state"] == "assessed")])
    assert (rules.loc[placed.index, "people_meeting"] >= placed).all()


def test_a_rule_whose_table_is_absent_is_left_out_and_named(people):
    people.are([{"smi": False}], missing=[("mhsds_contact", "mental_health_contacts_12m")])
    rules = people.made()["segment_rule"].set_index("reason")
    row = rules.loc["Mental health contact in 12 months"]
    assert (row["state"], row["needs"]) == ("left out", "mhsds_contact")
    assert rules.loc["Severe frailty", "state"] == "not yet assessed"


def test_rules_behind_a_wider_one_are_unreachable(people):
    columns = person_columns()
    wide_first = model(("Older", [over(65)]), ("Oldest", [over(80)]))
    assert unreachable(people.con, wide_first, columns) == [("Oldest", "80 or over")]
    assert unreachable(people.con, model(("Oldest", [over(80)]), ("Older", [over(65)])), columns) == []


def test_rules_covered_by_several_earlier_ones_together_are_unreachable(people):
    young = {"column": "age", "op": "less than", "value": 40, "says": "under 40"}
    men = {"all": [{"column": "sex", "op": "is", "value": "Male"}, {"column": "age", "op": "at least", "value": 18}]}
    columns = person_columns()
    both = model(("Young", [young]), ("Not young", [over(40)]), ("Men", [men | {"says": "men of 18"}]))
    assert unreachable(people.con, both, columns) == [("Men", "men of 18")]
    gap = model(("Young", [young]), ("Not young", [over(41)]), ("Men", [men | {"says": "men of 18"}]))
    assert unreachable(people.con, gap, columns) == []


def test_the_published_models_own_rules_for_low_mood_are_unreachable(people):
    # SNEE counts anxiety and depression among the long-term conditions, which come earlier.
    found = unreachable(people.con, load_segmentation("snee"), person_columns())
    assert found == [("Feel well", "Depression"), ("Feel well", "Anxiety")]


def test_alternatives_move_people_between_segments_and_lose_nobody(people):
    three = {"asthma": True, "copd": True, "ckd": True}
    people.are([{**three, "count": 3}, {"bmi": 32, "bmi_months_ago": 1}, {}])
    frame = people.made()["segment_alternative"]
    wide = frame.pivot(index="segment", columns="alternative", values="people").fillna(0)
    assert wide.sum().tolist() == [5] * 4
    assert wide.loc["Stay well", "As defined"] == wide.loc["Age well", "Age well from three conditions"] == 3
    assert wide.loc["Be well", ["As defined", "Be well from a BMI over 35"]].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"says": "x", "rule": "unknown", "value": 3}, "stands 0 times"),
        ({"says": "x", "rule": "65 or over", "column": "bmi", "value": 3}, "0 criteria ask for"),
    ],
)
def test_an_alternative_that_changes_nothing_is_refused(change, words):
    made = model(("Older", [over(65)]), alternatives=[change])
    with pytest.raises(InputError, match=words):
        made.with_alternative(made.alternatives[0])


def test_a_segmentation_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(InputError, match=r"No definition kaiser\.yml.*There are: snee"):
        load_segmentation("kaiser")


def test_one_name_for_two_segments_is_refused(tmp_path):
    text = (
        "title: T\nsource: S\nsegments:\n"
        + 2 * "  - {name: A, about: x, rules: [{column: age, op: at least, value: 1}]}\n"
        + "otherwise: {name: B, about: x, says: y}\n"
    )
    (tmp_path / "two.yml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="names a segment twice: A"):
        load_segmentation("two", tmp_path)
