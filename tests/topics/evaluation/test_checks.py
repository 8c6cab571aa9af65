"""Checks of a shown effect, on values that can be followed by hand."""

import numpy as np
import pandas as pd
import pytest

from phm_utils.methods.effects import RateRatio
from phm_utils.topics.evaluation.checks import NETWORKS, checks_of
from phm_utils.topics.evaluation.networks import Effect, Networks


def effect(value: float, log_se: float, controls: int = 12, tau: float = 0.0) -> Effect:
    """An estimate from three networks against some of equal size, which differ by `tau`."""
    low, high = value * np.exp(-1.96 * log_se), value * np.exp(1.96 * log_se)
    variance = tau**2 if controls >= 6 else None
    people = pd.Series([100.0] * controls)
    networks = Networks(people.iloc[:3], people, variance)
    return networks.allow(RateRatio(value, low, high, log_se, 100, 100 / value))


def said(programme, name: str, result: Effect, negative: Effect | None = None) -> tuple[bool, str]:
    [check] = [c for c in checks_of(result, result, negative, programme) if c.name == name]
    return check.passed, check.sentence


@pytest.mark.parametrize(
    ("negative", "held"),
    [
        (effect(1.02, 0.06), True),
        (effect(0.85, 0.05), False),  # its limits exclude 1
        (effect(0.85, 0.05, tau=0.1), True),  # those that allow for differences between networks do not
        (effect(0.77, 0.20), True),  # far from 1 and uncertain: no alarm, but a large bias is possible
    ],
)
def test_a_negative_control_whose_limits_leave_out_1_is_a_warning(programme, negative, held):
    assert said(programme, "Negative control", effect(0.6, 0.1), negative)[0] is held


def test_a_negative_control_says_with_what_bias_it_is_compatible(programme):
    # t(11) = 2.201: limits of .77 are .77 x exp(-+2.201 x .2) = .496 and 1.196; 1 / .496 = 2.02 > 1 / .6.
    passed, words = said(programme, "Negative control", effect(0.6, 0.1), effect(0.77, 0.2))
    assert passed
    assert "(0.50 to 1.20): compatible with a bias of up to a factor of 2.02, which could explain the whole" in words
    assert "A bias of 0.85 would be seen with 12% power." in words
    words = said(programme, "Negative control", effect(0.6, 0.1), effect(1.0, 0.05))[1]
    assert "up to a factor of 1.12. A bias of 0.85 would be seen with 84% power." in words


def test_the_e_value_of_a_ratio_below_1_goes_the_other_way_on_attendance(programme):
    # 1 / 0.8 = 1.25; 1.25 + sqrt(1.25 x 0.25) = 1.81
    below, above = (said(programme, "E-value", effect(ratio, 0.02))[1] for ratio in (0.8, 1.25))
    assert "more common among those enrolled and lowers attendance, or less common and raises it" in below
    assert "more common among those enrolled and raises attendance, or less common and lowers it" in above
    assert all("each by a ratio of 1.81" in words for words in (below, above))


def test_the_difference_between_networks_that_would_overturn_a_result_is_said(programme):
    # ((ln .6 / 2.201)^2 - .1^2) / (1/3 + 1/12) = .1053, root .324
    passed, words = said(programme, NETWORKS, effect(0.6, 0.1, tau=0.09))
    assert passed
    assert (
        "differ from one another by 9% (standard deviation) beyond chance; a difference of 32% would overturn" in words
    )


def test_with_five_control_networks_there_is_no_verdict_and_nothing_that_needs_one(programme):
    result = effect(0.6, 0.1, controls=5)
    passed, words = said(programme, NETWORKS, result)
    assert not passed
    assert "5 networks without the programme have 10 controls or more; 6 are needed" in words
    names = {check.name for check in checks_of(result, result, effect(0.5, 0.01, controls=5), programme)}
    assert names == {NETWORKS, "Two estimators agree"}


def test_estimators_that_differ_by_more_than_a_tenth_are_a_warning(programme):
    def agree(other: float) -> bool:
        checks = checks_of(effect(0.6, 0.1), effect(other, 0.1), None, programme)
        return next(c.passed for c in checks if c.name == "Two estimators agree")

    assert agree(0.65)
    assert not agree(0.68)
