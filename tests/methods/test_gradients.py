"""Slope and relative index of inequality: exact lines, limits, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.methods import gradients


def fifths(values, population=(100,) * 5, se=0.001, area="E1") -> pd.DataFrame:
    return pd.DataFrame(
        {"area_code": area, "quantile": range(1, 6), "population": population, "value": values, "se": se}
    )


def test_a_straight_line_is_read_at_its_two_ends():
    # Equal fifths have mid-ranks 0.1 ... 0.9; values 10 + 20 x rank run from 10 to 30.
    row = gradients.slope_index(fifths([12, 16, 20, 24, 28])).loc["E1"]
    assert row[["intercept", "sii", "rii"]].tolist() == pytest.approx([10, 20, 3])
    assert row["sii_lower"] < 20 < row["sii_upper"]


def test_unequal_populations_move_the_midranks():
    share, rank = gradients.midranks(pd.Series([10, 30, 60]))
    assert share.tolist() == pytest.approx([0.1, 0.3, 0.6])
    assert rank.tolist() == pytest.approx([0.05, 0.25, 0.7])


def test_a_negative_multiplier_turns_the_direction_and_inverts_the_ratio():
    row = gradients.slope_index(fifths([12, 16, 20, 24, 28]), multiplier=-1).loc["E1"]
    assert row[["sii", "rii"]].tolist() == pytest.approx([-20, 1 / 3])


def test_a_line_on_the_log_scale_is_exact_for_a_constant_ratio():
    values = 5 * 2 ** np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    row = gradients.slope_index(fifths(values, se=0.01), scale="log", transform=True).loc["E1"]
    assert row[["sii", "rii"]].tolist() == pytest.approx([5, 2])


def test_the_same_seed_gives_the_same_limits_and_reliability_shrinks_with_repetitions():
    groups = fifths([12, 15, 21, 24, 29], se=1.0)
    pd.testing.assert_frame_equal(gradients.slope_index(groups, seed=3), gradients.slope_index(groups, seed=3))
    few = gradients.reliability(groups, repeats=4, repetitions=200)["E1"]
    many = gradients.reliability(groups, repeats=4, repetitions=20_000)["E1"]
    assert many < few


@given(st.permutations(list(range(5))))
def test_order_of_groups_does_not_change_the_slope(order):
    groups = fifths([12, 15, 21, 24, 29])
    pd.testing.assert_frame_equal(gradients.slope_index(groups), gradients.slope_index(groups.iloc[order]))


@given(st.lists(st.floats(1, 100), min_size=5, max_size=5))
def test_a_perfect_line_has_no_scatter_and_any_other_has_limits_around_it(population):
    _, rank = gradients.midranks(pd.Series(population))
    fit = gradients.line_limits(pd.DataFrame({"population": population, "value": 2 + 3 * rank}))
    assert [fit["intercept"], fit["sii"], fit["lower"], fit["upper"]] == pytest.approx([2, 3, 3, 3], abs=1e-6)
    loose = gradients.line_limits(pd.DataFrame({"population": population, "value": [1, 4, 2, 5, 3]}))
    assert loose["lower"] < loose["sii"] < loose["upper"]


def test_gaps_in_the_groups_are_refused():
    with pytest.raises(InputError, match="repeat a quantile"):
        gradients.slope_index(fifths([1] * 5).assign(quantile=1))
    with pytest.raises(InputError, match="fewer than 5"):
        gradients.slope_index(fifths([1] * 5).iloc[:4])
    with pytest.raises(InputError, match="1 of 5 groups lack"):
        gradients.slope_index(fifths([1, 2, None, 4, 5]))
    with pytest.raises(InputError, match="too few for a line"):
        gradients.line_limits(pd.DataFrame({"population": [1, 1], "value": [1, 2]}))
