"""People's contacts in two years: most are steady, some rising, and people differ in how often they come.

A person's contacts of a year are negative binomial about rate x exposure; k says how steady a person's rate is from
year to year (variance 1/k of it; Poisson where it is infinite). So a steady person's later contacts are, given the
total of two equal years, beta-binomial(total, k, k), whatever the person's rate. A rising person's rate is multiplied
by one of RATIOS. How rates and ratios are distributed is left free and estimated from everybody together (empirical
Bayes, by EM on grids): what risers add to the later year is not taken for unsteadiness, which would show in the
earlier year as well.
Source: Kiefer and Wolfowitz 1956, doi:10.1214/aoms/1177728066 (distributions left free); Efron 2008,
doi:10.1214/07-STS236 (two groups).
"""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy import special

from phm_utils.methods.rising_rows import Rows

RATIOS = np.array([1, 2, 2.5, 3, 4, 5, 7, 10.0])  # the first is steady; rising is at least twice the rate
RATE_STEP = 0.15  # between rates of the grid, on the logarithm
LEAST_RATE = 0.2  # a year; nobody can be told apart below it
START_RISING = 0.05
ROUNDS, RATE_STEPS, RISE_STEPS = 4, 8, 12  # of EM; in a round first rates, then ratios
SETTLED = 1e-6  # a step of the ratios' shares that is not worth another
ENOUGH = 1e-3  # log-likelihood: a round that gains less is the last
POISSON = 1e-6  # dispersion below which counts are as good as Poisson
TINY = 1e-300


@dataclass(frozen=True)
class Prior:
    """What everybody together says of one stratum.

    root: square root of the dispersion. level: see `Mixture`. rises: the shares of RATIOS, worth `people` people.
    spread: standard deviation of root and level between strata.
    """

    root: float
    level: float
    rises: np.ndarray
    people: float = 1_000.0
    spread: float = 0.1


@dataclass(frozen=True)
class Mixture:
    """A distribution of rates and dispersions (`weight`, one for each pair) and of ratios (`rises`).

    level: logarithm of how many times as fully the later year is recorded as the rows' exposure says.
    differ: do people differ in how steady they are?
    """

    rate: np.ndarray
    dispersion: np.ndarray
    weight: np.ndarray
    rises: np.ndarray
    level: float = 0.0
    log_likelihood: float = -np.inf
    differ: bool = False
    prior: Prior | None = field(default=None, repr=False)

    @property
    def usual_dispersion(self) -> float:
        """1/k of people on average."""
        return float(self.weight @ self.dispersion)

    @property
    def rising(self) -> float:
        """The share of people who are rising."""
        return float(self.rises[1:].sum())

    def pruned(self, least: float) -> "Mixture":
        """The same without pairs whose weight is below `least`."""
        kept = self.weight >= least
        weight = self.weight[kept] / self.weight[kept].sum()
        return replace(self, rate=self.rate[kept], dispersion=self.dispersion[kept], weight=weight)

    def moved(self, root: float, level: float) -> "Mixture":
        """The same with `root` more of the dispersions' square root, and `level` more of its own."""
        return replace(self, dispersion=np.abs(np.sqrt(self.dispersion) + root) ** 2, level=self.level + level)


def rate_grid(rows: Rows) -> np.ndarray:
    """Rates a year to be told apart: from LEAST_RATE to the highest seen, one of them the mean of the earlier year."""
    years = np.exp(rows.before)
    mean = max(rows.people @ rows.earlier / (rows.people @ years), LEAST_RATE)
    highest = max(((rows.earlier + rows.later) / (years + np.exp(rows.after))).max(), 2 * mean)
    first = int(np.floor(np.log(LEAST_RATE / mean) / RATE_STEP))
    return mean * np.exp(RATE_STEP * np.arange(first, int(np.ceil(np.log(highest / mean) / RATE_STEP)) + 1))


