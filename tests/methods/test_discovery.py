"""False-discovery control: a published example, families, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from phm_utils.errors import InputError
from phm_utils.methods.discovery import benjamini_hochberg, discoveries, heterogeneity


def test_the_example_of_benjamini_and_hochberg_finds_its_four():
    # The fifteen p-values of their paper: at .05 the procedure finds the four smallest, Bonferroni's three.
    p = [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1,
    ]
    found = benjamini_hochberg(pd.Series(p))
    assert found["found"].sum() == 4
    assert found["p_adjusted"].iloc[3] == pytest.approx(0.0095 * 15 / 4)


@settings(max_examples=30)
@given(st.lists(st.floats(0, 1) | st.none(), max_size=30))
def test_adjusted_values_keep_the_order_and_missing_ones_are_no_comparisons(values):
    p = pd.Series(values, dtype=float)
    found = benjamini_hochberg(p)
    known = p.dropna()
    assert found["p_adjusted"].dropna().index.equals(known.index)
    if len(known):
        assert found.loc[known.index, "p_adjusted"].to_numpy() == pytest.approx(stats.false_discovery_control(known))
    assert not found["found"][p.isna()].any()


def test_a_family_is_looked_into_only_where_it_shows_something():
    p = {"a": [0.001, 0.04, 0.5], "b": [0.3, 0.4, 0.9], "c": [0.02, 0.6, 0.7]}
    units = pd.DataFrame([(family, value) for family, values in p.items() for value in values], columns=["family", "p"])
    # Simes: .003, .9, .06; of three families only the first is selected, and its units are tested at .05 / 3.
    found = discoveries(units)
    assert found.groupby(units["family"])["selected"].first().to_dict() == {"a": True, "b": False, "c": False}
    assert found["named"].tolist() == [True] + [False] * 8
    assert found.loc[0, "confidence"] == pytest.approx(1 - (1 / 3) * 0.05 / 3)
    assert found["confidence"].notna().sum() == 3


def test_an_omnibus_test_given_decides_which_families_are_looked_into():
    units = pd.DataFrame({"family": ["a", "a", "b", "b"], "p": [0.01, 0.6, 0.01, 0.6]})
    found = discoveries(units, omnibus=pd.Series({"a": 0.5, "b": 0.001}))
    assert found["named"].tolist() == [False, False, True, False]


def test_rows_are_answered_in_their_own_order_and_index():
    units = pd.DataFrame({"family": ["b", "a", "b", "a"], "p": [0.4, 0.001, 0.3, 0.9]}, index=[5, 5, 6, 7])
    found = discoveries(units)
    assert found.index.tolist() == [5, 5, 6, 7]
    assert found["named"].tolist() == [False, True, False, False]


def test_few_pages_name_anything_where_nothing_differs():
    rng = np.random.default_rng(2)
    pages = rng.uniform(size=(60, 60))
    family = np.repeat(list("abcde"), 12)
    named = [discoveries(pd.DataFrame({"family": family, "p": page}))["named"].any() for page in pages]
    assert np.mean(named) <= 0.1


def test_values_that_differ_by_their_errors_show_no_heterogeneity():
    # Q = 2 x (1 / 1) = 2 about a mean of 2, on 2 degrees of freedom: exp(-1)
    assert heterogeneity(pd.Series([1.0, 2.0, 3.0]), pd.Series([1.0] * 3)) == pytest.approx(np.exp(-1))
    assert heterogeneity(pd.Series([1.0, 2.0, 3.0, None]), pd.Series([0.1] * 4)) < 1e-6
    assert np.isnan(heterogeneity(pd.Series([1.0]), pd.Series([1.0])))


def test_what_is_no_p_value_or_rate_is_refused():
    with pytest.raises(InputError, match="1 of 1 values of p are above 1"):
        benjamini_hochberg(pd.Series([5.0]))
    with pytest.raises(InputError, match="rate is 5"):
        benjamini_hochberg(pd.Series([0.5]), rate=5)
    with pytest.raises(InputError, match="1 of 2 comparisons have no family"):
        discoveries(pd.DataFrame({"family": ["a", None], "p": [0.1, 0.2]}))
    with pytest.raises(InputError, match="1 p-values for 2 families"):
        discoveries(pd.DataFrame({"family": ["a", "b"], "p": [0.1, 0.2]}), omnibus=pd.Series({"a": 0.1}))
