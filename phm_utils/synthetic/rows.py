"""Rows of a table while they are being made: numpy columns, and whom each row is about."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from phm_utils.synthetic.days import NO_DAY
from phm_utils.synthetic.draws import Coded


@dataclass
class Dates:
    """A date column: days since START, NO_DAY for null."""

    days: np.ndarray

    def __len__(self) -> int:
        return len(self.days)

    def take(self, rows: np.ndarray) -> "Dates":
        """The given rows, in their order."""
        return Dates(self.days[rows])

    @classmethod
    def some(cls, days: np.ndarray, known: np.ndarray) -> "Dates":
        """The days where known, else null."""
        return cls(np.where(known, days.astype(np.int32), NO_DAY))


@dataclass
class Numbers:
    """A number column; values where `null` is True are null."""

    values: np.ndarray
    null: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: np.ndarray) -> "Numbers":
        """The given rows, in their order."""
        return Numbers(self.values[rows], None if self.null is None else self.null[rows])


Column = Coded | Dates | Numbers
Kind = TypeVar("Kind", Coded, Dates, Numbers)


@dataclass
class Rows:
    """One table of one PCN: for each row the position of its person, and its own columns."""

    who: np.ndarray
    columns: dict[str, Column]

    def __len__(self) -> int:
        return len(self.who)

    def coded(self, name: str) -> Coded:
        """A column of words. Raises TypeError where it is of another kind."""
        return _of_kind(self.columns[name], Coded)

    def dates(self, name: str) -> Dates:
        """A date column; as `coded`."""
        return _of_kind(self.columns[name], Dates)

    def numbers(self, name: str) -> Numbers:
        """A number column; as `coded`."""
        return _of_kind(self.columns[name], Numbers)

    def take(self, rows: np.ndarray) -> "Rows":
        """The given rows, in their order."""
        return Rows(self.who[rows], {name: column.take(rows) for name, column in self.columns.items()})

    def followed_by(self, more: "Rows") -> "Rows":
        """The whole table, and the rows of another of the same columns below it."""
        columns = {name: _joined(column, more.columns[name]) for name, column in self.columns.items()}
        return Rows(np.concatenate([self.who, more.who]), columns)

    def repeated(self, rows: np.ndarray) -> "Rows":
        """The whole table, and the given rows once more at its end."""
        return self.followed_by(self.take(rows))


def _of_kind(column: Column, kind: type[Kind]) -> Kind:
    if not isinstance(column, kind):
        raise TypeError(f"a column of {type(column).__name__}, not of {kind.__name__}")
    return column


def _joined(column: Column, more: Column) -> Column:
    """A column and more of it below."""
    if isinstance(column, Coded) and isinstance(more, Coded):
        return _joined_words(column, more)
    if isinstance(column, Dates) and isinstance(more, Dates):
        return Dates(np.concatenate([column.days, more.days]))
    column, more = _of_kind(column, Numbers), _of_kind(more, Numbers)
    null = None if column.null is None or more.null is None else np.concatenate([column.null, more.null])
    return Numbers(np.concatenate([column.values, more.values]), null)


def _joined_words(column: Coded, more: Coded) -> Coded:
    """The words of both; those of the first alone where the second has the same."""
    words, added = column.words, more.words
    if words is added or (len(words) == len(added) and all(a == b for a, b in zip(words, added, strict=True))):
        return Coded(np.concatenate([column.index, more.index]), words)
    index = [np.where(c.index == c.null, -1, c.index.astype(np.int32)) for c in (column, more)]
    index[1][index[1] >= 0] += len(words)
    return Coded(np.concatenate(index), np.array([*map(str, words), *map(str, added)]))


def ids(pcn: int, count: int) -> Numbers:
    """Row identifiers that no other PCN has."""
    return Numbers(np.arange(1, count + 1, dtype=np.int64) + pcn * 1_000_000_000)