def start(rows: Rows, root: float, prior: Prior | None = None) -> Mixture:
    """A mixture of one dispersion, `root` squared, from which EM begins."""
    rate = rate_grid(rows)
    rising = np.full(len(RATIOS) - 1, START_RISING / (len(RATIOS) - 1))
    rises = prior.rises if prior else np.r_[1 - START_RISING, rising]
    level = prior.level if prior else 0.0
    return Mixture(rate, np.full(len(rate), root**2), np.full(len(rate), 1 / len(rate)), rises, level, prior=prior)


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
    """Likelihoods of rows under a mixture's grid, given that there is a contact: people without any are not in the data.

    A row's likelihood is a product of one of its earlier and one of its later count, each worked out once for rows
    that share it, and scaled to 1 at its largest; `log_scale` is what was taken off each row.
    """

    def __init__(self, rows: Rows, mixture: Mixture) -> None:
        rate, dispersion = mixture.rate, mixture.dispersion
        first, self._of_first = rows.first
        second, self._of_second = rows.second
        mean = np.exp(first[:, 1:]) * rate
        after, before = np.exp(second[:, 1] + mixture.level)[:, None, None], np.exp(second[:, 2])[:, None, None]
        risen = after * RATIOS[:, None] * rate
        self._earlier, of_first = _scaled(log_counts(first[:, :1], mean, dispersion))
        none = _log_none(before * rate, dispersion) + _log_none(risen, dispersion)
        later = log_counts(second[:, :1, None], risen, dispersion) - np.log(-np.expm1(none))
        self._later, of_second = _scaled(later)
        self.log_scale = of_first[self._of_first] + of_second[self._of_second]

    def by_pair(self, rises: np.ndarray) -> np.ndarray:
        """Rows x pairs of rate and dispersion, over the ratios."""
        return self._earlier[self._of_first] * np.tensordot(rises, self._later, (0, 1))[self._of_second]

    def by_ratio(self, weight: np.ndarray) -> np.ndarray:
        """Rows x ratios, over the pairs of rate and dispersion."""
        weighed = (self._earlier * weight)[self._of_first]
        columns = [np.einsum("rp,rp->r", weighed, self._later[:, n][self._of_second]) for n in range(len(RATIOS))]
        return np.maximum(np.column_stack(columns), TINY)


def _log_none(mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """The logarithm of the chance of no contact."""
    poisson = dispersion < POISSON
    return np.where(poisson, -mean, -np.log1p(mean * dispersion) / np.where(poisson, 1.0, dispersion))


def _scaled(logarithms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    top = logarithms.reshape(len(logarithms), -1).max(axis=1)
    return np.exp(logarithms - top.reshape(-1, *(1,) * (logarithms.ndim - 1))), top


def climb(mixture: Mixture, rows: Rows, *, rounds: int = ROUNDS, rising: float | None = None) -> Mixture:
    """The mixture after EM on its weights; grid and level stay.

    rising: the share of people who are rising, where it is given and not estimated.
    """
    cells, people, prior = Likelihoods(rows, mixture), rows.people, mixture.prior
    weight, last = mixture.weight, -np.inf
    rises = mixture.rises if rising is None else with_share(mixture.rises, rising)
    for _ in range(rounds):
        by_pair = cells.by_pair(rises)
        for _ in range(RATE_STEPS):
            weight = weight * ((people / np.maximum(by_pair @ weight, TINY)) @ by_pair)
            weight = weight / weight.sum()
        by_ratio = cells.by_ratio(weight)
        rises = _ratios(rises, by_ratio, people, prior, rising)
        likelihood = float(people @ (np.log(by_ratio @ rises) + cells.log_scale))
        likelihood += _log_prior(rises, prior) if rising is None else 0.0
        if likelihood - last < ENOUGH:
            break
        last = likelihood
    return replace(mixture, weight=weight, rises=rises, log_likelihood=likelihood)


def _ratios(
    rises: np.ndarray, by_ratio: np.ndarray, people: np.ndarray, prior: Prior | None, rising: float | None
) -> np.ndarray:
    """Shares of the ratios, given what the rates say of each row: EM, its steps extrapolated where that gains.

    Source: Varadhan and Roland 2008, doi:10.1111/j.1467-9469.2007.00585.x (SQUAREM).
    """
    total, extra = people.sum(), prior.people if prior else 0.0
    pulled = extra * prior.rises if prior else 0.0

    def next_of(shares: np.ndarray) -> tuple[np.ndarray, float]:
        """The shares after a step of EM, and the log-likelihood before it."""
        mixed = by_ratio @ shares
        found = (shares * ((people / mixed) @ by_ratio) + pulled) / (total + extra)
        likelihood = float(people @ np.log(mixed)) + _log_prior(shares, prior)
        return (found if rising is None else with_share(found, rising)), likelihood

    for _ in range(RISE_STEPS):
        once, _ = next_of(rises)
        twice, before = next_of(once)
        step, turn = once - rises, twice - 2 * once + rises
        if np.abs(step).max() < SETTLED:
            break
        times = max(np.linalg.norm(step) / max(np.linalg.norm(turn), TINY), 1.0)
        far = np.maximum(rises + 2 * times * step + times**2 * turn, rises / 20)
        far = far / far.sum() if rising is None else with_share(far / far.sum(), rising)
        further, there = next_of(far)
        rises = further if there > before else twice
    return rises


def with_share(rises: np.ndarray, rising: float) -> np.ndarray:
    """The shares of the ratios, with those of risers adding up to `rising`.

    >>> with_share(np.array([0.9, 0.06, 0.04]), 0.5).round(3).tolist()
    [0.5, 0.3, 0.2]
    """
    parts = rises[1:] + 1e-12
    return np.r_[1 - rising, rising * parts / parts.sum()]


def _log_prior(rises: np.ndarray, prior: Prior | None) -> float:
    return 0.0 if prior is None else prior.people * float(prior.rises @ np.log(np.maximum(rises, 1e-12)))
