"""The report on a code list: its faults, its warnings, and the list itself where it has no faults."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from phm_utils.errors import InputError
from phm_utils.rules.code_systems import quoted

FAULTS_SHOWN = 5


@dataclass(frozen=True)
class Fault:
    """What is wrong with one row; with the whole file where `row`, a line of the file, is None."""

    cause: str
    row: int | None = None
    code: str = ""

    def __str__(self) -> str:
        return self.cause if self.row is None else f"row {self.row}: {quoted(self.code)} {self.cause}"


@dataclass(frozen=True)
class CodeList:
    """A list without faults. codes: each once, in the order of the file, in the form that extracts hold them."""

    name: str
    system: str
    codes: tuple[str, ...]
    path: Path
    dated: date | None = None
    terms: dict[str, str] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class ListReport:
    """What a list holds and what is wrong with it.

    system: as given, or as recognised; None where nothing shows it.
    rows: with content, below the headings. codes: those that can be used.
    dated: the day in its name, in a column, or in its folder's manifest; None where no day is known.
    """

    path: Path
    system: str | None = None
    rows: int = 0
    codes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    warnings: tuple[str, ...] = ()
    dated: date | None = None
    terms: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def bad(self) -> bool:
        return bool(self.faults)

    def code_list(self) -> CodeList:
        """The list, for whatever depends on it. Raises InputError that names list, rows and likely causes."""
        of_file = [f.cause for f in self.faults if f.row is None]
        rows = [f"- {f}" for f in self.faults if f.row is not None]
        more = [f"- and {len(rows) - FAULTS_SHOWN} more"] if len(rows) > FAULTS_SHOWN else []
        if of_file:
            raise InputError("\n".join([f"Code list {self.path.name} {of_file[0]}", *rows[:FAULTS_SHOWN], *more]))
        if rows:
            summary = f"Code list {self.path.name}: {len(rows)} of {self.rows} rows cannot be used."
            raise InputError("\n".join([summary, *rows[:FAULTS_SHOWN], *more]))
        assert self.system is not None
        return CodeList(self.name, self.system, self.codes, self.path, self.dated, self.terms)


def codes_counted(count: int) -> str:
    """`1 code`, `2 codes`.

    >>> codes_counted(1), codes_counted(1_200)
    ('1 code', '1,200 codes')
    """
    return f"{count:,} code{'' if count == 1 else 's'}"
