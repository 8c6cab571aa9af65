"""Relations of a released table's counts that rest on another release: groups within groups, and the same count twice.

Disclosure control across tables reads these declarations with the other release's rows at hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

DESCRIBES_UNIT = ("unit_name", "category", "why")  # keys that say something of a unit: they tell no rows of it apart


@dataclass(frozen=True)
class Nested:
    """`count` is at most that of the row with otherwise the same keys whose group contains this row's group.

    by: the keys that name the group.
    release: that which says, in rows of its own, which group lies in which.
    inner, outer: its keys for the group within and for that around it, in the order of `by`.
    only: of its other keys, the value of those rows that are about groups as `by` names them.
    either_way: two keys that may change places: a row stands for both orders.
    """

    count: str
    by: tuple[str, ...]
    release: str
    inner: tuple[str, ...]
    outer: tuple[str, ...]
    only: tuple[tuple[str, str], ...] = ()
    either_way: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.count, *self.by, *self.either_way)

    def violations(self, frame: pd.DataFrame, keys: Sequence[str], nesting: pd.DataFrame) -> int:
        """Number of pairs of rows of which the one within is larger. nesting: the rows of `release`."""
        rest = [k for k in keys if k not in (*self.by, "place", *DESCRIBES_UNIT)]
        if self.either_way:
            one, other = self.either_way
            frame = pd.concat([frame, frame.rename(columns={one: other, other: one})])
        figures = frame[[*self.by, *rest, self.count]]
        within = figures.merge(self.pairs(nesting), on=list(self.by))
        around = figures.rename(columns=dict(zip(self.by, self._around, strict=True)) | {self.count: "_around"})
        both = within.merge(around, on=[*self._around, *rest])
        return int((both[self.count] > both["_around"]).sum())

    def pairs(self, nesting: pd.DataFrame) -> pd.DataFrame:
        """One row per group, by the keys of `by`, and group around it, by the same keys after `_around_`."""
        about = _those(nesting, self.only)
        named = dict(zip((*self.inner, *self.outer), (*self.by, *self._around), strict=True))
        return about[list(named)].rename(columns=named)

    @property
    def _around(self) -> tuple[str, ...]:
        return tuple(f"_around_{name}" for name in self.by)


@dataclass(frozen=True)
class Whole:
    """`part` is all of `whole` where the group of one key lies within the group of another key of the same row.

    within, around: the keys that name the two groups. release, inner, outer, only: as of `Nested`.
    """

    part: str
    whole: str
    within: str
    around: str
    release: str
    inner: str
    outer: str
    only: tuple[tuple[str, str], ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.part, self.whole, self.within, self.around)

    def violations(self, frame: pd.DataFrame, keys: Sequence[str], nesting: pd.DataFrame) -> int:
        """Number of rows of such groups whose two counts differ. nesting: the rows of `release`."""
        pairs = _those(nesting, self.only)[[self.inner, self.outer]]
        named = pairs.rename(columns={self.inner: self.within, self.outer: self.around}).drop_duplicates()
        rows = frame.merge(named, on=[self.within, self.around])
        return int((rows[self.part] != rows[self.whole]).sum())


@dataclass(frozen=True)
class SameAs:
    """`count` is the count `other` of another release, in its row with the same `on`.

    only: of the keys here, the values of those rows of which it is true.
    """

    count: str
    release: str
    other: str
    on: tuple[str, ...]
    only: tuple[tuple[str, str], ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.count, *self.on, *(name for name, _ in self.only))

    def violations(self, frame: pd.DataFrame, keys: Sequence[str], there: pd.DataFrame) -> int:
        """Number of rows that differ, or that the other release lacks. there: its rows."""
        mine = _those(frame, self.only)[[*self.on, self.count]]
        its = there[[*self.on, self.other]].rename(columns={self.other: "_there"})
        both = mine.merge(its, how="left", on=list(self.on))
        return int((both[self.count] != both["_there"]).sum())


def _those(frame: pd.DataFrame, only: Sequence[tuple[str, str]]) -> pd.DataFrame:
    for name, value in only:
        frame = frame[frame[name] == value]
    return frame
