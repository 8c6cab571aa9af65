"""People's contacts in two years: most are steady, some rising, and people differ in how often they come.

A person's contacts of a year are negative binomial about rate x exposure; k says how steady a person's rate is from
year to year (variance 1/k of it; Poisson where it is infinite). So a steady person's later contacts are, given the
total of two equal years, beta-binomial(total, k, k), whatever the person's rate. A rising person's rate is multiplied
by one of RATIOS. How rates are distributed is left free and estimated from everybody together (empirical Bayes, by EM
on a grid): what risers add to the later year is not taken for unsteadiness, which would show in the earlier as well.
Where people clearly differ in how steady they are, some may turn: their rate is as often multiplied as divided from
one year to the next, so what they do is usual, and only those who rise beyond it count as rising.
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
RISERS, TURNS = slice(1, len(RATIOS)), slice(len(RATIOS), None)  # of what rates do: rise, or turn either way
START_RISING = 0.05
ROUNDS, RATE_STEPS, RISE_STEPS = 4, 8, 12  # of EM; in a round first rates, then ratios
SETTLED = 1e-6  # a step of shares that is not worth another
ENOUGH = 1e-2  # log-likelihood: a round that gains less is the last
POISSON = 1e-6  # dispersion below which counts are as good as Poisson
NEWTON_STEPS = 12
NUDGE = 1e-3  # a share of risers from which EM can find more
TINY = 1e-300


@dataclass(frozen=True)
class Prior:
    """What all strata together say of one: `rises` are the shares of RATIOS, worth as much as `people` people."""

    rises: np.ndarray
    people: float = 1_000.0


@dataclass(frozen=True)
class Mixture:
    """A distribution of rates and dispersions (`weight`, one for each pair) and of what rates do (`rises`).

    rises: shares of people by RATIOS, the steady ones first; where `differ`, then shares of those who turn.
    level: logarithm of how many times as fully the later year is recorded as the rows' exposure says.
    differ: do people differ in how steady they are? log_likelihood: of the rows, without any prior.
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
        return float(self.rises[RISERS].sum())

    @property
    def objective(self) -> float:
        """The log-likelihood, with the prior's part."""
        if self.prior is None:
            return self.log_likelihood
        extra = self.prior.rises @ np.log(np.maximum(self.rises[: len(RATIOS)], 1e-12))
        return self.log_likelihood + self.prior.people * float(extra)

    def pruned(self, least: float) -> "Mixture":
        """The same without pairs whose weight is below `least`."""
        kept = self.weight >= least
        weight = self.weight[kept] / self.weight[kept].sum()
        return replace(self, rate=self.rate[kept], dispersion=self.dispersion[kept], weight=weight)

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


