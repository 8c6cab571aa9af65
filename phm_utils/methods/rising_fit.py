"""Fits the mixture of steady and rising people, and says what it makes of each person."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from phm_utils.methods.rising_em import climb, shares_of
from phm_utils.methods.rising_mixture import Mixture, Prior, nudged, start, with_share
from phm_utils.methods.rising_moves import RATIOS, RISERS, Likelihoods
from phm_utils.methods.rising_rows import Rows

STEADIER, LESS_STEADY = (0.0, 1 / 6, 0.4), (2.5, 6.0, 15.0)  # times the usual dispersion, where people differ in it
OTHERS, HALF = 0.02, 0.5  # of people with each, to begin with; who turn; who begin or end
FLAT = 0.02  # dispersion below which a grid of multiples would be one of nothing
NOBODY, HARDLY = 1e-8, 1e-5  # a weight below it is dropped: of rates; of rates and several dispersions
START_ROOT, ROOT_REACH, LEVEL_REACH = 0.15, 0.2, 0.02  # where the search begins, and its first steps
LEVEL_SPREAD, MOST_LEVEL = 0.15, 0.4  # of the level: its standard deviation, and the largest
MOST_ROOT = 1.5  # of one dispersion: people less steady than k = .44 come and go
MOST_TRIED = 60
AGAIN = 0.3  # of the first steps, when the search begins again from what it found
LONGER = 6  # times the rounds of EM, at the end of a search
HOPEFUL = 2.0  # log-likelihood that further ratios must gain before dispersion and level are searched again
CHUNK = 2_000  # rows judged at a time, for memory


def fit(rows: Rows, *, tried: int = MOST_TRIED) -> Mixture:
    """The simplest mixture that explains people's counts.

    First one dispersion and one ratio; then any ratios; people whose contacts begin or end; and at last several
    dispersions and people who turn. Each must gain the logarithm of the number of people: the Bayesian information
    criterion of two parameters.
    tried: pairs of dispersion and level, at most.

    >>> rows = Rows(*(np.array(c) for c in ([4.0, 4], [4.0, 40], [0.0, 0], [0.0, 0], [99.0, 1])))  # one in a hundred
    >>> round(fit(rows).rising, 2)
    0.01
    """
    found = _searched(start(rows, START_ROOT), rows, tried, single=True)
    free = climb(nudged(found), rows, rounds=LONGER)
    if free.log_likelihood - found.log_likelihood > HOPEFUL:
        found = _better(found, _searched(free, rows, tried // 2, single=False, reach=AGAIN), rows)
    some = max((climb(one, rows, rounds=LONGER) for one in _passing(found, rows)), key=_likelihood)
    if _better(found, some, rows) is some:
        found = _better(found, _searched(some, rows, tried, single=False), rows)
    several = climb(_several(found), rows, rounds=LONGER)
    if several.log_likelihood > found.log_likelihood:
        several = climb(several.pruned(HARDLY), rows, rounds=LONGER * LONGER).pruned(HARDLY)
    return _better(found, several, rows)


def _likelihood(mixture: Mixture) -> float:
    return mixture.log_likelihood


def _better(simple: Mixture, other: Mixture, rows: Rows) -> Mixture:
    """The other mixture where it gains enough on the simple one."""
    return other if other.log_likelihood - simple.log_likelihood > np.log(rows.people.sum()) else simple


def _passing(one: Mixture, rows: Rows) -> Iterable[Mixture]:
    """Mixtures with people whose contacts begin or end: few beside these people, or half beside steady ones."""
    for share, here in ((OTHERS, nudged(one)), (HALF, start(rows, START_ROOT))):
        shares = np.r_[here.shares * (1 - share), share / 2, share / 2]
        yield replace(here, shares=shares, passing=here.weight.copy())


def fit_together(parts: list[Rows]) -> list[Mixture]:
    """The mixture of each part of the people: alone, and then with what all parts together say of ratios.

    >>> rows = Rows(*(np.array(c) for c in ([4.0, 4], [4.0, 40], [0.0, 0], [0.0, 0], [99.0, 1])))
    >>> [round(mixture.rising, 2) for mixture in fit_together([rows, rows])]
    [0.01, 0.01]
    """
    alone = [fit(rows) for rows in parts]
    if len(parts) == 1:
        return alone
    prior = Prior(_common(alone, parts))
    return [climb(_with_prior(m, prior), rows, rounds=LONGER * LONGER) for m, rows in zip(alone, parts, strict=True)]


def _with_prior(mixture: Mixture, prior: Prior) -> Mixture:
    """The same with a prior, and its ratios to begin with."""
    there = mixture.shares[: len(RATIOS)].sum()
    shares = np.r_[there * prior.rises, mixture.shares[len(RATIOS) :]]
    return replace(mixture, shares=shares / shares.sum(), prior=prior)


def _common(alone: list[Mixture], parts: list[Rows]) -> np.ndarray:
    """Shares of the ratios in all parts together, what each says of all else given: one ratio if that explains them."""
    moves = [_there(mixture, rows) for mixture, rows in zip(alone, parts, strict=True)]
    by_move, people = np.vstack([found for found, _ in moves]), np.concatenate([weight for _, weight in moves])
    single, free = (shares_of(by_move, people, single=single) for single in (True, False))
    gain = people @ np.log((by_move @ free) / (by_move @ single))
    return free if gain > np.log(people.sum()) else single


def _there(mixture: Mixture, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Rows x RATIOS, and how many of a row's people are steady or rising and do nothing else."""
    found = mixture.by_move(Likelihoods(rows, mixture))
    mine = found[:, : len(RATIOS)] @ mixture.shares[: len(RATIOS)]
    return found[:, : len(RATIOS)], rows.people * mine / (found @ mixture.shares)


