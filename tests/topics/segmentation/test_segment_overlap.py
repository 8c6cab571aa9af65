"""Where rules meet: hand-counted overlaps, rules asked twice, and rules that place nobody."""

import pandas as pd
import pytest
from released_tables import protected

from phm_utils.measures.definitions import Segmentation
from phm_utils.measures.segments import rule_counts, rule_table
from phm_utils.params import validated
from phm_utils.rules.derived import person_columns
from phm_utils.topics.segmentation import segment_rules_page
from phm_utils.topics.segmentation.rule_overlap import overlaps, same_conditions
from phm_utils.topics.segmentation.segment_rules import (
    MET_BY_NOBODY,
    PLACES_NOBODY,
    SAME_AS_EARLIER,
    UNREACHABLE,
    remarks,
)
from phm_utils.topics.segmentation.segment_tables import RELEASES, segment_tables

COLUMNS = person_columns()
OLD = {"says": "65 or over", "column": "age", "op": "at least", "value": 65}
FRAIL = {"says": "Dementia", "column": "dementia", "op": "is", "value": True}
LUNGS = {"says": "COPD", "column": "copd", "op": "is", "value": True}
HEAVY = {"says": "BMI over 30", "column": "bmi", "op": "more than", "value": 30}
# 2 are old and have dementia, 1 is old with COPD, 1 has all three, 4 are heavy (1 of them old), 5 are none of these.
PEOPLE = [
    {"age": 70, "dementia": True, "count": 2},
    {"age": 70, "copd": True},
    {"age": 70, "dementia": True, "copd": True},
    {"bmi": 31, "count": 3},
    {"age": 70, "bmi": 40},
    {"bmi": None, "count": 5},
]


def model(*segments: tuple[str, list[dict]]) -> Segmentation:
    content = {
        "title": "T",
        "source": "S",
        "segments": [{"name": name, "about": "", "rules": rules} for name, rules in segments],
        "otherwise": {"name": "Rest", "about": "", "says": "none"},
    }
    return validated(Segmentation, content, "test.yml")


def counted(people, *segments) -> pd.DataFrame:
    return rule_counts(people.con, rule_table(model(*segments), COLUMNS, {}))


THREE = (("Frail", [FRAIL, LUNGS]), ("Old", [OLD]), ("Heavy", [HEAVY]))


def test_people_who_meet_rules_of_two_segments_are_counted_by_pair(people):
    people.are(PEOPLE)
    of_segments, of_rules = overlaps(people.con, counted(people, *THREE))
    # Frail: 2 + 1 + 1 = 4, all of them old. Old: 4 + 1 = 5. Heavy: 4, one of them old, none frail.
    assert of_segments.values.tolist() == [
        ["Frail", "Old", 4, 4, 5],
        ["Frail", "Heavy", 0, 4, 4],
        ["Old", "Heavy", 1, 5, 4],
    ]
    # Dementia and old: 2 + 1; COPD and old: 1 + 1. Dementia and COPD are of one segment and no overlap.
    assert of_rules[["reason", "other_reason", "people"]].values.tolist() == [
        ["Dementia", "65 or over", 3],
        ["COPD", "65 or over", 2],
        ["65 or over", "BMI over 30", 1],
    ]


def test_who_meets_a_rule_and_whom_it_places_are_both_counted(people):
    people.are(PEOPLE)
    rules = counted(people, *THREE).set_index("reason")
    assert rules["people_meeting"].to_dict() == {"Dementia": 3, "COPD": 2, "65 or over": 5, "BMI over 30": 4, "none": 5}
    assert rules["people_placed"].to_dict() == {"Dementia": 3, "COPD": 1, "65 or over": 1, "BMI over 30": 3, "none": 5}


def test_an_overlap_counts_the_person_whatever_the_order_of_the_segments(people):
    people.are(PEOPLE)
    one, _ = overlaps(people.con, counted(people, *THREE))
    two, _ = overlaps(people.con, counted(people, *THREE[::-1]))
    assert sorted(one["people"]) == sorted(two["people"]) == [0, 1, 4]


def test_nobody_overlaps_where_there_is_one_segment(people):
    people.are(PEOPLE)
    of_segments, of_rules = overlaps(people.con, counted(people, ("Old", [OLD])))
    assert of_segments.empty
    assert of_rules.empty
    assert list(of_segments) == ["segment", "other_segment", "people", "people_segment", "people_other"]