def start(rows: Rows, root: float, prior: Prior | None = None) -> Mixture:
    """A mixture of one dispersion, `root` squared, from which EM begins.

    >>> begun = start(Rows(*(np.array([value]) for value in (4.0, 6.0, 0.0, 0.0, 1.0))), 0.2)
    >>> round(begun.usual_dispersion, 3), round(begun.rising, 3)
    (0.04, 0.05)
    """
    rate = rate_grid(rows)
    rising = np.full(len(RATIOS) - 1, START_RISING / (len(RATIOS) - 1))
    rises = prior.rises if prior else np.r_[1 - START_RISING, rising]
    return Mixture(rate, np.full(len(rate), root**2), np.full(len(rate), 1 / len(rate)), rises, prior=prior)


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
    that share it, and scaled to 1 at its largest; `log_scale` is what was taken off each row.
    """

    def __init__(self, rows: Rows, mixture: Mixture) -> None:
        rate, dispersion = mixture.rate, mixture.dispersion
        first, self._of_first = rows.first
        second, self._of_second = rows.second
        mean = np.exp(first[:, 1:]) * rate
        following = np.exp(second[:, 1:2] + mixture.level) * rate
        before = np.exp(second[:, 2:]) * rate
        self._earlier, of_first = _scaled(log_counts(first[:, :1], mean, dispersion))
        seen = _log_seen(before[:, None], following[:, None] * RATIOS[:, None], dispersion)
        risen = log_counts(second[:, :1, None], following[:, None] * RATIOS[:, None], dispersion)
        self._later, of_second = _scaled(risen - seen)
        self.log_scale = of_first[self._of_first] + of_second[self._of_second]
        self._turned: tuple[np.ndarray, np.ndarray] | None = None
        if mixture.differ:
            times = RATIOS[1:, None]
            earlier = log_counts(first[:, :1, None], mean[:, None] * times, dispersion) - of_first[:, None, None]
            later = log_counts(second[:, :1], following, dispersion)[:, None] - of_second[:, None, None]
            later = later - _log_seen(before[:, None] * times, following[:, None], dispersion)
            self._turned = np.exp(earlier), np.exp(later)

    def by_pair(self, rises: np.ndarray) -> np.ndarray:
        """Rows x pairs of rate and dispersion, over what rates do."""
        turns = rises[TURNS] / 2
        up = rises[: len(RATIOS)] if self._turned is None else rises[: len(RATIOS)] + np.r_[0, turns]
        found = self._earlier[self._of_first] * np.tensordot(up, self._later, (0, 1))[self._of_second]
        if self._turned is not None:
            for number in np.flatnonzero(turns > TINY):
                earlier, later = (part[:, number] for part in self._turned)
                found += turns[number] * earlier[self._of_first] * later[self._of_second]
        return found

    def up(self, weight: np.ndarray, ratios: np.ndarray | None = None) -> np.ndarray:
        """Rows x RATIOS, or some by number, over the pairs of rate and dispersion: the later rate over the earlier."""
        ratios = np.arange(len(RATIOS)) if ratios is None else ratios
        weighed = (self._earlier * weight)[self._of_first]
        columns = [np.einsum("rp,rp->r", weighed, self._later[:, n][self._of_second]) for n in ratios]
        return np.maximum(np.column_stack(columns), TINY)

    def down(self, weight: np.ndarray) -> np.ndarray | None:
        """Rows x RATIOS but the first: the earlier rate is so many times the later; None where nobody turns."""
        if self._turned is None:
            return None
        earlier, later = self._turned
        columns = [
            np.einsum("rp,rp->r", (earlier[:, n] * weight)[self._of_first], later[:, n][self._of_second])
            for n in range(len(RATIOS) - 1)
        ]
        return np.maximum(np.column_stack(columns), TINY)

    def by_move(self, weight: np.ndarray) -> np.ndarray:
        """Rows x what rates do, in the order of `Mixture.rises`."""
        up, down = self.up(weight), self.down(weight)
        return up if down is None else np.hstack([up, (up[:, 1:] + down) / 2])


def _log_seen(before: np.ndarray, after: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """The logarithm of the chance of any contact in either year."""
    return np.log(-np.expm1(_log_none(before, dispersion) + _log_none(after, dispersion)))


def _log_none(mean: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """The logarithm of the chance of no contact."""
    poisson = dispersion < POISSON
    return np.where(poisson, -mean, -np.log1p(mean * dispersion) / np.where(poisson, 1.0, dispersion))


def _scaled(logarithms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    top = logarithms.reshape(len(logarithms), -1).max(axis=1)
    return np.exp(logarithms - top.reshape(-1, *(1,) * (logarithms.ndim - 1))), top


def climb(
    mixture: Mixture, rows: Rows, *, rounds: int = ROUNDS, rising: float | None = None, single: bool = False
) -> Mixture:
    """The mixture after EM on its weights; grid and level stay.

    rising: the share of people who are rising, where it is given and not estimated. single: do all who rise rise by
        the same ratio, that of greatest likelihood?

    >>> rows = Rows(*(np.array(c) for c in ([4.0, 4], [4.0, 40], [0.0, 0], [0.0, 0], [99.0, 1])))  # one in a hundred
    >>> climb(start(rows, 0.0), rows, rounds=20, single=True).rises.round(3).tolist()
    [0.99, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.01]
    """
    cells, people = Likelihoods(rows, mixture), rows.people
    weight, last = mixture.weight, -np.inf
    rises = mixture.rises if rising is None else with_share(mixture.rises, rising)
    found, ratios = mixture, np.arange(len(RATIOS))
    for _ in range(rounds):
        by_pair = cells.by_pair(rises)
        for _ in range(RATE_STEPS):
            weight = weight * ((people / np.maximum(by_pair @ weight, TINY)) @ by_pair)
            weight = weight / weight.sum()
        if single:
            mixed, rises = _one_ratio(cells.up(weight, ratios), people, ratios)
            ratios = np.flatnonzero(rises)  # a ratio once chosen stays
        else:
            by_move = cells.by_move(weight)
            rises = _ratio_shares(rises, by_move, people, mixture.prior, rising)
            mixed = by_move @ rises
        likelihood = float(people @ (np.log(mixed) + cells.log_scale))
        found = replace(mixture, weight=weight, rises=rises, log_likelihood=likelihood)
        if found.objective - last < ENOUGH:
            break
        last = found.objective
    return found


def _one_ratio(up: np.ndarray, people: np.ndarray, ratios: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows' likelihoods and shares of RATIOS, where all risers have one: that of greatest likelihood.

    up: likelihoods of `ratios`, numbers of RATIOS, the steady ones first. By Newton's method.
    """
    steady, gain = up[:, :1], up[:, 1:] - up[:, :1]
    share = np.full(gain.shape[1], START_RISING)
    for _ in range(NEWTON_STEPS):
        slope = gain / (steady + share * gain)
        step = (people @ slope) / np.maximum(people @ slope**2, TINY)
        share = np.clip(share + step, share / 10, (1 + share) / 2)
        if np.abs(step).max() < SETTLED:
            break
    mixed = steady + share * gain
    place = int(np.argmax(people @ np.log(mixed)))
    rises = np.zeros(len(RATIOS))
    rises[0], rises[ratios[place + 1]] = 1 - share[place], share[place]
    return mixed[:, place], rises


