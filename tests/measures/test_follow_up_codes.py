"""`follow_up` of a cohort's file: which concepts say what came of a list."""

import pytest
from cohort_files import ED, HEAD, WORKBOOK
from jsonschema import Draft202012Validator

from phm_utils.errors import InputError
from phm_utils.measures.cohort_definitions import load_cohorts, read_cohort
from phm_utils.measures.cohort_run import static_words
from phm_utils.measures.cohort_schema import cohort_schema
from phm_utils.measures.outreach_status import CONTACT, FROM_CODES, FROM_LISTS, REACHED, TRIED, WORDS

WORDS_THERE = static_words(WORKBOOK, {})


def read(tmp_path, body: str):
    path = tmp_path / "mine.yml"
    path.write_text(HEAD + body + ED, encoding="utf-8")
    return read_cohort(path, WORDS_THERE)


def test_statuses_are_read_with_their_concepts(tmp_path):
    body = "follow_up:\n  attended: [cervical_screening]\n  not_reached: [cervical_screening_no_response]\n"
    pairs = list(read(tmp_path, body).follow_up.pairs())
    assert pairs == [("attended", "cervical_screening"), ("not_reached", "cervical_screening_no_response")]
    assert list(read(tmp_path, "").follow_up.pairs()) == []


def test_every_fault_is_said_with_its_line_and_the_nearest_word(tmp_path):
    body = "follow_up:\n  atended: [bmi]\n  reviewed: [medication_reviw]\n  declined: [bmi, egfrr]\n"  # from line 6
    with pytest.raises(InputError) as caught:
        read(tmp_path, body)
    assert str(caught.value).splitlines()[1:] == [
        "- line 7: `atended` is not known here. Did you mean `attended`?",
        "- line 8: There is no concept `medication_reviw`. Did you mean `medication_review`?",
        "- line 9: There is no concept `egfrr`. Did you mean `egfr`?",
    ]


@pytest.mark.parametrize("body", ["{declined: [bmi, bmi]}", "{declined: [bmi], attended: [bmi]}"])
def test_a_concept_says_one_thing(tmp_path, body):
    with pytest.raises(InputError, match="`bmi` stands twice: it says one thing"):
        read(tmp_path, f"follow_up: {body}\n")


@pytest.mark.parametrize("body", ["[bmi]", "bmi", "{attended: bmi}", "{attended: [[bmi]]}", "{attended: {bmi: 1}}"])
def test_another_form_is_refused(tmp_path, body):
    with pytest.raises(InputError, match="line 6"):
        read(tmp_path, f"follow_up: {body}\n")


def test_shipped_cohorts_name_concepts_that_there_are():
    found = {name: list(cohort.follow_up.pairs()) for name, cohort in load_cohorts().items()}
    assert {concept for pairs in found.values() for _, concept in pairs} <= set(WORDS_THERE.concepts)
    assert found["cervical_screening_overdue"] == [
        ("attended", "cervical_screening"),
        ("declined", "cervical_screening_declined"),
        ("not_reached", "cervical_screening_no_response"),
    ]
    assert sum(bool(pairs) for pairs in found.values()) >= 10


def test_an_editor_is_told_of_statuses_and_concepts():
    part = cohort_schema()["$defs"]["FollowUp"]
    valid = Draft202012Validator(part).is_valid
    assert set(part["properties"]) == set(FROM_CODES)
    assert valid({"attended": ["bmi"]})
    assert not valid({"attended": ["bmii"]})
    assert not valid({"atended": ["bmi"]})


def test_every_status_has_a_word_and_who_was_reached_was_tried():
    assert set(WORDS) == {*FROM_CODES, *FROM_LISTS}
    assert set(REACHED) < set(CONTACT) < set(TRIED) < set(WORDS)
    assert set(WORDS) - set(TRIED) == {"closed"}
