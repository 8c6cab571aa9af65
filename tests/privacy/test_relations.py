"""A relation holds in figures that add up, and is broken by one changed cell."""

import pandas as pd
import pytest

from phm_utils.privacy.relations import (
    AcrossAreas,
    AcrossUnits,
    AtMost,
    Nested,
    Parts,
    RowSum,
    SameAs,
    Steps,
    Whole,
    violations,
)

BLOCKS = pd.DataFrame(
    {
        "area_code": ["U1", "U1", "U2", "U2", "QZZ", "QZZ"],
        "segment": ["a", "b", "a", "b", "a", "b"],
        "people": [10, 20, 30, 40, 40, 60],
        "registered": [30, 30, 70, 70, 100, 100],
    }
)
UNITS = pd.DataFrame(
    {
        "area_code": ["U1", "U1", "U2", "QZZ", "QZZ"],
        "unit_code": ["P1", "P2", "P3", "U1", "U2"],
        "unit_name": ["Ash", "Beech", "Cedar", "North", "South"],
        "people": [5, 6, 7, 11, 7],
    }
)
STEPS = pd.DataFrame({"area_code": ["U1"] * 3, "step": ["0", "2", "10"], "people": [100, 40, 7]})
PARTS = pd.DataFrame({"area_code": ["U1"], "recorded": [8], "unknown": [2], "people": [10]})

CASES = [
    pytest.param(Parts("people", ("segment",), "registered"), BLOCKS, ("area_code", "segment"), id="parts"),
    pytest.param(AcrossAreas(("people",)), BLOCKS, ("area_code", "segment"), id="areas"),
    pytest.param(AcrossUnits(("people",)), UNITS, ("area_code", "unit_code", "unit_name"), id="units"),
    pytest.param(AtMost("people", "registered"), BLOCKS, ("area_code", "segment"), id="at most"),
    pytest.param(Steps("people", "step"), STEPS, ("area_code", "step"), id="steps"),
    pytest.param(RowSum(("recorded", "unknown"), "people"), PARTS, ("area_code",), id="row sum"),
]


@pytest.mark.parametrize(("relation", "frame", "keys"), CASES)
def test_it_holds_in_any_order_of_rows(relation, frame, keys):
    assert relation.violations(frame, keys, "QZZ") == 0
    assert relation.violations(frame.iloc[::-1].reset_index(drop=True), keys, "QZZ") == 0


@pytest.mark.parametrize(("relation", "frame", "keys"), CASES)
def test_one_changed_cell_breaks_it(relation, frame, keys):
    changed = frame.copy()
    changed.loc[len(changed) - 1, "people"] += 1_000
    assert relation.violations(changed, keys, "QZZ") > 0


def test_people_of_no_known_network_may_count_towards_the_ics_alone():
    more = BLOCKS.assign(people=[10, 20, 30, 40, 45, 60])
    keys = ("area_code", "segment")
    assert AcrossAreas(("people",)).violations(more, keys, "QZZ") == 1
    assert AcrossAreas(("people",), exact=False).violations(more, keys, "QZZ") == 0
    fewer = BLOCKS.assign(people=[10, 20, 30, 40, 35, 60])
    assert AcrossAreas(("people",), exact=False).violations(fewer, keys, "QZZ") == 1


def test_steps_may_be_nested_in_part_only():
    grows_first = STEPS.assign(people=[7, 100, 40])
    keys = ("area_code", "step")
    assert Steps("people", "step").violations(grows_first, keys, "QZZ") > 0
    assert Steps("people", "step", first=1).violations(grows_first, keys, "QZZ") == 0


# Seven visits or more are among five or more, of two areas; "first" is the definition, and so is "first" of heavy.
NEST = pd.DataFrame(
    [("frequent", "ten", "frequent", "first"), ("heavy", "first", "frequent", "first")],
    columns=["cohort", "version", "in_cohort", "in_version"],
)
VERSIONS = pd.DataFrame(
    [
        *(("U1", 0, "frequent", "first", 40), ("U1", 1, "frequent", "ten", 12), ("U1", 2, "heavy", "first", 9)),
        *(("U2", 0, "frequent", "first", 8), ("U2", 1, "frequent", "ten", 8), ("U2", 2, "heavy", "first", 0)),
    ],
    columns=["area_code", "place", "cohort", "version", "people"],
)
KEYS = ("area_code", "place", "cohort", "version")
BOTH = Nested("people", ("cohort", "version"), "nest", ("cohort", "version"), ("in_cohort", "in_version"))
COHORT = Nested(
    "people", ("cohort",), "nest", ("cohort",), ("in_cohort",), (("version", "first"), ("in_version", "first"))
)


