"""Bounds of a group's standardised rate where some people's group is not known."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.methods.ethnicity_bounds import standardised_bounds
from phm_utils.methods.standardisation import direct_rate

BANDS = ["0-64", "65+"]
STANDARD = pd.Series({"0-64": 3, "65+": 1})


def group(events, people) -> pd.DataFrame:
    return pd.DataFrame({"area_code": "Asian", "age_band": BANDS, "events": events, "person_years": people})


def not_known(events, people) -> pd.DataFrame:
    return pd.DataFrame({"age_band": BANDS, "events": events, "person_years": people})


def test_bounds_match_hand_working():
    # Least: 10/(900+48) x 3/4 + 30/(100+30) x 1/4; greatest: 12/902 x 3/4 + 40/110 x 1/4.
    row = standardised_bounds(group([10, 30], [900, 100]), not_known([2, 10], [50, 40]), STANDARD, per=1).loc["Asian"]
    assert row["least"] == pytest.approx(10 / 948 * 0.75 + 30 / 130 * 0.25)
    assert row["greatest"] == pytest.approx(12 / 902 * 0.75 + 40 / 110 * 0.25)


@settings(max_examples=30)
@given(st.tuples(st.integers(0, 20), st.integers(0, 20)), st.tuples(st.integers(0, 20), st.integers(0, 20)))
def test_any_share_of_the_unknown_lies_within_the_bounds(with_it, without):
    unknown = not_known([20, 20], [40, 40])
    row = standardised_bounds(group([10, 30], [900, 100]), unknown, STANDARD).loc["Asian"]
    case = group([10 + with_it[0], 30 + with_it[1]], [900 + with_it[0] + without[0], 100 + with_it[1] + without[1]])
    value = direct_rate(case, STANDARD).loc["Asian", "value"]
    assert row["least"] - 1e-6 <= value <= row["greatest"] + 1e-6


def test_nobody_unknown_leaves_the_point():
    row = standardised_bounds(group([10, 30], [900, 100]), not_known([0, 0], [0, 0]).iloc[:0], STANDARD).loc["Asian"]
    assert row["least"] == row["value"] == row["greatest"]


def test_events_of_which_one_person_can_have_several_have_wider_bounds():
    unknown = not_known([20, 90], [50, 40])
    row = standardised_bounds(group([10, 30], [900, 100]), unknown, STANDARD, per=1, people=False).loc["Asian"]
    assert row["greatest"] == pytest.approx(30 / 900 * 0.75 + 120 / 100 * 0.25)
    assert row["least"] == pytest.approx(10 / 950 * 0.75 + 30 / 140 * 0.25)


def test_a_withheld_rate_has_no_bounds():
    row = standardised_bounds(group([2, 3], [900, 100]), not_known([20, 20], [50, 40]), STANDARD).loc["Asian"]
    assert row[["value", "least", "greatest"]].isna().all()


def test_what_gives_no_bounds_is_refused():
    with pytest.raises(InputError, match="1 of 2 age bands have more people with an event than people"):
        standardised_bounds(group([10, 30], [900, 100]), not_known([51, 1], [50, 40]), STANDARD)
    with pytest.raises(InputError, match="are not those of the standard"):
        unknown = not_known([1, 1], [50, 40]).assign(age_band="90+")
        standardised_bounds(group([10, 30], [900, 100]), unknown, STANDARD)
