"""Quantiles: remainders, ties, groups too small."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.methods.quantiles import quantile


def test_twelve_areas_fall_into_deciles_as_published():
    # Published for the twelve local authorities of the North East: 1 1 2 3 4 5 6 6 7 8 9 10
    assert quantile(pd.Series(range(12))).tolist() == [1, 1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10]


def test_equal_values_share_a_quantile():
    answer = quantile(pd.Series([1, 2, 2, 2, 3]), 5)
    assert answer[1] == answer[2] == answer[3]


def test_descending_puts_the_highest_first():
    assert quantile(pd.Series([1, 2, 3, 4, 5]), 5, descending=True).tolist() == [5, 4, 3, 2, 1]


def test_a_missing_value_has_none_and_a_small_group_has_none():
    answer = quantile(pd.Series([1, None, 3, 4, 5, 6]), 5, by=pd.Series(list("aaaaab")))
    assert answer.isna().all()
    assert quantile(pd.Series([1, None, 2, 3, 4, 5]), 5).isna().tolist() == [False, True, *[False] * 4]


@given(st.lists(st.integers(0, 50), min_size=10, max_size=60))
def test_quantiles_rise_with_the_value_and_stay_in_range(values):
    series = pd.Series(values)
    answer = quantile(series, 5)
    assert answer.between(1, 5).all()
    assert answer[series.sort_values().index].is_monotonic_increasing
