"""Random draws: one independent stream per PCN and subject, and columns of few words.

A stream depends on the seed, the PCN and the subject's name alone. So a PCN
is the same whatever other PCNs are made, by whichever worker, and a change
to one table's module leaves every other table as it was.
"""

from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike

NULL = 255  # in an index of type uint8
_STEPS = 1 << 16


def stream(seed: int, pcn: int, subject: str) -> np.random.Generator:
    """The random numbers of one subject in one PCN (0 for what all PCNs share)."""
    entropy = np.random.SeedSequence([seed, pcn, crc32(subject.encode())])
    return np.random.Generator(np.random.SFC64(entropy))


@dataclass
class Coded:
    """A column of few distinct words: an index per row, and the words.

    A null is NULL in an unsigned index and -1 in a signed one.
    """

    index: np.ndarray
    words: tuple[str, ...] | np.ndarray

    def __len__(self) -> int:
        return len(self.index)

    def take(self, rows: np.ndarray) -> "Coded":
        """The given rows, in their order."""
        return Coded(self.index[rows], self.words)

    @property
    def null(self) -> int:
        """The index that means no word."""
        return NULL if self.index.dtype.kind == "u" else -1


@dataclass(frozen=True)
class Mix:
    """Words with their shares, ready for drawing millions of them."""

    words: tuple[str, ...]
    table: np.ndarray

    @classmethod
    def of(cls, shares: dict[str, float]) -> "Mix":
        """From words and their shares, which need not add up to one; a word of "" is a null."""
        total = np.cumsum(list(shares.values()), dtype=float)
        edges = np.rint(np.concatenate([[0], total / total[-1]]) * _STEPS).astype(int)
        index = [NULL if not word else place for place, word in enumerate(shares)]
        return cls(tuple(shares), np.repeat(np.array(index, np.uint8), np.diff(edges)))

    def draw(self, rng: np.random.Generator, size: int) -> Coded:
        """`size` words, drawn with replacement."""
        return Coded(self.table[rng.integers(0, _STEPS, size, dtype=np.uint16)], self.words)


def chance(rng: np.random.Generator, probability: np.ndarray | float, size: int | None = None) -> np.ndarray:
    """True with the given probability, independently for each row."""
    size = len(np.asarray(probability)) if size is None else size
    return rng.random(size, dtype=np.float32) < probability


def pick(rng: np.random.Generator, weights: np.ndarray, size: int) -> np.ndarray:
    """`size` positions, drawn with replacement with the given weights."""
    edges = np.cumsum(weights, dtype=float)
    return np.searchsorted(edges, rng.random(size) * edges[-1], side="right").clip(0, len(edges) - 1)


def largest(key: np.ndarray, count: int) -> np.ndarray:
    """Positions of the `count` largest keys, in order of position: numpy's own order is another on another processor.

    >>> largest(np.array([3, 9, 1, 7]), 2).tolist()
    [1, 3]
    """
    return np.sort(np.argsort(-key, kind="stable")[:count])


def expit(logit: np.ndarray) -> np.ndarray:
    """Probability of a log-odds."""
    return 1.0 / (1.0 + np.exp(-logit))


def logit(probability: ArrayLike) -> np.ndarray:
    """Log-odds of a probability."""
    share = np.asarray(probability, float)
    return np.log(share / (1.0 - share))
