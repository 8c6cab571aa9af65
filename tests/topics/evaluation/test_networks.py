"""Limits that allow for differences between networks: hand-worked, error rates, no verdict, bad input."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from phm_utils.errors import InputError
from phm_utils.methods.counterfactual import Arm, error_without_effect, without_programme
from phm_utils.methods.effects import RateRatio, minimum_detectable_rate_ratio, ratio_to
from phm_utils.topics.evaluation.analysis import analyse
from phm_utils.topics.evaluation.networks import MIN_PEOPLE, Effect, networks_of

PEOPLE = 12  # of each network, ten or more


def alike(events: list[int], first: int) -> tuple[Arm, pd.Series]:
    """An arm of networks of PEOPLE people each, all alike, who had so many events each."""
    counts = np.repeat(np.array(events, float), PEOPLE)
    none, stratum, people = np.zeros((len(counts), 1)), np.zeros(len(counts), int), np.arange(len(counts)) + first
    return Arm(counts, np.ones(len(counts)), none, stratum, people), pd.Series(np.repeat(range(len(events)), PEOPLE))


def effect_of(treated: list[int], controls: list[int]) -> Effect:
    (first, of_first), (second, of_second) = alike(treated, 0), alike(controls, 10_000)
    found = without_programme(first, second, np.full(len(second), len(first) / len(second)))
    return networks_of(found, second, of_first, of_second).allow(ratio_to(found, first, second))


def test_the_variance_between_networks_matches_hand_working():
    # Six networks whose people had 8, 12, 8, 12, 8, 12 events each, 10 expected: differences of -.2 and .2.
    # Everybody is 2 off: dispersion 4 / 10, error squared .4 / (10 x 12) = 1/300. Paule-Mandel with equal errors: the
    # variance 6 x .04 / 5 = .048 less 1/300.
    found = effect_of([10, 10], [8, 12] * 3)
    assert found.networks.tau**2 == pytest.approx(0.048 - 1 / 300, rel=1e-6)
    # Two networks enrolled, six did not: variance x (1/2 + 1/6) and Student's t with 5 degrees, 2.570582.
    error = np.sqrt(found.people.log_se**2 + (0.048 - 1 / 300) * (1 / 2 + 1 / 6))
    assert found.networks.upper == pytest.approx(np.exp(2.570582 * error), rel=1e-5)
    assert (found.treated_networks, found.networks.controls) == (2, 6)
    assert not found.excludes_one


def test_five_control_networks_or_a_sixth_of_nine_people_give_no_verdict():
    found = effect_of([5, 5], [8, 12, 8, 12, 10])
    assert not found.networks.verdict
    assert np.isnan([found.judged.lower, found.judged.upper]).all()
    assert found.networks.overturning_tau > 0.3  # halved: only so large a difference could explain it
    (first, of_first), (second, of_second) = alike([5, 5], 0), alike([8, 12] * 3, 10_000)
    small = of_second.where(~((of_second == 5) & (of_second.groupby(of_second).cumcount() >= MIN_PEOPLE - 1)), 4)
    counterfactual = without_programme(first, second, np.full(len(second), 1 / 3))
    assert networks_of(counterfactual, second, of_first, small).variance is None
    assert networks_of(counterfactual, second, of_first, of_second).variance is not None


def test_a_network_whose_events_are_missing_is_refused():
    (first, of_first), (second, of_second) = alike([10, 10], 0), alike([8, 12] * 3, 10_000)
    counterfactual = without_programme(first, second, np.full(len(second), 1 / 3))
    second.events[0] = np.nan
    with pytest.raises(InputError):
        networks_of(counterfactual, second, of_first, of_second).allow(RateRatio(np.nan, 1, 1, 0.1, 1, 1))


def evaluations(runs: int, ratio: float, treated: int, controls: int, shock: float) -> Iterator[tuple[Effect, float]]:
    """Seeded evaluations of networks that differ by `shock`: the effect, and the least ratio that could be seen."""
    random = np.random.default_rng(11)

    def arm(networks: int, effect: float) -> tuple[Arm, pd.Series]:
        network = np.repeat(np.arange(networks), 60)
        x = random.normal(size=len(network))
        rate = (
            2
            * random.gamma(4, 0.25, len(network))
            * effect
            * np.exp(0.2 * x + random.normal(0, shock, networks)[network])
        )
        rows = x[:, None]
        return Arm(
            random.poisson(rate).astype(float), np.ones(len(x)), rows, np.zeros(len(x), int), np.arange(len(x))
        ), pd.Series(network)

    for _ in range(runs):
        (first, of_first), (second, of_second) = arm(treated, ratio), arm(controls, 1.0)
        found = without_programme(first, second, np.full(len(second), len(first) / len(second)))
        effect = networks_of(found, second, of_first, of_second).allow(ratio_to(found, first, second))
        yield effect, minimum_detectable_rate_ratio(error_without_effect(found, second))


def test_error_rates_with_a_tenth_between_networks():
    # 300 of each, so a share of .05 has a standard error of .013; benchmarks/evaluation.py has 2,000.
    nothing = list(evaluations(300, 1.0, 3, 12, 0.1))
    assert np.mean([effect.excludes_one for effect, _ in nothing]) <= 0.075
    assert np.mean([not effect.people.lower <= 1 <= effect.people.upper for effect, _ in nothing]) > 0.1
    assert np.mean([least < 0.63 for _, least in nothing]) <= 0.05  # withheld
    assert np.mean([effect.excludes_one for effect, _ in evaluations(200, 0.75, 3, 12, 0.1)]) >= 0.7


def test_with_three_control_networks_the_whole_evaluation_gives_an_estimate_and_no_verdict(drawn_panel, programme):
    panel = drawn_panel(1, 0.6)
    keep = panel.people["pcn_code"].isin(["U1", "U2", "U3", "U4"]).to_numpy()
    few = type(panel)(
        panel.people[keep].reset_index(drop=True), {k: v[keep] for k, v in panel.counts.items()}, panel.months
    )
    tables = analyse(few, programme.model_copy(update={"gates": programme.gates.model_copy(
        update={"min_effective_per_treated": 1.0})}), 280.0)  # fmt: skip
    head = tables["effect"].set_index("estimator").loc["doubly_robust"]
    assert head["reason"] == ""
    assert head[["lower", "upper", "tau"]].isna().all()
    assert head["people_lower"] < head["rate_ratio"] < head["people_upper"]
    assert (head["networks"], head["control_networks"]) == (1, 3)
    assert tables["return"].empty
