"""People with the same contacts in two years, counted once: what a model of many people is fitted to."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

ROUGHLY = 0.08  # exposures are rounded on the logarithm, to 8%


@dataclass(frozen=True)
class Rows:
    """People with the same counts and exposures.

    earlier, later: contacts. before, after: logarithms of the years of exposure; `after` holds what is known of a
    change of recording as well. people: how many.
    """

    earlier: np.ndarray
    later: np.ndarray
    before: np.ndarray
    after: np.ndarray
    people: np.ndarray

    def __len__(self) -> int:
        return len(self.people)

    @cached_property
    def first(self) -> tuple[np.ndarray, np.ndarray]:
        """Distinct pairs of earlier count and exposure, and each row's."""
        return _distinct(self.earlier, self.before)

    @cached_property
    def second(self) -> tuple[np.ndarray, np.ndarray]:
        """Distinct later counts with both exposures, and each row's."""
        return _distinct(self.later, self.after, self.before)

    def part(self, low: int, high: int) -> "Rows":
        """Some of the rows, by place."""
        columns = (self.earlier, self.later, self.before, self.after, self.people)
        return Rows(*(column[low:high] for column in columns))

    def thinned(self, most: int) -> "Rows":
        """About `most` people, evenly among these in order of their counts: the same whatever order they came in.

        >>> rows, _ = tally(np.arange(100) % 2, np.zeros(100), np.zeros(100), np.zeros(100))
        >>> rows.thinned(10).people.tolist()
        [5.0, 5.0]
        """
        total = self.people.sum()
        if total <= most:
            return self
        kept = np.diff(np.floor(np.cumsum(self.people) * (most / total) + 0.5), prepend=0.0)
        some = kept > 0
        earlier, later, before, after = (c[some] for c in (self.earlier, self.later, self.before, self.after))
        return Rows(earlier, later, before, after, kept[some])


def _distinct(*columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found, place = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
    return found, place


def tally(earlier: np.ndarray, later: np.ndarray, before: np.ndarray, after: np.ndarray) -> tuple[Rows, np.ndarray]:
    """People counted by rows that are alike, and each person's row. Exposures are rounded, to 8%.

    >>> rows, row = tally(np.array([1, 2, 1]), np.array([0, 5, 0]), np.zeros(3), np.zeros(3))
    >>> rows.people.tolist(), row.tolist()
    ([2.0, 1.0], [0, 1, 0])
    """
    rounded = [np.round(np.asarray(column) / ROUGHLY) for column in (before, after)]
    table = np.column_stack([earlier, later, *rounded]).astype(float)
    unique, row, people = np.unique(table, axis=0, return_inverse=True, return_counts=True)
    counted = Rows(unique[:, 0], unique[:, 1], unique[:, 2] * ROUGHLY, unique[:, 3] * ROUGHLY, people.astype(float))
    return counted, row
