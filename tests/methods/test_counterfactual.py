"""What the treated would have had, and the error of an evaluation without an effect: from the controls alone."""

from dataclasses import replace

import numpy as np
import pytest

from phm_utils.errors import InputError
from phm_utils.methods.counterfactual import Arm, error_without_effect, without_programme
from phm_utils.methods.effects import ratio_to

NONE = np.zeros((4, 1))


def arm(events: list[float], first: int) -> Arm:
    """Four people of one stratum, a month each, alike in their covariate."""
    return Arm(np.array(events, float), np.ones(4), NONE, np.zeros(4, int), np.arange(first, first + 4))


TREATED, CONTROLS, EQUAL = arm([1, 0, 2, 1], 0), arm([2, 1, 2, 3], 4), np.ones(4)


def test_error_without_an_effect_matches_hand_working():
    # The model expects 2 of each. Residuals 0, -1, 0, 1: squares sum to 2, over 8 squared: 1/32 for the treated; the
    # same by person x 4/3 for the controls: 1/24. Root of 1/32 + 1/24 = .2700.
    found = without_programme(TREATED, CONTROLS, EQUAL)
    assert found.expected == pytest.approx(8)
    assert error_without_effect(found, CONTROLS) == pytest.approx(np.sqrt(1 / 32 + 1 / 24), rel=1e-6)


def test_it_does_not_look_at_what_the_treated_had():
    unseen = replace(TREATED, events=np.full(4, np.nan))
    found = without_programme(unseen, CONTROLS, EQUAL)
    assert error_without_effect(found, CONTROLS) == pytest.approx(0.27, abs=0.001)
    assert found.treated.tolist() == pytest.approx([2, 2, 2, 2])


def test_it_is_near_the_error_of_the_ratio_where_there_is_no_effect():
    random = np.random.default_rng(1)

    def many(people: int, first: int) -> Arm:
        x = random.normal(size=(people, 1))
        events = random.poisson(random.gamma(4, 0.25, people) * np.exp(1 + 0.3 * x[:, 0])).astype(float)
        return Arm(events, np.ones(people), x, np.zeros(people, int), np.arange(first, first + people))

    treated, controls = many(400, 0), many(4_000, 1_000)
    found = without_programme(treated, controls, np.full(4_000, 0.1))
    error = ratio_to(found, treated, controls).log_se
    assert error_without_effect(found, controls) == pytest.approx(error, rel=0.1)


def test_weights_under_which_nothing_is_expected_are_refused():
    # The model expects 1 of each, 4 in all; those with all the weight fell short of it by 4.
    controls = arm([4, 0, 0, 0], 4)
    with pytest.raises(InputError, match="too unlike to compare"):
        without_programme(TREATED, controls, np.array([0, 4 / 3, 4 / 3, 4 / 3]))
