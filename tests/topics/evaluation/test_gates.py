"""Gates and checks one by one, on values that can be followed by hand."""

import numpy as np
import pandas as pd
import pytest

from phm_utils.methods.effects import RateRatio
from phm_utils.topics.evaluation import gates
from phm_utils.topics.evaluation.trials import Trials


def ratio(value: float, log_se: float) -> RateRatio:
    low, high = value * np.exp(-1.96 * log_se), value * np.exp(1.96 * log_se)
    return RateRatio(value, low, high, log_se, 100, 100 / value)


def trials(treated: list[tuple[int, int]], controls: list[tuple[int, int]]) -> Trials:
    """Trials of which only the month and the count that makes eligible matter."""
    rows = pd.DataFrame(treated + controls, columns=["month", "rule_count"])
    rows["treated"] = np.arange(len(rows)) < len(treated)
    return Trials(rows, pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), ())


def test_overlap_asks_for_ten_controls_of_the_same_month_within_a_quarter():
    pool = [(24, 8)] * 9 + [(24, 10)] + [(25, 8)] * 9
    # 8 +- 2 takes 6 to 10: ten controls in month 24, nine in 25. 40 is near nobody.
    assert gates.overlap(trials([(24, 8)], pool)) == 1
    assert gates.overlap(trials([(25, 8)], pool)) == 0
    assert gates.overlap(trials([(24, 40)], pool)) == 0


def test_overlap_is_given_in_twentieths_so_that_one_person_does_not_show():
    pool = [(24, 8)] * 10
    assert gates.overlap(trials([(24, 8)] * 98 + [(24, 40)] * 2, pool)) == 0.95


def test_power_gate_by_hand(programme):
    # exp(-2.8016 x 0.16) = 0.639 lies above 0.63, exp(-2.8016 x 0.17) = 0.621 below.
    assert gates.power_gate(ratio(1, 0.16), programme).passed
    assert not gates.power_gate(ratio(1, 0.17), programme).passed


@pytest.mark.parametrize(
    ("negative", "held"),
    [
        (ratio(1.02, 0.06), True),
        (ratio(0.85, 0.05), False),  # its limits exclude 1
        (ratio(0.77, 0.20), False),  # more than half as far as the outcome, though uncertain
        (ratio(1.25, 0.20), True),  # the other way
    ],
)
def test_a_negative_control_that_moves_is_a_warning(programme, negative, held):
    result = ratio(0.6, 0.1)
    [check] = [c for c in gates.checks_of(result, result, negative, programme) if c.name == "Negative control"]
    assert check.passed is held


def test_estimators_that_differ_by_more_than_a_tenth_are_a_warning(programme):
    def agree(other: float) -> bool:
        checks = gates.checks_of(ratio(0.6, 0.1), ratio(other, 0.1), None, programme)
        return next(c.passed for c in checks if c.name == "Two estimators agree")

    assert agree(0.65)
    assert not agree(0.68)
