"""The register of kinds of corruption: one function per kind, with the places and shares of rows it is tried on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tiny_landing import Change

Generator = Callable[[Change], None]


@dataclass(frozen=True)
class Case:
    """One corruption: a kind at one place, in a share of rows.

    option: what the generator reads besides (`change.option`).
    """

    kind: str
    does: Generator
    table: str
    column: str
    share: float
    option: Any = None

    @property
    def name(self) -> str:
        where = f"{self.table}.{self.column}" if self.column else self.table
        words = [self.kind, where, "" if self.share == 1 else f"{self.share:.0%}", str(self.option or "")]
        return " ".join(word for word in words if word)

    def make(self, source: Path, folder: Path) -> Change:
        """Write the corrupted copy of a landing."""
        change = Change(source, folder, self.table, self.column, self.share, self.name, option=self.option)
        self.does(change)
        change.save()
        return change


CASES: list[Case] = []


def kind(*places: str, shares: Iterable[float] = (1.0,), options: Iterable[Any] = (None,)):
    """Enter a generator into the register: at each place (`table` or `table.column`), share and option."""

    def enter(does: Generator) -> Generator:
        for place in places:
            table, _, column = place.partition(".")
            case = Case(does.__name__, does, table, column, 1.0)
            CASES.extend(replace(case, share=share, option=option) for share in shares for option in options)
        return does

    return enter


def dated(tables: Iterable[str], dates: dict[str, str]) -> list[str]:
    """The places of the dates of some tables."""
    return [f"{table}.{dates[table]}" for table in tables]


def columns_of(column: str, tables: Iterable[str]) -> list[str]:
    """One column in some tables."""
    return [f"{table}.{column}" for table in tables]
