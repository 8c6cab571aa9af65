"""Blocks for release: every combination has a row, and the ICS is the sum of all."""

import pandas as pd

from phm_utils.privacy.blocks import area_blocks, unit_blocks

COUNTED = pd.DataFrame(
    {
        "pcn_code": ["U1", "U1", "U2", None],
        "practice_code": ["A1", "A2", "A3", "A3"],
        "sex": ["f", "m", "f", "m"],
        "people": [1, 2, 3, 4],
    }
)
PRACTICES = pd.DataFrame(
    {
        "practice_code": ["A1", "A2", "A3", "A4"],
        "practice_name": ["One", "Two", "Three", "Empty"],
        "pcn_code": ["U1", "U1", "U2", "U2"],
        "pcn_name": ["Left", "Left", "Right", "Right"],
    }
)


def test_areas_have_every_combination_and_unplaced_rows_count_in_the_ics_alone():
    blocks = area_blocks(COUNTED, "QZZ", ["sex"], ["people"])
    assert blocks.set_index(["area_code", "sex"])["people"].to_dict() == {
        ("U1", "f"): 1,
        ("U1", "m"): 2,
        ("U2", "f"): 3,
        ("U2", "m"): 0,
        ("QZZ", "f"): 4,
        ("QZZ", "m"): 6,
    }


def test_units_are_practices_in_a_pcn_and_pcns_in_the_ics():
    blocks = unit_blocks(COUNTED, PRACTICES, "QZZ", ["sex"], ["people"])
    counts = blocks.set_index(["area_code", "unit_name", "sex"])["people"]
    assert counts.loc["U1"].to_dict() == {("One", "f"): 1, ("One", "m"): 0, ("Two", "f"): 0, ("Two", "m"): 2}
    assert counts.loc["QZZ"].to_dict() == {("Left", "f"): 1, ("Left", "m"): 2, ("Right", "f"): 3, ("Right", "m"): 4}
    assert counts.loc["U2"].to_dict() == {("Three", "f"): 3, ("Three", "m"): 4}


def test_units_without_further_keys_are_their_totals():
    blocks = unit_blocks(COUNTED, PRACTICES, "QZZ", [], ["people"])
    assert blocks["people"].tolist() == [3, 7, 1, 2, 7]