@pytest.mark.parametrize("form", ["all", "any", "count"])
def test_a_rule_asked_twice_is_found_in_any_order_of_its_parts(form):
    more = {"op": "at least", "value": 1} if form == "count" else {}
    one = {form: [FRAIL, LUNGS, HEAVY], "says": "one", **more}
    two = {form: [HEAVY, FRAIL, LUNGS], "says": "two", **more}
    other = {form: [HEAVY, FRAIL], "says": "other", **more}
    assert same_conditions(model(("A", [one]), ("B", [two, other])), COLUMNS) == {("B", "two"): "one"}


def test_a_group_of_one_is_that_one():
    alone = {"any": [{"all": [OLD]}], "says": "grouped"}
    assert same_conditions(model(("A", [OLD]), ("B", [alone])), COLUMNS) == {("B", "grouped"): "65 or over"}


def test_a_count_of_one_condition_is_not_the_condition():
    none_of_it = {"count": [FRAIL], "op": "at most", "value": 0, "says": "none of one"}
    assert same_conditions(model(("A", [FRAIL]), ("B", [none_of_it])), COLUMNS) == {}


def test_rules_that_place_nobody_are_named_with_the_reason():
    rules = pd.DataFrame(
        [
            (1, "A", "useful", "assessed", 9, 9, True, ""),
            (2, "A", "behind in this run", "assessed", 3, 0, True, ""),
            (3, "A", "met by nobody", "assessed", 0, 0, True, ""),
            (4, "B", "behind always", "assessed", 3, 0, False, ""),
            (5, "B", "twice", "assessed", 9, 0, False, "useful"),
            (6, "B", "not asked", "left out", None, None, True, ""),
        ],
        columns=["place", "segment", "reason", "state", "people_meeting", "people_placed", "reachable", "same_as"],
    ).astype({"people_meeting": "Int64", "people_placed": "Int64"})
    found = remarks(rules).set_index("reason")["remark"].to_dict()
    assert found == {
        "behind in this run": PLACES_NOBODY,
        "met by nobody": MET_BY_NOBODY,
        "behind always": UNREACHABLE,
        "twice": SAME_AS_EARLIER,
    }


def test_what_the_rules_let_out_is_suppressed_and_names_the_published_models_own_faults(people):
    people.are([{"depression": True, "count": 30}, {"palliative_care": True, "dementia": True, "count": 5}, {"age": 5}])
    people.made()
    tables = protected(segment_tables(people.con, people.workbook), RELEASES)
    remark = tables["segment_rule_remark"].set_index("reason")["remark"]
    assert remark["Depression"] == remark["Anxiety"] == UNREACHABLE
    assert remark["Dementia"] == PLACES_NOBODY
    assert remark["Housebound"] == MET_BY_NOBODY
    assert "One to three long-term conditions" not in remark
    pairs = tables["segment_overlap"].set_index(["segment", "other_segment"])["people"]
    assert pairs["Stay well", "Feel well"] == 30
    assert pd.isna(pairs["Die well", "Age well"])  # five people
    assert pairs["Die well", "Be well"] == 0
    first = tables["segment_overlap"]
    assert first["segment"].iloc[0] == "Children and young people"  # in the order of the rules, not of the alphabet
    both = tables["segment_rule_overlap"].set_index(["reason", "other_reason"])["people"]
    assert both["One to three long-term conditions", "Depression"] == 30
    assert pd.isna(both["On the palliative care register", "Dementia"])
    assert "(Depression, Anxiety)" in str(segment_rules_page.placing_nobody(tables["segment_rule_remark"]))


def test_pairs_whose_order_decides_are_listed_in_the_order_of_the_rules():
    rows = [
        ("Frail", "Old", 400, 400, 900),  # everybody frail is old here: the order is the definition
        ("Frail", "Heavy", None, 400, 300),
        ("Old", "Heavy", 120, 900, 300),
        ("Old", "Smoker", 110, 900, 200),
        ("Heavy", "Smoker", 0, 300, 200),
    ]
    columns = ["segment", "other_segment", "people", "people_segment", "people_other"]
    pairs = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[2:], "Int64"))
    assert str(segment_rules_page.overlapping(pairs)) == (
        "Rules of both segments hold for some people in 2 pairs of segments; for half or more of those who meet "
        "a rule of "
        "the smaller one the order of the rules decides in Old before Smoker (about 110 people), in the whole ICS."
    )
    assert "in none for half or more" in str(segment_rules_page.overlapping(pairs.drop(index=3)))
    assert segment_rules_page.overlapping(pairs.drop(index=[2, 3])) is None


def test_nothing_is_said_of_rules_without_fault():
    assert (
        segment_rules_page.placing_nobody(pd.DataFrame(columns=["place", "segment", "reason", "remark", "other"]))
        is None
    )