def shares_of(by_move: np.ndarray, people: np.ndarray, *, single: bool) -> np.ndarray:
    """Shares of RATIOS of greatest likelihood. single: do all who rise rise by the same ratio?

    >>> by_move = np.column_stack([[1.0, 0.1]] + [[0.1, 1.0 - n / 10] for n in range(7)])
    >>> shares_of(by_move, np.array([9, 1]), single=True).round(2).tolist()[:3]
    [0.99, 0.01, 0.0]
    """
    if single:
        return _one_ratio(by_move, people, np.arange(len(RATIOS)))[1]
    rises = np.full(len(RATIOS), START_RISING / (len(RATIOS) - 1))
    rises[0] = 1 - START_RISING
    for _ in range(RISE_STEPS):
        rises = _ratio_shares(rises, by_move, people)
    return rises


def _ratio_shares(
    rises: np.ndarray, by_move: np.ndarray, people: np.ndarray, prior: Prior | None = None,
    rising: float | None = None,
) -> np.ndarray:  # fmt: skip
    """Shares of what rates do, given what the rates say of each row: EM, its steps extrapolated where that gains.

    Source: Varadhan and Roland 2008, doi:10.1111/j.1467-9469.2007.00585.x (SQUAREM).
    """
    extra = 0.0 if prior is None else prior.people
    held = np.zeros(len(rises))
    if prior is not None:
        held[: len(RATIOS)] = prior.people * prior.rises

    def next_of(shares: np.ndarray) -> tuple[np.ndarray, float]:
        """The shares after a step of EM, and the log-likelihood before it."""
        mixed = by_move @ shares
        found = (shares * ((people / mixed) @ by_move) + held) / (people.sum() + extra)
        likelihood = float(people @ np.log(mixed) + held @ np.log(np.maximum(shares, 1e-12)))
        return (found if rising is None else with_share(found, rising)), likelihood

    for _ in range(RISE_STEPS):
        once, _ = next_of(rises)
        twice, before = next_of(once)
        step, turn = once - rises, twice - 2 * once + rises
        if np.abs(step).max() < SETTLED:
            break
        times = max(float(np.linalg.norm(step)) / max(float(np.linalg.norm(turn)), TINY), 1.0)
        far = np.maximum(rises + 2 * times * step + times**2 * turn, rises / 20)
        far = far / far.sum() if rising is None else with_share(far / far.sum(), rising)
        further, there = next_of(far)
        rises = further if there > before else twice
    return rises


def nudged(mixture: Mixture) -> Mixture:
    """The same with a few people at each ratio that its prior allows: EM never leaves a share of none.

    >>> steady = Mixture(np.ones(1), np.zeros(1), np.ones(1), np.r_[1.0, np.zeros(7)])
    >>> round(nudged(steady).rising, 4)
    0.0069
    """
    allowed = np.ones(len(RATIOS)) if mixture.prior is None else mixture.prior.rises > 0
    rises = mixture.rises + NUDGE * np.r_[allowed, np.zeros(len(mixture.rises) - len(RATIOS))]
    return replace(mixture, rises=rises / rises.sum())


def with_share(rises: np.ndarray, rising: float) -> np.ndarray:
    """The shares of what rates do, with those of risers adding up to `rising`.

    >>> with_share(np.array([0.9, 0.06, 0.04] + [0.0] * 5), 0.5).round(3).tolist()[:3]
    [0.5, 0.3, 0.2]
    """
    found = rises + 1e-12
    found[RISERS] *= rising / found[RISERS].sum()
    rest = np.r_[0, len(RATIOS) : len(rises)].astype(int)
    found[rest] *= (1 - rising) / found[rest].sum()
    return found
