"""The slope across practices: exact lines, limits from their scatter, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from phm_utils.errors import InputError
from phm_utils.methods.area_gradients import line_limits
from phm_utils.methods.gradients import BACK, midranks


@settings(max_examples=30)
@given(st.lists(st.floats(1, 100), min_size=5, max_size=5))
def test_a_perfect_line_has_no_scatter_and_any_other_has_limits_around_it(population):
    _, rank = midranks(pd.Series(population))
    fit = line_limits(pd.DataFrame({"population": population, "value": 2 + 3 * rank}))
    assert [fit["intercept"], fit["sii"], fit["lower"], fit["upper"]] == pytest.approx([2, 3, 3, 3], abs=1e-6)
    loose = line_limits(pd.DataFrame({"population": population, "value": [1, 4, 2, 5, 3]}))
    assert loose["lower"] < loose["sii"] < loose["upper"]


@pytest.mark.parametrize(("scale", "ends"), [("linear", [2, 5]), ("log", [0.3, 0.02]), ("logit", [0.1, 0.4])])
def test_a_perfect_line_on_any_scale_is_read_at_its_ends(scale, ends):
    population = pd.Series([300, 200, 100, 500, 250, 400])
    _, rank = midranks(population)
    line = {"linear": np.array(ends), "log": np.log(ends), "logit": special.logit(ends)}[scale]
    value = BACK[scale](line[0] + (line[1] - line[0]) * rank)
    fit = line_limits(pd.DataFrame({"population": population, "value": value}), scale=scale)
    expected = [ends[0], ends[1] - ends[0], ends[1] / ends[0]]
    assert [fit[name] for name in ("intercept", "sii", "rii")] == pytest.approx(expected)
    assert [fit[name] for name in ("rii_lower", "rii_upper")] == pytest.approx([expected[2]] * 2, rel=1e-6)


def test_a_practice_with_nobody_on_the_register_is_no_fault():
    practices = pd.DataFrame({"population": 1_000, "value": [0.06, 0.04, 0.03, 0.01, 0.0]})
    fit = line_limits(practices, scale="logit")
    assert 0 < fit["rii_lower"] < fit["rii"] < fit["rii_upper"] < np.inf
    straight = line_limits(practices)
    assert straight["intercept"] + straight["sii"] < 0
    assert np.isnan(straight["rii"])


def test_limits_cover_the_slope_of_practices_that_vary_by_more_than_chance():
    # 200 sets of 80 practices, standard deviation .3 on the logit scale; see benchmarks/statistical_methods.py.
    rng = np.random.default_rng(2)
    people = pd.Series(rng.integers(3_000, 15_000, 80))
    _, rank = midranks(people)
    usual = np.linspace(-4, 4, 401) * 0.3
    weight = np.exp(-((usual / 0.3) ** 2) / 2)
    ends = [np.average(special.expit(-3 + 0.7 * end + usual), weights=weight) for end in (0, 1)]
    hits = []
    for _ in range(200):
        share = special.expit(-3 + 0.7 * rank + rng.normal(0, 0.3, 80))
        fit = line_limits(
            pd.DataFrame({"population": people, "value": rng.binomial(people, share) / people}), scale="logit"
        )
        hits.append(fit["lower"] < ends[1] - ends[0] < fit["upper"])
    assert np.mean(hits) == pytest.approx(0.95, abs=0.04)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([1, 2], {}, "too few for a line"),
        ([0.1, 0.2, None, 0.3, 0.4], {}, "1 of 5 areas have no population, or a value that is missing"),
        ([0.1, 0.2, 1.2, 0.3, 0.4], {"scale": "logit"}, "outside 0 to 1"),
        ([0] * 5, {"scale": "logit"}, "no line to fit"),
        ([0.1] * 5, {"scale": "cubic"}, "scale is 'cubic'"),
        ([0.1] * 5, {"confidence": 95}, "confidence is 95"),
    ],
)
def test_areas_without_a_line_are_refused(values, options, message):
    with pytest.raises(InputError, match=message):
        line_limits(pd.DataFrame({"population": 100, "value": values}), **options)
