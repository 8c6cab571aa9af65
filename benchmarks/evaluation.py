"""CPU seconds of one effect: 500 treated against 300,000 control rows, weights, both estimators and errors.

python benchmarks/evaluation.py
"""

import time

import numpy as np

from phm_utils.methods.effects import Arm, doubly_robust_rate_ratio, weighted_rate_ratio
from phm_utils.methods.weighting import entropy_balance

TREATED, CONTROLS, MONTHS, COUNTS, OTHERS = 500, 300_000, 24, 8, 10


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


def main() -> None:
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
        estimate(treated, controls, weights)
        steps[name] = time.process_time() - started
    for name, seconds in steps.items():
        print(f"{name:16} {seconds:5.2f} CPU s")
    print(f"{'together':16} {sum(steps.values()):5.2f} CPU s")


if __name__ == "__main__":
    main()
