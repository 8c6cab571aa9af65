"""People's contacts in two years: most are steady, some rising, and people differ in how often they come.

A person's contacts of a year are negative binomial about rate x exposure; k says how steady a person's rate is from
year to year (variance 1/k of it; Poisson where it is infinite). So a steady person's later contacts are, given the
total of two equal years, beta-binomial(total, k, k), whatever the person's rate. How rates are distributed is left free
and estimated from everybody together (empirical Bayes, by EM on a grid): what risers add to the later year is not
taken for unsteadiness, which would show in the earlier as well. What else rates do (`rising_moves`) is no rise.
Source: Kiefer and Wolfowitz 1956, doi:10.1214/aoms/1177728066 (distributions left free); Efron 2008,
doi:10.1214/07-STS236 (two groups).
"""

from dataclasses import dataclass, field, replace

import numpy as np

from phm_utils.methods.rising_moves import COMES_AND_GOES, RATIOS, RISERS, RISES, TINY, TURNS, Likelihoods, Move
from phm_utils.methods.rising_rows import Rows

RATE_STEP = 0.15  # between rates of the grid, on the logarithm
LEAST_RATE = 0.2  # a year; nobody can be told apart below it
START_RISING = 0.05  # a share to begin with
NUDGE = 1e-3  # a share of risers from which EM can find more


@dataclass(frozen=True)
class Prior:
    """What all strata together say of one: `rises` are shares of RATIOS among those who neither begin nor end nor turn.

    people: how many people's worth it is.
    """

    rises: np.ndarray
    people: float = 1_000.0


@dataclass(frozen=True)
class Mixture:
    """A distribution of rates and dispersions and of what rates do.

    rate, dispersion: pairs. weight: of each pair, for people who are there in both years. passing: of each pair, for
        people whose contacts begin or end; None where nobody's do.
    shares: of people by move: RATIOS, the steady ones first; where `differ`, those who turn; where `passing`, those
        who begin and those who end.
    level: logarithm of how many times as fully the later year is recorded as the rows' exposure says.
    differ: do people differ in how steady they are? log_likelihood: of the rows, without any prior.
    """

    rate: np.ndarray
    dispersion: np.ndarray
    weight: np.ndarray
    shares: np.ndarray
    level: float = 0.0
    log_likelihood: float = -np.inf
    differ: bool = False
    passing: np.ndarray | None = None
    prior: Prior | None = field(default=None, repr=False)

    @property
    def moves(self) -> tuple[Move, ...]:
        """What rates may do, in the order of `shares`."""
        turning = TURNS if self.differ else ()
        return (*RISES, *turning, *(COMES_AND_GOES if self.passing is not None else ()))

    @property
    def there(self) -> slice:
        """The moves of people who are there in both years."""
        return slice(0, len(self.shares) - (len(COMES_AND_GOES) if self.passing is not None else 0))

    @property
    def usual_dispersion(self) -> float:
        """1/k of people on average."""
        return float(self.weight @ self.dispersion)

    @property
    def rising(self) -> float:
        """The share of people who are rising."""
        return float(self.shares[RISERS].sum())

    @property
    def coming_and_going(self) -> float:
        """The share of people whose contacts began or ended in the two years."""
        return float(self.shares[self.there.stop :].sum())

    @property
    def objective(self) -> float:
        """The log-likelihood, with the prior's part."""
        if self.prior is None:
            return self.log_likelihood
        return self.log_likelihood + self.prior.people * log_prior(self.shares, self.prior.rises)

    def by_move(self, cells: Likelihoods, *, following: bool = False) -> np.ndarray:
        """Rows x moves; next to nothing for turns that nobody makes.

        following: each times the rate after both years.
        """
        times = self.rate if following else np.ones(len(self.rate))
        places = np.arange(len(self.shares))
        there = np.flatnonzero((places < self.there.stop) & ((places < len(RATIOS)) | (self.shares > 0)))
        columns = cells.by_move(self.weight * times, there, following=following)
        found = np.full((len(columns), len(self.shares)), TINY)
        found[:, there] = columns
        if self.passing is not None:
            others = places[self.there.stop :]
            found[:, others] = cells.by_move(self.passing * times, others, following=following)
        return found

    def pruned(self, least: float) -> "Mixture":
        """The same without pairs whose weight is below `least`, and turns whose share is."""
        kept = self.weight >= least
        if self.passing is not None:
            kept |= self.passing >= least
        weight = self.weight[kept] / self.weight[kept].sum()
        passing = None if self.passing is None else self.passing[kept] / self.passing[kept].sum()
        turns, shares = slice(len(RATIOS), self.there.stop), self.shares.copy()
        shares[turns] = np.where(shares[turns] < least, 0.0, shares[turns])
        rate, dispersion, shares = self.rate[kept], self.dispersion[kept], shares / shares.sum()
        return replace(self, rate=rate, dispersion=dispersion, weight=weight, passing=passing, shares=shares)

    def moved(self, root: float, level: float) -> "Mixture":
        """The same with `root` more of the dispersions' square root, and `level` more of its own."""
        return replace(self, dispersion=np.abs(np.sqrt(self.dispersion) + root) ** 2, level=self.level + level)


