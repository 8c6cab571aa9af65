"""Fits the weights of a mixture of steady and rising people by EM; its grid and level are given."""

from dataclasses import replace

import numpy as np

from phm_utils.methods.rising_mixture import START_RISING, Mixture, Prior, log_prior, with_share
from phm_utils.methods.rising_moves import RATIOS, TINY, Likelihoods
from phm_utils.methods.rising_rows import Rows

ROUNDS, RATE_STEPS, MOVE_STEPS = 4, 8, 12  # of EM; in a round first rates, then moves
SETTLED = 1e-6  # a step of shares that is not worth another
ENOUGH = 1e-2  # log-likelihood: a round that gains less is the last
NEWTON_STEPS = 12
MOST_RISING = 0.5  # a share: were it more, steady people would be called rising


def climb(
    mixture: Mixture, rows: Rows, *, rounds: int = ROUNDS, rising: float | None = None, single: bool = False
) -> Mixture:
    """The mixture after EM on its weights; grid and level stay.

    rising: the share of people who are rising, where it is given and not estimated. single: do all who rise rise by
        the same ratio, that of greatest likelihood?

    >>> from phm_utils.methods.rising_mixture import start
    >>> rows = Rows(*(np.array(c) for c in ([4.0, 4], [4.0, 40], [0.0, 0], [0.0, 0], [99.0, 1])))  # one in a hundred
    >>> climb(start(rows, 0.0), rows, rounds=20, single=True).shares.round(3).tolist()
    [0.99, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.01]
    """
    cells, people = Likelihoods(rows, mixture), rows.people
    if rising is not None:
        mixture = replace(mixture, shares=with_share(mixture.shares, rising))
    found, last = replace(mixture, log_likelihood=-np.inf), -np.inf
    ratios = np.arange(len(RATIOS))
    for _ in range(rounds):
        found = _rates(found, cells, people)
        if single and found.passing is None and not found.differ:
            mixed, shares = _one_ratio(cells.by_move(found.weight, ratios), people, ratios)
            ratios = np.flatnonzero(shares)  # a ratio once chosen stays
        else:
            by_move = found.by_move(cells)
            shares = _move_shares(found.shares, by_move, people, mixture.prior, rising)
            mixed = by_move @ shares
        likelihood = float(people @ (np.log(mixed) + cells.log_scale))
        found = replace(found, shares=shares, log_likelihood=likelihood)
        if found.objective - last < ENOUGH:
            break
        last = found.objective
    return found


def _rates(mixture: Mixture, cells: Likelihoods, people: np.ndarray) -> Mixture:
    """Weights of rates and dispersions after steps of EM, what rates do given."""
    there = cells.by_pair(mixture.shares, mixture.there)
    weight, passing = mixture.weight, mixture.passing
    if passing is None:
        for _ in range(RATE_STEPS):
            weight = weight * ((people / np.maximum(there @ weight, TINY)) @ there)
            weight = weight / weight.sum()
        return replace(mixture, weight=weight)
    others = cells.by_pair(mixture.shares, slice(mixture.there.stop, None))
    for _ in range(RATE_STEPS):
        each = people / np.maximum(there @ weight + others @ passing, TINY)
        weight, passing = weight * (each @ there), passing * (each @ others)
        weight, passing = weight / weight.sum(), passing / passing.sum()
    return replace(mixture, weight=weight, passing=passing)


def _one_ratio(by_move: np.ndarray, people: np.ndarray, ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows' likelihoods and shares of RATIOS, where all risers have one: that of greatest likelihood.

    by_move: likelihoods of `ratios`, numbers of RATIOS, the steady ones first. By Newton's method.
    """
    steady, gain = by_move[:, :1], by_move[:, 1:] - by_move[:, :1]
    share = np.full(gain.shape[1], START_RISING)
    for _ in range(NEWTON_STEPS):
        slope = gain / (steady + share * gain)
        step = (people @ slope) / np.maximum(people @ slope**2, TINY)
        share = np.clip(share + step, share / 10, np.minimum((1 + share) / 2, MOST_RISING))
        if np.abs(step).max() < SETTLED:
            break
    mixed = steady + share * gain
    place = int(np.argmax(people @ np.log(mixed)))
    shares = np.zeros(len(RATIOS))
    shares[0], shares[ratios[place + 1]] = 1 - share[place], share[place]
    return mixed[:, place], shares


def shares_of(by_move: np.ndarray, people: np.ndarray, *, single: bool) -> np.ndarray:
    """Shares of RATIOS of greatest likelihood. single: do all who rise rise by the same ratio?

    >>> by_move = np.column_stack([[1.0, 0.1]] + [[0.1, 1.0 - n / 10] for n in range(7)])
    >>> shares_of(by_move, np.array([9, 1]), single=True).round(2).tolist()[:3]
    [0.99, 0.01, 0.0]
    """
    if single:
        return _one_ratio(by_move, people, np.arange(len(RATIOS)))[1]
    shares = with_share(np.ones(len(RATIOS)), START_RISING)
    for _ in range(MOVE_STEPS):
        shares = _move_shares(shares, by_move, people)
    return shares


def _move_shares(
    shares: np.ndarray, by_move: np.ndarray, people: np.ndarray, prior: Prior | None = None,
    rising: float | None = None,
) -> np.ndarray:  # fmt: skip
    """Shares of moves, given what the rates say of each row: EM, its steps extrapolated where that gains.

    Source: Varadhan and Roland 2008, doi:10.1111/j.1467-9469.2007.00585.x (SQUAREM).
    """

    def next_of(here: np.ndarray) -> tuple[np.ndarray, float]:
        """The shares after a step of EM, and the log-likelihood before it."""
        mixed = by_move @ here
        found = here * ((people / mixed) @ by_move) / people.sum()
        likelihood = float(people @ np.log(mixed))
        if prior is not None:
            likelihood += prior.people * log_prior(here, prior.rises)
            there = found[: len(RATIOS)].sum()
            worth = prior.people / people.sum()
            found[: len(RATIOS)] = there * (found[: len(RATIOS)] + worth * prior.rises) / (there + worth)
        return (found if rising is None else with_share(found, rising)), likelihood

    for _ in range(MOVE_STEPS):
        once, _ = next_of(shares)
        twice, before = next_of(once)
        step, turn = once - shares, twice - 2 * once + shares
        if np.abs(step).max() < SETTLED:
            break
        times = max(float(np.linalg.norm(step)) / max(float(np.linalg.norm(turn)), TINY), 1.0)
        far = np.maximum(shares + 2 * times * step + times**2 * turn, shares / 20)
        far = far / far.sum() if rising is None else with_share(far / far.sum(), rising)
        further, there = next_of(far)
        shares = further if there > before else twice
    return shares
