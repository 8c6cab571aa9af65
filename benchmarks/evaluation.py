"""CPU seconds of one effect, and error rates of evaluations where networks differ by 10%, with the real estimator.

python benchmarks/evaluation.py [--runs 2000] [speed errors control]

speed: 500 treated against 300,000 control rows, weights, both estimators and errors, 60 control networks.
errors, control: people of networks are drawn, those enrolled are chosen by their history, and each run weights, models
    and judges as the workbook does; see `drawn`. Set OPENBLAS_NUM_THREADS=1: matrices so small gain nothing by threads.
"""

import argparse
import time

import numpy as np
import pandas as pd

from phm_utils.methods.counterfactual import Arm, error_without_effect, without_programme
from phm_utils.methods.effects import (
    doubly_robust_rate_ratio,
    minimum_detectable_rate_ratio,
    ratio_to,
    weighted_rate_ratio,
)
from phm_utils.methods.weighting import entropy_balance
from phm_utils.topics.evaluation.networks import networks_of

TREATED, CONTROLS, MONTHS, COUNTS, OTHERS = 500, 300_000, 24, 8, 10
SHOCK = 0.1  # between networks, standard deviation of the logarithm of a rate
STRONGEST = 0.63  # the strongest effect that is plausible: were it not seen with 80% power, the effect is withheld
CONFOUNDING = 0.85
Rows = tuple[Arm, pd.Series]


def arm(random: np.random.Generator, rows: int, shift: float, people: int) -> Arm:
    """Rows whose covariates lie `shift` apart from those of the other arm."""
    counts = random.poisson(1 + shift, (rows, COUNTS)).astype(float)
    others = random.normal(shift, 1, (rows, OTHERS))
    model = np.hstack([np.log1p(counts), others])
    rate = np.exp(-1 + 0.1 * counts[:, 0] + 0.1 * others[:, 0])
    exposure = random.uniform(1, 6, rows)
    return Arm(
        random.poisson(rate * exposure).astype(float),
        exposure,
        np.hstack([counts, model]),
        random.integers(0, MONTHS, rows),
        random.integers(0, people, rows),
        model,
    )


def speed(runs: int) -> None:
    """CPU seconds of each step."""
    random = np.random.default_rng(1)
    treated, controls = arm(random, TREATED, 0.3, TREATED), arm(random, CONTROLS, 0.0, 30_000)
    steps = {}
    started = time.process_time()
    weights = entropy_balance(
        controls.covariates, treated.covariates, control_stratum=controls.stratum, treated_stratum=treated.stratum
    )
    steps["entropy balance"] = time.process_time() - started
    for name, estimate in (("weighted", weighted_rate_ratio), ("doubly robust", doubly_robust_rate_ratio)):
        started = time.process_time()
        result = estimate(treated, controls, weights)
        steps[name] = time.process_time() - started
    found = without_programme(treated, controls, weights)
    started = time.process_time()
    network = pd.Series(controls.person % 60)
    networks_of(found, controls, pd.Series(treated.person % 5), network).allow(result)
    steps["networks"] = time.process_time() - started
    for name, seconds in steps.items():
        print(f"{name:16} {seconds:5.2f} CPU s")
    print(f"{'together':16} {sum(steps.values()):5.2f} CPU s")


def drawn(random: np.random.Generator, networks: int, ratio: float, *, enrolled: bool, rate: float) -> Rows:
    """Frequent attenders of some networks: 60 eligible of each, or some 40 enrolled, chosen by their history.

    Rates differ between people (gamma), by two covariates of which one is shared within a network in part, and by a
    shock of the network. rate: events of six months, on average. ratio: of whoever is enrolled.
    """
    network = np.repeat(np.arange(networks), 120 if enrolled else 60)
    frailty = random.gamma(4, 0.25, len(network))
    history = random.poisson(5 * frailty)
    if enrolled:
        chosen = random.random(len(network)) < np.clip(history / 15, 0, 1)
        network, frailty, history = network[chosen], frailty[chosen], history[chosen]
    shared = random.normal(0, np.sqrt(0.2), networks)[network] + random.normal(0, np.sqrt(0.8), len(network))
    model = np.column_stack([np.log1p(history), random.normal(size=len(network)), shared])
    shock = random.normal(0, SHOCK, networks)[network]
    events = random.poisson(rate * frailty * np.exp(0.1 * model[:, 1] + 0.1 * shared + shock) * ratio)
    covariates = np.column_stack([history, model])
    stratum, person = random.integers(0, 6, len(network)), np.arange(len(network)) + 1_000_000 * enrolled
    one = Arm(events.astype(float), np.full(len(network), 6.0), covariates, stratum, person, model)
    return one, pd.Series(network)


def evaluated(random: np.random.Generator, treated: int, controls: int, ratio: float, rate: float) -> tuple[bool, ...]:
    """One evaluation: found by limits of people alone, found with networks allowed for, and withheld by its power."""
    (first, of_first), (second, of_second) = (
        drawn(random, treated, ratio, enrolled=True, rate=rate), drawn(random, controls, 1.0, enrolled=False, rate=rate)
    )  # fmt: skip
    weights = entropy_balance(
        second.covariates, first.covariates, control_stratum=second.stratum, treated_stratum=first.stratum
    )
    found = without_programme(first, second, weights)
    effect = networks_of(found, second, of_first, of_second).allow(ratio_to(found, first, second))
    withheld = minimum_detectable_rate_ratio(error_without_effect(found, second)) < STRONGEST
    return not effect.people.lower <= 1 <= effect.people.upper, effect.excludes_one, withheld


def rates_of(runs: int, cases: list[tuple[int, int, float]], rate: float, kept: int) -> None:
    """Shares of runs in which an effect was found, by numbers of networks and ratio. kept: how many shares to print."""
    names = ("people alone", "networks allowed for", "withheld")[:kept]
    print("  ".join(f"{name:>8}" for name in ("enrolled", "controls", "ratio", *names)))
    for place, (treated, controls, ratio) in enumerate(cases):
        random = np.random.default_rng([20_261_128, place])
        shares = np.mean([evaluated(random, treated, controls, ratio, rate) for _ in range(runs)], axis=0)[:kept]
        shown = "  ".join(f"{share:{max(len(name), 8)}.3f}" for name, share in zip(names, shares, strict=True))
        print(f"{treated:8}  {controls:8}  {ratio:8.2f}  {shown}", flush=True)


def errors(runs: int) -> None:
    """False positives and power: some two attendances each in six months."""
    cases = [(1, 6, 1.0), (3, 6, 1.0), (1, 14, 1.0), (3, 12, 1.0), (3, 12, 0.75)]
    rates_of(runs, cases, rate=2.1, kept=3)


def control(runs: int) -> None:
    """Alarms of a negative control, half as frequent as attendances: without confounding, and with one of .85."""
    cases = [(1, 6, 1.0), (3, 6, 1.0), (3, 12, 1.0), (3, 6, CONFOUNDING), (3, 12, CONFOUNDING), (5, 30, CONFOUNDING)]
    rates_of(runs, cases, rate=1.0, kept=2)


PARTS = {"speed": speed, "errors": errors, "control": control}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=list(PARTS), choices=[*PARTS, []], help="by default all")
    parser.add_argument("--runs", type=int, default=2_000)
    asked = parser.parse_args()
    for name in asked.parts or PARTS:
        print(f"\n{name}: {PARTS[name].__doc__}")
        PARTS[name](asked.runs)


if __name__ == "__main__":
    main()