def changed(frame: pd.DataFrame, row: int, people: int) -> pd.DataFrame:
    return frame.assign(people=frame["people"].where(frame.index != row, people))


def test_a_group_is_at_most_that_around_it_in_the_same_area():
    assert BOTH.violations(VERSIONS, KEYS, NEST) == 0
    assert BOTH.violations(changed(VERSIONS, 1, 41), KEYS, NEST) == 1
    assert BOTH.violations(changed(VERSIONS, 4, 9), KEYS, NEST) == 1  # more than 8, though fewer than in U1
    assert BOTH.violations(changed(VERSIONS, 3, 0), KEYS, NEST) == 1
    assert BOTH.violations(changed(VERSIONS, 0, 8), KEYS, NEST) == 2  # both are larger now


def test_of_groups_named_by_one_key_the_definitions_themselves_are_compared():
    sizes = VERSIONS[VERSIONS["version"] == "first"].drop(columns="version").reset_index(drop=True)
    keys = ("area_code", "place", "cohort")
    assert COHORT.violations(sizes, keys, NEST) == 0
    assert COHORT.violations(changed(sizes, 1, 41), keys, NEST) == 1
    alternative_alone = pd.DataFrame([("heavy", "ten", "frequent", "first")], columns=NEST.columns)
    assert COHORT.violations(changed(sizes, 1, 41), keys, alternative_alone) == 0


def test_a_row_of_two_groups_stands_for_both_orders():
    nest = pd.DataFrame({"cohort": ["m"], "version": ["first"], "in_cohort": ["b"], "in_version": ["first"]})
    # m is within b; so whoever is in m and another is in b and that other, whichever stands first.
    pairs = pd.DataFrame({"cohort": ["a", "a", "m", "b"], "other": ["b", "m", "z", "z"], "people": [5, 5, 7, 7]})
    pairs = pairs.assign(area_code="U1")
    either = Nested("people", ("cohort",), "nest", ("cohort",), ("in_cohort",), either_way=("cohort", "other"))
    keys = ("area_code", "cohort", "other")
    assert either.violations(pairs, keys, nest) == 0
    assert either.violations(changed(pairs, 1, 6), keys, nest) == 1
    assert either.violations(changed(pairs, 2, 8), keys, nest) == 1


def test_words_about_a_unit_do_not_keep_two_rows_apart():
    rows = VERSIONS[VERSIONS["area_code"] == "U1"].assign(unit_code="P1", unit_name=["Ash", "Ash Surgery", "Ash"])
    keys = (*KEYS, "unit_code", "unit_name")
    assert BOTH.violations(changed(rows, 1, 41), keys, NEST) == 1


def test_a_count_of_two_releases_is_the_same():
    sizes = pd.DataFrame({"area_code": ["U1", "U2"], "cohort": "frequent", "size": [40, 8]})
    mine = VERSIONS[VERSIONS["cohort"] == "frequent"]
    same = SameAs("people", "sizes", "size", ("area_code", "cohort"), (("version", "first"),))
    assert same.violations(mine, KEYS, sizes) == 0
    assert same.violations(mine, KEYS, sizes.assign(size=[40, 7])) == 1
    assert same.violations(mine, KEYS, sizes[:1]) == 1  # the other release lacks a row


def test_of_a_group_within_another_all_are_in_both():
    nest = pd.DataFrame({"cohort": ["m"], "version": ["first"], "in_cohort": ["b"], "in_version": ["first"]})
    pairs = pd.DataFrame({"cohort": ["b", "m"], "other": ["m", "z"], "people": [7, 3], "in_other": [7, 9]})
    keys = ("cohort", "other")
    whole = Whole("people", "in_other", "other", "cohort", "nest", "cohort", "in_cohort", (("version", "first"),))
    assert whole.violations(pairs, keys, nest) == 0  # of m and z, neither is within the other
    assert whole.violations(changed(pairs, 0, 6), keys, nest) == 1
    assert whole.violations(changed(pairs, 0, 6), keys, nest.assign(version="other")) == 0


def test_a_relation_is_given_the_release_that_it_reads():
    wrong = changed(VERSIONS, 1, 41)
    assert violations(BOTH, wrong, KEYS, "QZZ", {"nest": NEST}) == 1
    assert violations(BOTH, wrong, KEYS, "QZZ", {}) == 0  # the run did not make it
    assert violations(AtMost("people", "registered"), BLOCKS.assign(registered=1), ("area_code",), "QZZ", {}) == 6
