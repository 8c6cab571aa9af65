"""Funnel limits agree with tests of each unit; usual variation widens them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.methods import funnels, rates


@given(st.integers(0, 400), st.integers(1, 400), st.floats(0.05, 0.95))
def test_a_proportion_is_outside_when_its_wilson_limits_exclude_the_target(x, n, target):
    x = min(x, n)
    own = rates.proportion(pd.Series([x]), pd.Series([n])).iloc[0]
    signal = funnels.classify(pd.Series([x]), pd.Series([n]), kind="proportion", target=target)[0]
    if min(abs(own["lower"] - target), abs(own["upper"] - target)) > 1e-9:
        assert (signal != "within") == (target < own["lower"] or target > own["upper"])


@given(st.integers(0, 300), st.floats(1, 300))
def test_ratio_limits_and_classes_say_the_same(observed, expected):
    signal = funnels.classify(pd.Series([observed]), pd.Series([expected]), kind="ratio")[0]
    row = funnels.limits(pd.Series([expected]), kind="ratio").iloc[0]
    ratio = observed / expected
    edges = row[["lower", "upper"]]
    if (edges - ratio).abs().min() > 1e-6:
        assert (signal != "within") == (ratio < edges["lower"] or ratio > edges["upper"])


def test_a_rate_is_a_ratio_times_the_target():
    years = pd.Series([2_000.0, 50_000.0])
    rate = funnels.limits(years, 0.02, kind="rate", per=1_000).drop(columns="size")
    ratio = funnels.limits(years * 0.02, kind="ratio").drop(columns="size")
    pd.testing.assert_frame_equal(rate, ratio * 20)
    events = pd.Series([20, 1_500])
    classes = [
        funnels.classify(events, years, kind="rate", target=0.02),
        funnels.classify(events, years * 0.02, kind="ratio"),
    ]
    assert classes[0].tolist() == classes[1].tolist() == ["low 99.8", "high 99.8"]


@pytest.mark.parametrize(("kind", "target"), [("proportion", 0.2), ("rate", 0.2), ("ratio", 1)])
def test_usual_variation_widens_the_limits_and_stays_where_size_ends(kind, target):
    sizes = pd.Series([50.0, 1e9], index=["a", "b"])
    plain, wide = (funnels.limits(sizes, target, kind=kind, tau=tau) for tau in (0, 0.2))
    assert (wide["upper"] > plain["upper"]).all()
    assert (wide["lower"] < plain["lower"]).all()
    # Of the largest unit only usual variation is left: 1.96 x 0.2 each side, on the root for counts.
    scale = (lambda v: v) if kind == "proportion" else np.sqrt
    assert scale(wide.loc["b", "upper"]) - scale(target) == pytest.approx(1.96 * 0.2, rel=1e-3)
    assert wide.index.tolist() == ["a", "b"]


def test_limits_of_a_trillion_expected_events_are_numbers():
    row = funnels.limits(pd.Series([1e12]), kind="ratio").iloc[0]
    assert row[["lower", "upper"]].tolist() == pytest.approx([1 - 1.96e-6, 1 + 1.96e-6], abs=1e-9)
    assert funnels.classify(pd.Series([1e12]), pd.Series([1e12]), kind="ratio").tolist() == ["within"]


def test_a_suppressed_count_has_no_class_and_does_not_move_the_target():
    events = pd.Series([20, None, 20], dtype="Int64")
    known = funnels.classify(events, pd.Series([100, 10_000, 100]), kind="proportion")
    assert known.isna().tolist() == [False, True, False]
    assert known.dropna().tolist() == ["within"] * 2


def test_a_unit_without_people_has_no_limits_and_no_class():
    assert funnels.limits(pd.Series([0]), 0.5, kind="proportion")[["lower", "upper"]].isna().all(axis=None)
    assert funnels.classify(pd.Series([0, 5]), pd.Series([0, 10]), kind="proportion").isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "mean"}, "kind is 'mean'"),
        ({"target": 1.5}, "target is 1.5"),
        ({"target": float("nan")}, "target is nan"),
        ({"tau": -1}, "tau is -1"),
        ({"sizes": pd.Series([-5])}, "1 of 1 values of sizes are negative"),
    ],
)
def test_limits_that_mean_nothing_are_refused(change, message):
    given = {"sizes": pd.Series([10]), "target": 0.5, "kind": "proportion"} | change
    with pytest.raises(InputError, match=message):
        funnels.limits(**given)


def test_more_events_than_people_are_refused():
    with pytest.raises(InputError, match="1 of 1 units have more events than people"):
        funnels.classify(pd.Series([11]), pd.Series([10]), kind="proportion")
