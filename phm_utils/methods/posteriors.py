"""Distributions for partial pooling: counts whose rates or proportions differ between units."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import special


class Part(Protocol):
    """A distribution for every unit."""

    @property
    def mean(self) -> np.ndarray: ...
    @property
    def variance(self) -> np.ndarray: ...
    def above(self, threshold: float) -> np.ndarray: ...
    def quantile(self, share: float) -> np.ndarray: ...


class Model(Protocol):
    """Counts about a mean given by a linear predictor `eta`; `spread` is the units' standard deviation on its scale."""

    def most(self, size: float) -> float: ...
    def link(self, mean: float) -> float: ...
    def mean(self, eta: np.ndarray) -> np.ndarray: ...
    def working(self, x, n, eta, spread: float) -> tuple[np.ndarray, np.ndarray]: ...
    def log_likelihood(self, x, n, eta, spread: float) -> float: ...
    def posterior(self, x, n, eta, spread: float) -> Part: ...
    def of_moments(self, mean: np.ndarray, variance: np.ndarray) -> Part: ...


@dataclass(frozen=True)
class Gamma:
    """Gamma distributions. shape, rate: one of each for every unit."""

    shape: np.ndarray
    rate: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        return self.shape / self.rate

    @property
    def variance(self) -> np.ndarray:
        return self.shape / self.rate**2

    def above(self, threshold: float) -> np.ndarray:
        return special.gammaincc(self.shape, self.rate * max(threshold, 0))

    def quantile(self, share: float) -> np.ndarray:
        return special.gammaincinv(self.shape, share) / self.rate


@dataclass(frozen=True)
class Beta:
    """Beta distributions. a, b: one of each for every unit."""

    a: np.ndarray
    b: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        return self.a / (self.a + self.b)

    @property
    def variance(self) -> np.ndarray:
        return self.a * self.b / ((self.a + self.b) ** 2 * (self.a + self.b + 1))

    def above(self, threshold: float) -> np.ndarray:
        return special.betaincc(self.a, self.b, min(max(threshold, 0), 1))

    def quantile(self, share: float) -> np.ndarray:
        return special.betaincinv(self.a, self.b, share)


class GammaPoisson:
    """Poisson counts; ratios gamma-distributed with the mean exp(eta) and a standard deviation of `spread` times it."""

    def most(self, size: float) -> float:
        return np.inf

    def link(self, mean: float) -> float:
        return float(np.log(mean))

    def mean(self, eta: np.ndarray) -> np.ndarray:
        return np.exp(eta)

    def working(self, x, n, eta, spread: float) -> tuple[np.ndarray, np.ndarray]:
        expected = n * np.exp(eta)
        return expected / (1 + expected * spread**2), (x - expected) / expected

    def log_likelihood(self, x, n, eta, spread: float) -> float:
        shape, expected = spread**-2, n * np.exp(eta)
        of_counts = special.gammaln(x + shape) - special.gammaln(shape)
        return float((of_counts + x * np.log(expected / (expected + shape)) - shape * np.log1p(expected / shape)).sum())

    def posterior(self, x, n, eta, spread: float) -> Gamma:
        shape = spread**-2
        return Gamma(shape + x, shape * np.exp(-eta) + n)

    def of_moments(self, mean: np.ndarray, variance: np.ndarray) -> Gamma:
        return Gamma(mean**2 / variance, mean / variance)


class BetaBinomial:
    """Binomial counts; proportions beta-distributed: mean p = expit(eta), variance p^2 (1 - p)^2 spread^2."""

    def most(self, size: float) -> float:
        return size

    def link(self, mean: float) -> float:
        return float(special.logit(mean))

    def mean(self, eta: np.ndarray) -> np.ndarray:
        return special.expit(eta)

    def working(self, x, n, eta, spread: float) -> tuple[np.ndarray, np.ndarray]:
        p = special.expit(eta)
        chance = n * p * (1 - p)
        within = 1 / (1 + _strength(p, spread))
        return chance / (1 + (n - 1).clip(0) * within), (x - n * p) / chance

    def log_likelihood(self, x, n, eta, spread: float) -> float:
        p = special.expit(eta)
        a, b = p * _strength(p, spread), (1 - p) * _strength(p, spread)
        return float((special.betaln(a + x, b + n - x) - special.betaln(a, b)).sum())

    def posterior(self, x, n, eta, spread: float) -> Beta:
        p = special.expit(eta)
        strength = _strength(p, spread)
        return Beta(p * strength + x, (1 - p) * strength + n - x)

    def of_moments(self, mean: np.ndarray, variance: np.ndarray) -> Beta:
        strength = np.maximum(mean * (1 - mean) / variance - 1, 1e-6)
        return Beta(mean * strength, (1 - mean) * strength)


def _strength(p: np.ndarray, spread: float) -> np.ndarray:
    """People whose evidence the distribution between units is worth."""
    return np.maximum(1 / (spread**2 * p * (1 - p)) - 1, 0.1)
