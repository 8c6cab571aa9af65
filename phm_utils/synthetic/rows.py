"""Rows of a table while they are being made: numpy columns, and whom each row is about."""

from dataclasses import dataclass

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


@dataclass
class Rows:
    """One table of one PCN: for each row the position of its person, and its own columns."""

    who: np.ndarray
    columns: dict[str, Column]

    def __len__(self) -> int:
        return len(self.who)

    def take(self, rows: np.ndarray) -> "Rows":
        """The given rows, in their order."""
        return Rows(self.who[rows], {name: column.take(rows) for name, column in self.columns.items()})

    def repeated(self, rows: np.ndarray) -> "Rows":
        """The whole table, and the given rows once more at its end."""
        again = self.take(rows)
        columns = {name: _joined(column, again.columns[name]) for name, column in self.columns.items()}
        return Rows(np.concatenate([self.who, again.who]), columns)


def _joined(column: Column, more: Column) -> Column:
    """A column and more of it below."""
    if isinstance(column, Coded):
        return Coded(np.concatenate([column.index, more.index]), column.words)
    if isinstance(column, Dates):
        return Dates(np.concatenate([column.days, more.days]))
    null = None if column.null is None else np.concatenate([column.null, more.null])
    return Numbers(np.concatenate([column.values, more.values]), null)


def ids(pcn: int, count: int) -> Numbers:
    """Row identifiers that no other PCN has."""
    return Numbers(np.arange(1, count + 1, dtype=np.int64) + pcn * 1_000_000_000)
