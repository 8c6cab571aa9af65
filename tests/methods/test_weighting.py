"""Entropy balancing: published optimum, hand-worked weights, properties, refusals."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phm_utils.errors import InputError
from phm_utils.methods.weighting import effective_sample, entropy_balance, standardised_differences

REAL = Path(os.environ.get("PHM_REAL_DATA", "absent")) / "evaluation"


def test_two_values_get_the_weights_that_arithmetic_gives():
    # Controls 0, 0, 0, 1; treated mean 1/2 of 2 people: each group of controls must weigh 1.
    weights = entropy_balance(np.array([[0.0], [0], [0], [1]]), np.array([[0.0], [1]]))
    assert weights == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1])


def test_weights_are_exponential_in_the_covariate():
    # Values 0, 1, 2 with mean 1.5: weights proportional to 1, t, t^2 with t + 2 t^2 = 1.5 (1 + t + t^2).
    weights = entropy_balance(np.array([[0.0], [1], [2]]), np.array([[1.5]]))
    t = (0.5 + np.sqrt(0.25 + 4 * 0.5 * 1.5)) / (2 * 0.5)
    assert weights == pytest.approx(np.array([1, t, t**2]) / (1 + t + t**2), rel=1e-6)


def test_strata_are_matched_exactly_and_unused_ones_get_no_weight():
    controls, stratum = np.array([[0.0], [2], [0], [2], [9]]), np.array([0, 0, 1, 1, 2])
    treated, where = np.array([[1.0], [1], [1]]), np.array([0, 0, 1])
    weights = entropy_balance(controls, treated, control_stratum=stratum, treated_stratum=where)
    assert np.bincount(stratum, weights) == pytest.approx([2, 1, 0])
    assert weights @ controls[:, 0] / 3 == pytest.approx(1)


@pytest.mark.skipif(not REAL.is_dir(), reason="PHM_REAL_DATA holds no folder `evaluation`")
def test_effect_on_earnings_equals_the_unique_optimum_of_the_cps_controls():
    treated = pd.read_csv(REAL / "nsw_dw.csv").query("treat == 1")
    controls = pd.read_csv(REAL / "cps1.csv")
    names = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]
    with_zeros = [
        frame[names].assign(u74=frame["re74"] == 0, u75=frame["re75"] == 0).to_numpy(float)
        for frame in (controls, treated)
    ]
    weights = entropy_balance(*with_zeros)
    effect = treated["re78"].mean() - np.average(controls["re78"], weights=weights)
    expected = {case["id"]: case for case in json.loads((REAL / "checks.json").read_text())}["cps_ebal1"]
    assert effect == pytest.approx(expected["expected"], abs=expected["tolerance"])


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(30, 200),
    columns=st.integers(1, 4),
    shift=st.floats(-0.5, 0.5),
    strata=st.integers(1, 3),
)
def test_weights_are_positive_sum_to_the_treated_and_balance_exactly(seed, rows, columns, shift, strata):
    random = np.random.default_rng(seed)
    controls = random.normal(size=(rows * strata, columns))
    where = np.arange(rows * strata) % strata
    # Treated are averages of controls of their stratum, so that a solution exists.
    treated = np.array([controls[where == s][:15].mean(axis=0) for s in range(strata) for _ in range(4)])
    treated = treated + shift * 0.2 * (controls[where == 0][:15].mean(axis=0) - treated)
    weights = entropy_balance(controls, treated, control_stratum=where, treated_stratum=np.repeat(np.arange(strata), 4))
    assert (weights > 0).all()
    assert np.bincount(where, weights) == pytest.approx(np.full(strata, 4.0))
    assert weights @ controls / weights.sum() == pytest.approx(treated.mean(axis=0), abs=1e-6)


def test_order_and_units_of_the_covariates_do_not_matter():
    random = np.random.default_rng(1)
    controls, treated = random.normal(size=(200, 3)), random.normal(0.2, 1, size=(20, 3))
    plain = entropy_balance(controls, treated)
    turned = entropy_balance(controls[::-1, ::-1] * 1000 + 5, treated[:, ::-1] * 1000 + 5)
    assert turned[::-1] == pytest.approx(plain, rel=1e-5)


def test_a_repeated_covariate_changes_nothing():
    random = np.random.default_rng(2)
    controls, treated = random.normal(size=(200, 2)), random.normal(0.2, 1, size=(20, 2))
    twice = entropy_balance(np.hstack([controls, controls]), np.hstack([treated, treated]))
    assert twice == pytest.approx(entropy_balance(controls, treated), rel=1e-4)


def test_a_characteristic_that_no_treated_person_has_gets_almost_no_weight():
    random = np.random.default_rng(3)
    controls = np.column_stack([random.normal(size=300), random.random(300) < 0.1])
    treated = np.column_stack([random.normal(size=40), np.zeros(40)])
    weights = entropy_balance(controls, treated)
    assert weights[controls[:, 1] == 1].sum() / 40 < 1e-6


@pytest.mark.parametrize(
    ("controls", "treated", "says"),
    [
        ([[0.0], [1], [2]], [[3.0]], "lie outside the controls' range"),
        ([[1.0], [1]], [[2.0]], "lie outside the controls' range"),
        ([[0.0], [np.nan]], [[0.5]], "1 of 3 rows have a missing"),
        ([[0.0], [1]], [[0.5, 1]], "Controls have 1 covariates, the treated 2"),
    ],
)
def test_what_cannot_be_balanced_is_refused_with_the_reason(controls, treated, says):
    with pytest.raises(InputError, match=says):
        entropy_balance(np.array(controls), np.array(treated))


def test_a_stratum_without_controls_is_refused():
    with pytest.raises(InputError, match="1 of 2 strata"):
        entropy_balance(
            np.array([[0.0], [1]]),
            np.array([[0.5], [0.5]]),
            control_stratum=np.array([0, 0]),
            treated_stratum=np.array([0, 1]),
        )


def test_effective_sample_by_hand():
    assert effective_sample(np.ones(7)) == 7
    assert effective_sample(np.array([3.0, 1, 1, 1])) == pytest.approx(36 / 12)
    assert effective_sample(np.zeros(3)) == 0


def test_standardised_differences_by_hand():
    # Treated 1, 3: mean 2, sd sqrt 2. Controls 0, 4 with weights 3, 1: mean 2 before, 1 after.
    treated = pd.DataFrame({"a": [1.0, 3], "same": [5.0, 5]})
    controls = pd.DataFrame({"a": [0.0, 4], "same": [5.0, 5]})
    table = standardised_differences(treated, controls, np.array([3.0, 1])).set_index("covariate")
    assert table.loc["a", "smd_before"] == 0
    assert table.loc["a", "smd_after"] == pytest.approx(1 / np.sqrt(2))
    assert table.loc["same"].tolist() == [0, 0]


def test_groups_that_are_each_alike_but_not_each_other_are_far_apart():
    apart = standardised_differences(pd.DataFrame({"a": [1.0] * 9}), pd.DataFrame({"a": [5.0] * 9}), np.ones(9))
    assert apart["smd_before"].iloc[0] < -1
