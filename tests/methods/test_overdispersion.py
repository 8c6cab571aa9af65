"""Units that stand out from usual variation: the correction, planted units, withheld answers."""

import numpy as np
import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.methods import funnels
from phm_utils.methods.overdispersion import between_units, outliers, overdispersion, winsorised_expectation


def practices(rng, units=80, tau=0.0, share=0.07):
    n = pd.Series(rng.integers(3_000, 15_000, units).astype(float))
    return pd.Series(rng.binomial(n.astype(int), np.clip(rng.normal(share, tau, units), 0.001, 1))), n


def test_the_mean_of_winsorised_squares_is_that_of_a_simulation():
    z = np.random.default_rng(1).normal(size=2_000_000)
    simulated = np.mean(np.clip(z, *np.quantile(z, [0.1, 0.9])) ** 2)
    assert winsorised_expectation(0.1) == pytest.approx(simulated, abs=0.003)
    assert winsorised_expectation(1e-9) == pytest.approx(1, abs=1e-6)


def test_units_that_vary_by_chance_alone_have_a_corrected_phi_of_one():
    x, n = practices(np.random.default_rng(5), units=400)
    found = between_units(x, n, kind="proportion")
    assert found.phi == pytest.approx(0.679, abs=0.1)
    assert found.corrected == pytest.approx(1, abs=0.15)
    assert found.tau < 0.002


@pytest.mark.parametrize("kind", ["proportion", "ratio"])
def test_planted_variation_is_recovered_and_few_units_stay_outside(kind):
    rng = np.random.default_rng(6)
    x, n = practices(rng, units=400, tau=0.01)
    sizes, target = (n, x.sum() / n.sum()) if kind == "proportion" else (n * 0.07, 1)
    found = between_units(x, sizes, kind=kind)
    # On the square-root scale of a ratio, half of the relative deviation .01 / .07.
    assert found.tau == pytest.approx(0.01 if kind == "proportion" else 0.01 / 0.07 / 2, rel=0.2)
    outside = []
    for tau in (0, found.tau):
        limits = funnels.limits(sizes, target, kind=kind, tau=tau)
        outside.append(((x / sizes < limits["lower_998"]) | (x / sizes > limits["upper_998"])).mean())
    assert outside[0] > 0.3
    assert outside[1] < 0.015


def test_one_unit_far_from_the_others_is_named_and_no_other():
    x, n = practices(np.random.default_rng(7), units=40, tau=0.005)
    x[3] = round(0.14 * n[3])
    found = outliers(x, n, kind="proportion")
    assert found.index[found["named"]].tolist() == [3]
    row = found.loc[3]
    assert row["predicted"] == pytest.approx(0.07, abs=0.005)
    assert row["lower"] < row["predicted"] < row["upper"] < row["value"]


@pytest.mark.parametrize("kind", ["proportion", "ratio"])
def test_few_pages_name_a_unit_where_none_differs_or_all_vary_as_usual(kind):
    # 15 pages each; 2,000 are in benchmarks/statistical_methods.py. At most 7 and 10 in 100 are allowed.
    rng = np.random.default_rng(8)
    for tau in (0.0, 0.0087):
        pages = [practices(rng, units=20, tau=tau) for _ in range(15)]
        named = [outliers(x, n if kind == "proportion" else n * 0.07, kind=kind)["named"].any() for x, n in pages]
        assert np.mean(named) <= 0.2


def test_a_missing_count_has_no_answer_and_counts_for_no_other():
    x, n = practices(np.random.default_rng(9), units=20)
    gap = pd.concat([x, pd.Series([np.nan])], ignore_index=True), pd.concat([n, pd.Series([1e6])], ignore_index=True)
    whole, with_gap = outliers(x, n, kind="proportion"), outliers(*gap, kind="proportion")
    pd.testing.assert_frame_equal(with_gap.iloc[:-1], whole)
    assert with_gap.iloc[-1].drop("named").isna().all()


def test_none_is_named_where_too_few_units_say_what_is_usual():
    found = outliers(pd.Series([50] * 9 + [500]), pd.Series([50.0] * 10), kind="ratio")
    assert found["value"].notna().all()
    assert found[["predicted", "z", "p"]].isna().all(axis=None)
    assert not found["named"].any()
    with pytest.raises(InputError, match="9 units are too few to estimate usual variation"):
        overdispersion(pd.Series([1.0] * 9), pd.Series([0.1] * 9))


def test_units_without_any_event_are_no_fault():
    found = outliers(pd.Series([0] * 15), pd.Series([3.0] * 15), kind="rate")
    assert not found["named"].any()
