"""The age at which a burden is reached, worked by hand, and what holds for any bands."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.methods.burden import BEFORE, NEVER, age_reached


def bands(*shares: float | None, spread: float = 0.05) -> pd.DataFrame:
    """Bands with their middles at 25, 35, 45 ..., limits `spread` to either side."""
    share = pd.array(shares, dtype="Float64")
    ages = [25.0 + 10 * i for i in range(len(shares))]
    return pd.DataFrame({"age": ages, "share": share, "lower": share - spread, "upper": share + spread})


def test_the_age_is_read_on_a_line_between_middles():
    # From 20% at 35 to 40% at 45, 30% is halfway: 40. Upper limits 25% to 45%: 37.5; lower 15% to 35%: 42.5.
    found = age_reached(bands(0.1, 0.2, 0.4), 0.3)
    assert (found["age"], found["earliest"], found["latest"]) == pytest.approx((40, 37.5, 42.5))
    assert (found["first"], found["last"]) == (25, 45)


def test_a_burden_may_never_be_reached_or_have_been_reached_before():
    assert age_reached(bands(0.1, 0.2), 0.3)["age"] == NEVER
    assert age_reached(bands(0.5, 0.6), 0.3)["age"] == BEFORE
    near = age_reached(bands(0.1, 0.28), 0.3)
    assert near["age"] == NEVER
    assert near["earliest"] == pytest.approx(25 + 10 * 0.15 / 0.18)  # 15% to 33% in the upper limits


def test_a_suppressed_band_is_passed_over_and_the_first_known_band_is_told():
    # From 10% at 25 to 50% at 45, past the band at 35: 30% at 35.
    assert age_reached(bands(0.1, None, 0.5), 0.3)["age"] == pytest.approx(35)
    late = age_reached(bands(None, None, 0.5), 0.3)
    assert (late["age"], late["first"]) == (BEFORE, 45)
    assert all(np.isnan(v) for v in age_reached(bands(None, None), 0.3).values())


def test_the_first_time_counts_where_shares_fall_again():
    assert age_reached(bands(0.1, 0.5, 0.2, 0.6), 0.3)["age"] == pytest.approx(30)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7), st.floats(0, 0.2), st.floats(0.01, 1))
def test_the_range_always_holds_the_age_and_a_larger_burden_is_never_reached_sooner(shares, spread, burden):
    found = age_reached(bands(*shares, spread=spread), burden)
    assert found["earliest"] <= found["age"] <= found["latest"]
    assert age_reached(bands(*shares, spread=spread), burden / 2)["age"] <= found["age"]


@given(st.permutations(range(5)))
def test_the_order_of_bands_makes_no_difference(order):
    frame = bands(0.05, 0.1, 0.25, 0.4, 0.7)
    assert age_reached(frame.iloc[list(order)], 0.3) == age_reached(frame, 0.3)


def test_what_is_no_share_and_repeated_bands_are_refused():
    with pytest.raises(InputError, match="not 30"):
        age_reached(bands(0.1), 30)
    with pytest.raises(InputError, match="1 of 2 bands"):
        age_reached(pd.concat([bands(0.1), bands(0.2)]), 0.3)
