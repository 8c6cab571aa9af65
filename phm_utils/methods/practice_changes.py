"""How much each practice's contacts changed from one year to the next, recording included.

Given a person's total of both years, the later count says nothing of how often the person comes, only of the change:
practices may differ in use as they like. People count by what they say of it: one with many contacts for not
much more than one with a few, since a person's own rate varies from year to year.
"""

import numpy as np
from scipy import special

SPREAD = 0.5  # of practices' changes on the logarithm: draws those of a handful of people to everybody's
MOST_STEADY = 200.0  # k above which a rate is as good as constant
NODES, STEPS = 40, 12


def later_share(log_ratio: np.ndarray, k: float) -> np.ndarray:
    """The share of a steady person's contacts that is expected in the later year.

    log_ratio: logarithm of later over earlier exposure, change included. k: steadiness; the person's rates of both
        years are gamma-distributed with variance 1/k of their mean, so their share is beta(k, k) about the ratio.

    >>> later_share(np.array([0.0, np.log(2)]), k=5).round(3).tolist()
    [0.5, 0.653]
    """
    times = np.exp(np.asarray(log_ratio, float))
    if k > MOST_STEADY:
        return times / (1 + times)
    node, weight = special.roots_jacobi(NODES, k - 1, k - 1)
    share = (1 + node) / 2
    part = times[..., None] * share / (1 - share + times[..., None] * share)
    return part @ (weight / weight.sum())


def practice_changes(
    earlier: np.ndarray, later: np.ndarray, log_ratio: np.ndarray, practice: np.ndarray, k: float
) -> np.ndarray:
    """The logarithm of each practice's change, in the order of their numbers.

    earlier, later: contacts of each person. log_ratio: logarithm of later over earlier exposure. practice: number
        of the person's practice, from 0. k: how steady people are. Risers raise every practice's change alike;
        whoever uses it estimates what is left for everybody together.

    >>> later, practice = np.repeat([5, 10], 200), np.repeat([0, 1], 200)
    >>> changes = practice_changes(np.full(400, 5), later, np.zeros(400), practice, np.inf)
    >>> np.exp(changes).round(1).tolist()
    [1.0, 2.0]
    """
    total = earlier + later
    worth = 1 / (1 + np.maximum(total - 1, 0) / (2 * min(k, MOST_STEADY) + 1))
    grid = np.linspace(-6, 6, 481)
    curve = later_share(grid, k)
    units = int(practice.max()) + 1

    def solved(group: np.ndarray, groups: int, about: np.ndarray, hold: float) -> np.ndarray:
        change = about.copy()
        for _ in range(STEPS):
            share = np.interp(log_ratio + change[group], grid, curve)
            score = np.bincount(group, worth * (later - total * share), groups) - hold * (change - about)
            slope = np.bincount(group, worth * total * share * (1 - share), groups) + hold
            change = change + np.clip(score / np.maximum(slope, 1e-9), -1, 1)
        return change

    whole = solved(np.zeros(len(total), int), 1, np.zeros(1), 0.0)
    return solved(practice, units, np.full(units, whole[0]), SPREAD**-2)
