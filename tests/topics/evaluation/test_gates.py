"""Gates one by one, on values that can be followed by hand."""

import numpy as np
import pandas as pd

from phm_utils.topics.evaluation import gates
from phm_utils.topics.evaluation.trials import Trials


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
    assert gates.power_gate(0.16, programme).passed
    assert not gates.power_gate(0.17, programme).passed


def test_groups_that_differ_in_nothing_are_said_to_and_no_covariate_is_named():
    assert (
        gates.unlike(pd.Series([0.1, -0.1]))
        == "they differ by more than 0.1 standard deviations in none of 2 covariates"
    )
    found = gates.impossible_balance(pd.DataFrame({"covariate": ["age", "smi"], "smd_before": [0.2, -0.9]}))
    assert "in 2 of 2 covariates, by 0.90 at most" in found.sentence
    assert "smi" not in found.sentence
