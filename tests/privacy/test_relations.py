"""A relation holds in figures that add up, and is broken by one changed cell."""

import pandas as pd
import pytest

from phm_utils.privacy.relations import AcrossAreas, AcrossUnits, AtMost, Parts, RowSum, Steps

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
