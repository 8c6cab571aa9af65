"""What is known of a person for whom a rule is true, or false: statements about figures, joined by every and some.

A rule is true, false or unknown, and two rules are compared by when they are true. So `not` needs to know when a rule
is false, which is not whenever it is not true: a statement is made for each of the two, and holds exactly then.
Of "X at least 5" false: X is known and less than 5. Of a person's events in a window from an event of the person's
own, "fewer than" is known only when the window is over and "at least" before that; a statement of one side is about
both alike, so that one of fewer events includes that its window is over.
"""

from dataclasses import dataclass, field

from phm_utils.rules.event_windows import Window
from phm_utils.rules.figure_values import Values

COUNTED = ("events", "list", "address", "programme")  # kinds of subjects of which there are more in a longer window


@dataclass(frozen=True)
class Subject:
    """What a statement is about.

    kind: column, events, list, address, programme, latest, age, sum, change or segment. names: of the column or of
    concepts, lists or programmes. how: what is counted or compared. whole: is it a whole number?
    """

    kind: str
    names: frozenset[str]
    windows: tuple[Window | None, ...] = ()
    how: tuple[str, ...] = ()
    whole: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Figure:
    """A figure of the person is known and has one of some values; or it is not known."""

    subject: Subject
    values: Values


@dataclass(frozen=True)
class Same:
    """A rule that is compared with its like only: it is true, or false."""

    rule: str
    true: bool


@dataclass(frozen=True, eq=False)
class Tally:
    """The parts are all known, and so many of them are true. certain: no part is ever unknown."""

    rules: tuple[str, ...]
    parts: tuple[tuple["Statement", "Statement"], ...]  # of each, when it is true and when it is false
    allowed: frozenset[int]
    certain: bool


@dataclass(frozen=True, eq=False)
class OfHousehold:
    """Of somebody else in the household, where true, or else of everybody else."""

    statement: "Statement"
    true: bool


@dataclass(frozen=True, eq=False)
class Every:
    """All parts hold."""

    parts: tuple["Statement", ...]


@dataclass(frozen=True, eq=False)
class Some:
    """At least one part holds."""

    parts: tuple["Statement", ...]


Statement = Figure | Same | Tally | OfHousehold | Every | Some