def _searched(begun: Mixture, rows: Rows, tried: int, *, single: bool, reach: float = 1.0) -> Mixture:
    """Dispersion and level by the simplex method; each point begins with the rates and ratios of the one before."""
    latest = best = replace(begun, log_likelihood=-np.inf)

    def lost(point: np.ndarray) -> float:
        nonlocal latest, best
        root, level = min(abs(point[0]), MOST_ROOT), float(np.clip(point[1], -MOST_LEVEL, MOST_LEVEL))
        dispersion = np.full(len(latest.rate), root**2)
        placed = replace(nudged(latest), dispersion=dispersion, level=level)
        latest = climb(placed, rows, single=single).pruned(NOBODY)
        best = latest if _level_too(latest) > _level_too(best) else best
        return float(abs(point[1] - level) + abs(abs(point[0]) - root)) - _level_too(latest)

    root, level = float(np.sqrt(begun.usual_dispersion)), begun.level
    for size in (reach, reach * AGAIN):
        simplex = [[root, level], [root + size * ROOT_REACH, level], [root, level + size * LEVEL_REACH]]
        options = {"initial_simplex": simplex, "xatol": 0.002, "fatol": 0.05, "maxfev": tried // 2}
        optimize.minimize(lost, [root, level], method="Nelder-Mead", options=options)
        root, level = float(np.sqrt(best.dispersion[0])), best.level
    return climb(best, rows, rounds=LONGER, single=single)


def _level_too(mixture: Mixture) -> float:
    """The objective, with what is thought of levels: practices' changes are allowed for, so there is little left.

    It also keeps everybody from being called a riser at half the level.
    """
    return mixture.objective - (mixture.level / LEVEL_SPREAD) ** 2 / 2


def _several(one: Mixture) -> Mixture:
    """A mixture over several dispersions, and people who turn, that begins near one of a single dispersion."""
    usual = max(one.usual_dispersion, FLAT)
    dispersions = [usual * times for times in (*STEADIER, 1.0, *LESS_STEADY)]
    share = [OTHERS if d != usual else 1 - OTHERS * (len(dispersions) - 1) for d in dispersions]
    near = nudged(one).shares * (1 - OTHERS)
    turning = np.full(len(RATIOS) - 1, OTHERS / (len(RATIOS) - 1))
    return replace(
        one,
        rate=np.tile(one.rate, len(dispersions)),
        dispersion=np.repeat(dispersions, len(one.rate)),
        weight=np.outer(share, one.weight).ravel(),
        shares=np.r_[near[: len(RATIOS)], turning, near[len(RATIOS) :]],
        differ=True,
        passing=None if one.passing is None else np.outer(share, one.passing).ravel(),
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
    cells, shares = Likelihoods(rows, mixture), mixture.shares
    by_move = mixture.by_move(cells)
    whole, risers = by_move @ shares, by_move[:, RISERS] @ shares[RISERS]
    following = mixture.by_move(cells, following=True) @ shares
    risen = by_move[:, RISERS] @ with_share(shares, HALF)[RISERS] / HALF
    return (whole - risers) / (1 - mixture.rising), risen, risers / whole, following / whole
