"""A gap between two rates in parts: sums, hand-worked parts, limits, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.methods.decomposition import PARTS, gap_parts

KEYS = pd.MultiIndex.from_product([["0-64", "65+"], [1, 5]], names=["age_band", "deprivation"]).to_frame(index=False)
RATES = [0.02, 0.01, 0.2, 0.1]


def place(years, rates) -> pd.DataFrame:
    years = np.array(years, dtype=float)
    return KEYS.assign(person_years=years, events=years * np.array(rates))


def test_places_that_differ_in_age_alone_have_a_gap_of_age_alone():
    # Half of either place is deprived at every age: shares of the old .4 and .2, mean rates .15 and .015.
    found = gap_parts(place([300, 300, 200, 200], RATES), place([400, 400, 100, 100], RATES), per=1)["value"]
    assert found.tolist() == pytest.approx([0.2 * (0.15 - 0.015), 0.2 * (0.15 - 0.015), 0, 0])


def test_places_that_differ_in_rates_alone_have_a_gap_of_the_rest_alone():
    years = [300, 200, 100, 150]
    found = gap_parts(place(years, [r * 1.2 for r in RATES]), place(years, RATES))["value"]
    assert found["rest"] == pytest.approx(found["gap"])
    assert found[["age", "deprivation"]].tolist() == pytest.approx([0, 0], abs=1e-9)


PLACES = st.lists(st.tuples(st.integers(1, 900), st.floats(0, 1)), min_size=4, max_size=4)


@settings(max_examples=30)
@given(PLACES, PLACES)
def test_parts_add_up_to_the_gap_and_turn_sign_with_the_places(first, second):
    one, other = (place(*zip(*rows, strict=True)) for rows in (first, second))
    found, turned = gap_parts(one, other), gap_parts(other, one)
    crude = [1_000 * p["events"].sum() / p["person_years"].sum() for p in (one, other)]
    assert found.loc["gap", "value"] == pytest.approx(crude[0] - crude[1], abs=1e-6)
    assert found.loc[list(PARTS), "value"].sum() == pytest.approx(found.loc["gap", "value"], abs=1e-6)
    assert turned["value"].to_numpy() == pytest.approx(-found["value"].to_numpy(), abs=1e-6)
    assert (found["lower"] <= found["value"]).all()


def test_limits_of_the_gap_are_those_of_two_poisson_rates():
    one, other = place([300, 300, 200, 200], RATES), place([400, 400, 100, 100], RATES)
    # 69 events in 1,000 years and 42 in 1,000: 1.96 x sqrt(69 + 42) = 20.65 per 1,000
    row = gap_parts(one, other).loc["gap"]
    assert row["upper"] - row["value"] == pytest.approx(1.959964 * np.sqrt(111))


def test_a_stratum_that_one_place_lacks_adds_to_structure_and_not_to_the_rest():
    whole, lacking = place([300, 300, 200, 200], RATES), place([400, 400, 0, 200], RATES)
    assert gap_parts(whole, lacking).loc["rest", "value"] == pytest.approx(0, abs=1e-9)
    pd.testing.assert_frame_equal(gap_parts(whole, lacking[lacking["person_years"] > 0]), gap_parts(whole, lacking))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"age_band": "0-64"}, "2 of 4 strata of the first place repeat"),
        ({"person_years": 0}, "first place has no person-years"),
        ({"events": [None, 1, 1, 1]}, "1 of 4 values of events are missing"),
        ({"events": -1}, "4 of 4 values of events are negative"),
    ],
)
def test_strata_that_cannot_be_compared_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        gap_parts(place([1] * 4, RATES).assign(**change), place([1] * 4, RATES))
