"""What a person's rate may do from one year to the next, and how likely each makes what was counted.

Steady: the same rate in both years. Rising: RATIOS times as much in the later. Turning: as often multiplied as divided
by one of RATIOS. Beginning, ending: contacts that began, or ended, on any day of the two years alike; somebody whose
care began in March has few contacts in the earlier year and is not rising.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import special

from phm_utils.methods.rising_rows import Rows

RATIOS = np.array([1, 2, 2.5, 3, 4, 5, 7, 10.0])  # the first is steady; rising is at least twice the rate
RISERS = slice(1, len(RATIOS))
POISSON = 1e-6  # dispersion below which counts are as good as Poisson
NEVER = 1e-9  # of the rate: in a year before contacts began
TINY = 1e-300


@dataclass(frozen=True)
class Course:
    """One course of a rate: `share` of those who move so; multiples of the rate in both years, and after them."""

    share: float
    earlier: float
    later: float
    following: float


Move = tuple[Course, ...]
RISES: tuple[Move, ...] = tuple((Course(1.0, 1.0, ratio, ratio),) for ratio in RATIOS)
TURNS: tuple[Move, ...] = tuple(
    (Course(0.5, 1.0, ratio, ratio), Course(0.5, ratio, 1.0, 1.0)) for ratio in RATIOS[RISERS]
)
HALVES = (0.25, 0.75)  # parts of a year that are left when contacts begin in its second, or its first half
COMES_AND_GOES: tuple[Move, ...] = (
    (*(Course(0.25, part, 1.0, 1.0) for part in HALVES), Course(0.5, NEVER, 1.0, 1.0)),
    (*(Course(0.25, 1.0, part, NEVER) for part in HALVES), Course(0.5, 1.0, NEVER, NEVER)),
)


class Grid(Protocol):
    """What likelihoods need of a mixture: pairs of rate and dispersion, the level of the later year, and the moves."""

    @property
    def rate(self) -> np.ndarray: ...
    @property
    def dispersion(self) -> np.ndarray: ...
    @property
    def level(self) -> float: ...
    @property
    def moves(self) -> tuple[Move, ...]: ...


def log_counts(counts: np.ndarray, mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """Logarithms of negative binomial probabilities; arrays broadcast.

    >>> np.exp(log_counts(np.array([0, 1]), np.array(2.0), np.array(0.0))).round(3).tolist()  # Poisson
    [0.135, 0.271]
    """
    poisson = dispersion < POISSON
    k = 1 / np.where(poisson, 1.0, dispersion)
    base = counts * np.log(mean) - special.gammaln(counts + 1)
    spread = special.gammaln(counts + k) - special.gammaln(k) - (counts + k) * np.log1p(mean / k) - counts * np.log(k)
    return base + np.where(poisson, -mean, spread)


class Likelihoods:
    """Likelihoods of rows under a mixture's grid, given that there is a contact: who has none is not in the data.

    A row's likelihood is a product of one of its earlier and one of its later count, each worked out once for rows
    that share it, and scaled to 1 at its largest for steady and rising people; `log_scale` is what was taken off.
    """

    def __init__(self, rows: Rows, grid: Grid) -> None:
        self._grid = grid
        self._first, self._of_first = rows.first
        self._second, self._of_second = rows.second
        self._years = np.exp(self._first[:, 1:]) * grid.rate
        self._following = np.exp(self._second[:, 1:2] + grid.level) * grid.rate
        self._before = np.exp(self._second[:, 2:]) * grid.rate
        usual = log_counts(self._first[:, :1], self._years, grid.dispersion)
        self._top = usual.max(axis=1)
        rises = {move[0]: self._log_later(move[0]) for move in RISES}
        self._highest = np.max([found.max(axis=1) for found in rises.values()], axis=0)
        self._later = {course: np.exp(found - self._highest[:, None]) for course, found in rises.items()}
        self._earlier = {1.0: np.exp(usual - self._top[:, None])}
        self.log_scale = self._top[self._of_first] + self._highest[self._of_second]

    def _log_later(self, course: Course) -> np.ndarray:
        """Logarithms of later counts' likelihoods by pair, and of there being a contact at all."""
        grid, risen = self._grid, self._following * course.later
        none = _log_none(self._before * course.earlier, grid.dispersion) + _log_none(risen, grid.dispersion)
        return log_counts(self._second[:, :1], risen, grid.dispersion) - np.log(-np.expm1(none))

    def _of_course(self, course: Course) -> tuple[np.ndarray, np.ndarray]:
        """Likelihoods of earlier and of later counts by pair; worked out when first asked for."""
        if course.earlier not in self._earlier:
            found = log_counts(self._first[:, :1], self._years * course.earlier, self._grid.dispersion)
            self._earlier[course.earlier] = np.exp(found - self._top[:, None])
        if course not in self._later:
            self._later[course] = np.exp(self._log_later(course) - self._highest[:, None])
        return self._earlier[course.earlier], self._later[course]

    def by_pair(self, shares: np.ndarray, moves: slice) -> np.ndarray:
        """Rows x pairs of rate and dispersion, over some moves, each with its share."""
        together: dict[float, np.ndarray] = {}
        for share, move in zip(shares[moves], self._grid.moves[moves], strict=True):
            for course in move if share > 0 else ():
                part = share * course.share * self._of_course(course)[1]
                together[course.earlier] = part + together.get(course.earlier, 0.0)
        parts = [self._earlier[t][self._of_first] * later[self._of_second] for t, later in together.items()]
        return np.sum(parts, axis=0) if len(parts) > 1 else parts[0]

    def by_move(self, weight: np.ndarray, moves: np.ndarray, *, following: bool = False) -> np.ndarray:
        """Rows x some moves, over the pairs. following: each course times its multiple after both years."""
        found = np.full((len(self._of_first), len(moves)), TINY)
        for column, move in enumerate(moves):
            for course in self._grid.moves[move]:
                earlier, later = self._of_course(course)
                times = course.share * (course.following if following else 1.0)
                found[:, column] += np.einsum(
                    "rp,rp->r", (earlier * (weight * times))[self._of_first], later[self._of_second]
                )
        return found


def _log_none(mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """The logarithm of the chance of no contact."""
    poisson = dispersion < POISSON
    return np.where(poisson, -mean, -np.log1p(mean * dispersion) / np.where(poisson, 1.0, dispersion))
