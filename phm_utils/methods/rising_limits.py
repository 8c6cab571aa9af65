"""Limits of how many people are rising, by profile likelihood."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from phm_utils.methods.rising_mixture import Mixture, climb, nudged
from phm_utils.methods.rising_rows import Rows

CONFIDENCE = 0.95
STEP = 0.15  # of the share's square root, relative to it: where its likelihood is tried
NUISANCE = 0.02  # of the dispersion's square root, and of the level
LEAST = 1e-3  # a share from which to begin, where none is found
ROUNDS, STRIDES = 8, 25


@dataclass(frozen=True)
class Part:
    """One stratum: its mixture, its people (`rows`, perhaps thinned) and how many they stand for."""

    mixture: Mixture
    rows: Rows
    people: float


def share_limits(parts: Iterable[Part], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Limits of the share of all people who are rising.

    A share is within them where some mixture with it explains people's counts nearly as well as the one that was
    found, which is the simplest that does: its rates and ratios are estimated anew, and dispersion and level follow
    the line on which they are likeliest. Strata keep the ratio of their shares to each other.

    >>> from phm_utils.methods.rising_fit import fit
    >>> rows = Rows(*(np.array(c) for c in ([4.0, 4], [4.0, 40], [0.0, 0], [0.0, 0], [495.0, 5])))
    >>> lower, upper = share_limits([Part(fit(rows), rows, 500)])  # 5 of 500: 0.3% to 2.3% by an exact method
    >>> lower < 0.005 < 0.01 < upper < 0.03
    True
    """
    parts = list(parts)
    share = sum(part.people * part.mixture.rising for part in parts) / sum(part.people for part in parts)
    begun = max(share, LEAST)
    profiles = [_Profile(part, begun, part.mixture.rising / share if share > LEAST else 1.0) for part in parts]
    explained = sum(profile.explained for profile in profiles)

    def worse(root: float) -> float:
        return 2 * (explained - sum(profile.at(root) for profile in profiles))

    reach, stride = stats.chi2.ppf(confidence, 1), STEP * np.sqrt(begun)
    lower, upper = (_crossing(worse, np.sqrt(begun), sign * stride, reach) for sign in (-1, 1))
    return min(lower**2, share), max(upper**2, share)


class _Profile:
    """Log-likelihood of one stratum by the square root of everybody's share, all else estimated."""

    def __init__(self, part: Part, share: float, relative: float) -> None:
        self.rows, self.relative = part.rows, relative
        self.times = part.people / part.rows.people.sum()
        self.explained = self.times * part.mixture.log_likelihood
        self.centre, self.root = nudged(replace(part.mixture, prior=None)), np.sqrt(share)
        self.centre = self._climbed(self.root, 0.0, 0.0)
        self.line = self._line()

    def at(self, root: float) -> float:
        """At a share's square root, dispersion and level where they are likeliest for it."""
        moved = (root - self.root) * self.line
        return self.times * self._climbed(root, *moved).log_likelihood

    def _climbed(self, root: float, dispersion: float, level: float) -> Mixture:
        share = min(root**2 * self.relative, 0.9)
        return climb(self.centre.moved(dispersion, level), self.rows, rounds=ROUNDS, rising=share)

    def _line(self) -> np.ndarray:
        """How dispersion and level follow the share's square root, from second differences of the likelihood."""
        size = np.array([STEP * self.root, NUISANCE, NUISANCE])

        def value(*steps: int) -> float:
            root, dispersion, level = np.array(steps) * size
            return self._climbed(self.root + root, dispersion, level).log_likelihood

        here, unit = value(0, 0, 0), np.eye(3, dtype=int)
        up, down = [value(*row) for row in unit], [value(*-row) for row in unit]
        bend = np.diag([a + b - 2 * here for a, b in zip(up, down, strict=True)])
        for i, j in ((0, 1), (0, 2), (1, 2)):
            both = value(*(unit[i] + unit[j])) + value(*(-unit[i] - unit[j]))
            bend[i, j] = bend[j, i] = (both + 2 * here - up[i] - up[j] - down[i] - down[j]) / 2
        bend /= np.outer(size, size)
        inner = bend[1:, 1:]
        if np.linalg.eigvalsh(inner).max() >= 0:
            return np.zeros(2)
        return -np.linalg.solve(inner, bend[1:, 0])


def _crossing(worse: Callable[[float], float], root: float, stride: float, reach: float) -> float:
    """The root at which mixtures are worse by `reach`; 0 where none is, on the way down."""
    last = (root, _signed_root(worse(root)))
    for _ in range(STRIDES):
        root = max(root + stride, 0.0)
        now = (root, _signed_root(worse(root)))
        if now[1] > np.sqrt(reach):
            return float(last[0] + (np.sqrt(reach) - last[1]) / (now[1] - last[1]) * (now[0] - last[0]))
        if root == 0.0:
            return 0.0
        last = now
    return root


def _signed_root(value: float) -> float:
    return float(np.sign(value) * np.sqrt(abs(value)))
