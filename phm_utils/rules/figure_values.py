"""Sets of values that a figure may have, and whether one lies within another."""

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

from phm_utils.rules.event_windows import UNITS, ago

BOUNDS = ("at least", "more than", "at most", "less than")
DIGITS = 15  # of a decimal number that a float of eight bytes holds apart from its neighbours
Rank = tuple[str, Any]  # a kind of value, and the value by which those of one kind are ordered


def rank(value: Any, ordered: bool) -> Rank | None:
    """A value with its kind; None where it cannot be compared with certainty.

    Numbers of more digits than a float can hold, or written with an exponent, may be the same in SQL and not here.
    Days such as `12 months ago` are ordered among those of one unit; whether two of them are the same day, or one of
    them is 2025-03-31, depends on the run. ordered: is the value a bound?

    >>> rank("1 year ago", ordered=True), rank("1 year ago", ordered=False), rank(0.1234567890123456, ordered=True)
    (('months ago', -12), None, None)
    """
    match value:
        case bool():
            return "truth", value
        case int() | float():
            return ("number", value) if _certain(value) else None
        case date():
            return "day", value.toordinal()
        case str() if ago(value, date(2000, 1, 1)) is not None:
            return _ago(value) if ordered else None
        case str():
            return "text", value
    return None


def _certain(number: float) -> bool:
    text = repr(number)
    return math.isfinite(number) and "e" not in text and sum(c.isdecimal() for c in text) <= DIGITS


def _ago(text: str) -> Rank:
    number, unit, _ = text.split()
    unit = unit if unit.endswith("s") else f"{unit}s"
    return ("days ago", -int(number)) if unit == "days" else ("months ago", -int(number) * UNITS[unit])


@dataclass(frozen=True)
class Among:
    """One of some values."""

    values: frozenset[Rank]


@dataclass(frozen=True)
class Except:
    """Any value but one."""

    value: Rank


@dataclass(frozen=True)
class Bound:
    """Values from a bound up, or down; open: without the bound itself."""

    up: bool
    value: Rank
    open: bool

    @staticmethod
    def of(op: str, value: Rank, whole: bool) -> "Bound":
        """The values that a comparison allows. whole: they are whole numbers, so "more than 4" is "at least 5".

        >>> Bound.of("more than", ("number", 4), whole=True), Bound.of("at most", ("number", 4.5), whole=True)
        (Bound(up=True, value=('number', 5), open=False), Bound(up=False, value=('number', 4), open=False))
        """
        up, open_ = op in ("at least", "more than"), op in ("more than", "less than")
        kind, number = value
        if not whole or kind != "number":
            return Bound(up, value, open_)
        if up:
            return Bound(up, (kind, math.floor(number) + 1 if open_ else math.ceil(number)), False)
        return Bound(up, (kind, math.ceil(number) - 1 if open_ else math.floor(number)), False)

    def has(self, value: Rank) -> bool:
        """Is a value among them? One of another kind is not, as far as is known."""
        if value[0] != self.value[0]:
            return False
        beyond = value[1] > self.value[1] if self.up else value[1] < self.value[1]
        return beyond or (value[1] == self.value[1] and not self.open)


@dataclass(frozen=True)
class Existing:
    """Any value; or, where not known, none."""

    known: bool


Values = Among | Except | Bound | Existing


def values_within(inner: Values, outer: Values) -> bool:
    """Is each value of one set certainly a value of another?

    >>> values_within(Among(frozenset([("number", 7)])), Bound.of("at least", ("number", 5), whole=False))
    True
    """
    match inner, outer:
        case Existing(), Existing():
            return inner == outer
        case Existing(), _:
            return False
        case _, Existing():
            return outer.known
        case Among(values=values), _:
            return all(_has(outer, value) for value in values)
        case Bound(), Bound():
            # Where the bounds are the same value, one that is left out of the outer set must be of the inner one too.
            same = inner.value == outer.value and (inner.open or not outer.open)
            return inner.up == outer.up and (same or (inner.value != outer.value and outer.has(inner.value)))
        case Bound(), Except(value=left_out):
            return left_out[0] == inner.value[0] and not inner.has(left_out)
        case Except(), Except():
            return inner == outer
    return False


def _has(values: Values, value: Rank) -> bool:
    match values:
        case Among(values=listed):
            return value in listed
        case Except(value=left_out):
            return value[0] == left_out[0] and value != left_out
        case Bound():
            return values.has(value)
    return values.known