def rate_grid(rows: Rows) -> np.ndarray:
    """Rates a year to be told apart: from LEAST_RATE to the highest seen, one of them the mean of the earlier year.

    >>> rate = rate_grid(Rows(*(np.array([value]) for value in (4.0, 6.0, 0.0, 0.0, 1.0))))
    >>> bool(rate[0] < 0.2 < 6 < rate[-1]), bool((rate == 4).any())
    (True, True)
    """
    years = np.exp(rows.before)
    mean = max(rows.people @ rows.earlier / (rows.people @ years), LEAST_RATE)
    highest = max(((rows.earlier + rows.later) / (years + np.exp(rows.after))).max(), 2 * mean)
    first = int(np.floor(np.log(LEAST_RATE / mean) / RATE_STEP))
    return mean * np.exp(RATE_STEP * np.arange(first, int(np.ceil(np.log(highest / mean) / RATE_STEP)) + 1))


def start(rows: Rows, root: float) -> Mixture:
    """A mixture of one dispersion, `root` squared, from which EM begins.

    >>> begun = start(Rows(*(np.array([value]) for value in (4.0, 6.0, 0.0, 0.0, 1.0))), 0.2)
    >>> round(begun.usual_dispersion, 3), round(begun.rising, 3)
    (0.04, 0.05)
    """
    rate = rate_grid(rows)
    shares = with_share(np.ones(len(RATIOS)), START_RISING)
    return Mixture(rate, np.full(len(rate), root**2), np.full(len(rate), 1 / len(rate)), shares)


def log_prior(shares: np.ndarray, rises: np.ndarray) -> float:
    """The logarithm of what a prior of one person says of the shares of RATIOS among each other.

    >>> round(log_prior(np.full(8, 0.125), np.full(8, 0.125)), 3)  # log(1/8)
    -2.079
    """
    there = shares[: len(RATIOS)] / shares[: len(RATIOS)].sum()
    return float(rises @ np.log(np.maximum(there, 1e-12)))


def nudged(mixture: Mixture) -> Mixture:
    """The same with a few people at each ratio: EM never leaves a share of none.

    >>> steady = Mixture(np.ones(1), np.zeros(1), np.ones(1), np.r_[1.0, np.zeros(7)])
    >>> round(nudged(steady).rising, 4)
    0.0069
    """
    shares = mixture.shares + NUDGE * (np.arange(len(mixture.shares)) < len(RATIOS))
    return replace(mixture, shares=shares / shares.sum())


def with_share(shares: np.ndarray, rising: float) -> np.ndarray:
    """The shares of moves, with those of risers adding up to `rising`.

    >>> with_share(np.array([0.9, 0.06, 0.04] + [0.0] * 5), 0.5).round(3).tolist()[:3]
    [0.5, 0.3, 0.2]
    """
    found = shares + 1e-12
    rest = np.ones(len(found), bool)
    rest[RISERS] = False
    found[~rest] *= rising / found[~rest].sum()
    found[rest] *= (1 - rising) / found[rest].sum()
    return found
