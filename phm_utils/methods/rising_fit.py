"""Fits the mixture of steady and rising people, and says what it makes of each person."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from phm_utils.methods.rising_mixture import RATIOS, Likelihoods, Mixture, Prior, climb, start, with_share
from phm_utils.methods.rising_rows import Rows

STEADIER, LESS_STEADY = (0.0, 1 / 6, 0.4), (2.5, 6.0, 15.0)  # times the usual dispersion, where people differ in it
NOBODY = 1e-8  # a weight below it is dropped
OTHERS = 0.02  # of people with each, to begin with
FLAT = 0.02  # dispersion below which a grid of multiples would be one of nothing
NUDGE = 1e-3  # a share of risers from which EM can find more
START_ROOT, ROOT_REACH, LEVEL_REACH = 0.15, 0.2, 0.02  # where the search begins, and its first steps
MOST_TRIED = 60
LONGER = 6  # times the rounds, for many dispersions
CHUNK = 2_000  # rows judged at a time, for memory


def fit(rows: Rows, prior: Prior | None = None, *, tried: int = MOST_TRIED) -> Mixture:
    """The mixture of greatest likelihood: one dispersion, or several where people clearly differ in it.

    Several must gain the logarithm of the number of people: the Bayesian information criterion of two parameters.
    tried: pairs of dispersion and level, at most.
    """
    one = _one_dispersion(rows, prior, tried)
    usual = max(one.usual_dispersion, FLAT)
    many = _several(one, [usual * times for times in (*STEADIER, 1.0, *LESS_STEADY)], usual)
    many = climb(many, rows, rounds=LONGER * 4)
    gain = many.log_likelihood - one.log_likelihood
    return replace(many, differ=True) if gain > np.log(rows.people.sum()) else one


def _one_dispersion(rows: Rows, prior: Prior | None, tried: int) -> Mixture:
    """Dispersion and level by the simplex method; each point begins with the rates and ratios of the one before."""
    root, level = (prior.root, prior.level) if prior else (START_ROOT, 0.0)
    latest = best = start(rows, root, prior)

    def lost(point: np.ndarray) -> float:
        nonlocal latest, best
        some = with_share(latest.rises + NUDGE, max(latest.rising, NUDGE))  # EM never leaves a share of none
        dispersion = np.full(len(latest.rate), point[0] ** 2)
        latest = climb(replace(latest, dispersion=dispersion, level=float(point[1]), rises=some), rows).pruned(NOBODY)
        off = 0.0 if prior is None else np.sum((np.abs(point) - (prior.root, abs(prior.level))) ** 2) / (2 * prior.spread**2)
        if latest.log_likelihood - off > best.log_likelihood:
            best = replace(latest, log_likelihood=latest.log_likelihood - off)
        return off - latest.log_likelihood

    for reach in (1.0, 0.3):
        simplex = [[root, level], [root + reach * ROOT_REACH, level], [root, level + reach * LEVEL_REACH]]
        options = {"initial_simplex": simplex, "xatol": 0.002, "fatol": 0.05, "maxfev": tried // 2}
        optimize.minimize(lost, [root, level], method="Nelder-Mead", options=options)
        root, level = float(np.sqrt(best.dispersion[0])), best.level
    return climb(best, rows, rounds=LONGER)


def _several(one: Mixture, dispersions: list[float], usual: float) -> Mixture:
    """A mixture over several dispersions that begins near one of them, `usual`. one: with a single dispersion."""
    rate, weight = one.rate, one.weight
    share = [OTHERS if d != usual else 1 - OTHERS * (len(dispersions) - 1) for d in dispersions]
    return replace(
        one,
        rate=np.tile(rate, len(dispersions)),
        dispersion=np.repeat(dispersions, len(rate)),
        weight=np.outer(share, weight).ravel(),
        rises=with_share(one.rises, max(one.rising, 1e-3)),
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
    """Each row's likelihoods, posterior and expected contacts."""
    parts = [_judge(mixture, rows.part(low, low + CHUNK)) for low in range(0, len(rows), CHUNK)]
    return Judged(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _judge(mixture: Mixture, rows: Rows) -> tuple[np.ndarray, ...]:
    cells, rises = Likelihoods(rows, mixture), mixture.rises
    by_ratio = cells.by_ratio(mixture.weight)
    whole = by_ratio @ rises
    following = cells.by_ratio(mixture.weight * mixture.rate) @ (rises * RATIOS)
    risen = by_ratio[:, 1:] @ with_share(rises, 1.0)[1:]
    return by_ratio[:, 0], risen, 1 - by_ratio[:, 0] * rises[0] / whole, following / whole
