"""Fits the mixture of steady and rising people, and says what it makes of each person."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from phm_utils.methods.rising_mixture import (
    RATIOS,
    RISERS,
    TURNS,
    Likelihoods,
    Mixture,
    Prior,
    climb,
    nudged,
    shares_of,
    start,
    with_share,
)
from phm_utils.methods.rising_rows import Rows

STEADIER, LESS_STEADY = (0.0, 1 / 6, 0.4), (2.5, 6.0, 15.0)  # times the usual dispersion, where people differ in it
OTHERS = 0.02  # of people with each, to begin with; and who turn
FLAT = 0.02  # dispersion below which a grid of multiples would be one of nothing
NOBODY = 1e-8  # a weight below it is dropped
START_ROOT, ROOT_REACH, LEVEL_REACH = 0.15, 0.2, 0.02  # where the search begins, and its first steps
MOST_TRIED = 60
AGAIN = 0.3  # of the first steps, when the search begins again from what it found
LONGER = 6  # times the rounds of EM, at the end of a search
HOPEFUL = 2.0  # log-likelihood that further ratios must gain before dispersion and level are searched again
CHUNK = 2_000  # rows judged at a time, for memory


def fit(rows: Rows, prior: Prior | None = None, *, tried: int = MOST_TRIED) -> Mixture:
    """The simplest mixture that explains people's counts.

    First one dispersion and one ratio; then any ratios, and at last several dispersions and people who turn. Each must
    gain the logarithm of the number of people: the Bayesian information criterion of two parameters.
    prior: then any of its ratios from the start. tried: pairs of dispersion and level, at most.

    >>> rows = Rows(*(np.array(c) for c in ([4.0, 4], [4.0, 40], [0.0, 0], [0.0, 0], [99.0, 1])))  # one in a hundred
    >>> round(fit(rows).rising, 2)
    0.01
    """
    needed = np.log(rows.people.sum())
    found = _searched(start(rows, START_ROOT, prior), rows, tried, single=prior is None)
    if prior is None:
        free = climb(nudged(found), rows, rounds=LONGER)
        if free.log_likelihood - found.log_likelihood > HOPEFUL:
            free = _searched(free, rows, tried // 2, single=False, reach=AGAIN)
            found = free if free.log_likelihood - found.log_likelihood > needed else found
    several = climb(_several(found), rows, rounds=LONGER)
    if several.log_likelihood > found.log_likelihood:
        several = climb(several, rows, rounds=LONGER * LONGER)
    return several if several.log_likelihood - found.log_likelihood > needed else found


def fit_together(parts: list[Rows]) -> list[Mixture]:
    """The mixture of each part of the people: alone, and then with what all parts together say of ratios.

    >>> rows = Rows(*(np.array(c) for c in ([4.0, 4], [4.0, 40], [0.0, 0], [0.0, 0], [99.0, 1])))
    >>> [round(mixture.rising, 2) for mixture in fit_together([rows, rows])]
    [0.01, 0.01]
    """
    alone = [fit(rows) for rows in parts]
    if len(parts) == 1:
        return alone
    rises = _common(alone, parts)
    return [fit(rows, Prior(rises)) for rows in parts]


def _common(alone: list[Mixture], parts: list[Rows]) -> np.ndarray:
    """Shares of the ratios in all parts together, what each says of rates given: one ratio if that explains them."""
    moves = [Likelihoods(r, m).up(m.weight) for m, r in zip(alone, parts, strict=True)]
    by_move, people = np.vstack(moves), np.concatenate([rows.people for rows in parts])
    single, free = (shares_of(by_move, people, single=single) for single in (True, False))
    gain = people @ np.log((by_move @ free) / (by_move @ single))
    return free if gain > np.log(people.sum()) else single


def _searched(begun: Mixture, rows: Rows, tried: int, *, single: bool, reach: float = 1.0) -> Mixture:
    """Dispersion and level by the simplex method; each point begins with the rates and ratios of the one before."""
    latest = best = replace(begun, log_likelihood=-np.inf)

    def lost(point: np.ndarray) -> float:
        nonlocal latest, best
        dispersion = np.full(len(latest.rate), point[0] ** 2)
        placed = replace(nudged(latest), dispersion=dispersion, level=float(point[1]))
        latest = climb(placed, rows, single=single).pruned(NOBODY)
        best = latest if latest.objective > best.objective else best
        return -latest.objective

    root, level = float(np.sqrt(begun.usual_dispersion)), begun.level
    for size in (reach, reach * AGAIN):
        simplex = [[root, level], [root + size * ROOT_REACH, level], [root, level + size * LEVEL_REACH]]
        options = {"initial_simplex": simplex, "xatol": 0.002, "fatol": 0.05, "maxfev": tried // 2}
        optimize.minimize(lost, [root, level], method="Nelder-Mead", options=options)
        root, level = float(np.sqrt(best.dispersion[0])), best.level
    return climb(best, rows, rounds=LONGER, single=single)


def _several(one: Mixture) -> Mixture:
    """A mixture over several dispersions, and people who turn, that begins near one of a single dispersion."""
    usual = max(one.usual_dispersion, FLAT)
    dispersions = [usual * times for times in (*STEADIER, 1.0, *LESS_STEADY)]
    share = [OTHERS if d != usual else 1 - OTHERS * (len(dispersions) - 1) for d in dispersions]
    turning = np.full(len(RATIOS) - 1, OTHERS / (len(RATIOS) - 1))
    return replace(
        one,
        rate=np.tile(one.rate, len(dispersions)),
        dispersion=np.repeat(dispersions, len(one.rate)),
        weight=np.outer(share, one.weight).ravel(),
        rises=np.r_[nudged(one).rises * (1 - OTHERS), turning],
        differ=True,
    )


@dataclass(frozen=True)
class Judged:
    """What a mixture says of rows.

    steady, risen: likelihoods of either, up to a factor of the row. posterior: chance of rising. expected: contacts
    of a next whole year, recorded as the earlier one was, were every rise to last.
    """

    steady: np.ndarray
    risen: np.ndarray
    posterior: np.ndarray
    expected: np.ndarray


def judge(mixture: Mixture, rows: Rows) -> Judged:
    """Each row's likelihoods, posterior and expected contacts.

    >>> rows = Rows(*(np.array(c) for c in ([4.0, 4], [4.0, 40], [0.0, 0], [0.0, 0], [99.0, 1])))
    >>> judge(fit(rows), rows).posterior.round(2).tolist()
    [0.0, 1.0]
    """
    parts = [_judge(mixture, rows.part(low, low + CHUNK)) for low in range(0, len(rows), CHUNK)]
    return Judged(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _judge(mixture: Mixture, rows: Rows) -> tuple[np.ndarray, ...]:
    cells, rises, rising = Likelihoods(rows, mixture), mixture.rises, mixture.rising
    by_move = cells.by_move(mixture.weight)
    rate = mixture.weight * mixture.rate
    up, down = cells.up(rate), cells.down(rate)
    following = up @ (rises[: len(RATIOS)] * RATIOS)
    if down is not None:
        following += (up[:, 1:] * RATIOS[1:] + down) @ (rises[TURNS] / 2)
    whole = by_move @ rises
    risen = by_move[:, RISERS] @ with_share(rises, 0.5)[RISERS] * 2
    posterior = by_move[:, RISERS] @ rises[RISERS] / whole
    return (whole - by_move[:, RISERS] @ rises[RISERS]) / (1 - rising), risen, posterior, following / whole
