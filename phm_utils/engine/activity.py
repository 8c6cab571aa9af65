"""What a long step is doing now: set by the code that works, read by whoever shows progress."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Activity:
    """The work in hand.

    doing: the table that is being made or checked. done, total: rows so far and in all; total is 0
    where they are not counted. tables: how many tables have been begun.
    """

    doing: str = ""
    done: int = 0
    total: int = 0
    tables: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds_left(self) -> float | None:
        """Seconds until all rows are done, at the pace so far; None where rows are not counted."""
        if not self.total or not self.done:
            return None
        return (time.monotonic() - self.started) * (self.total - self.done) / self.done


_current: ContextVar[Activity | None] = ContextVar("activity", default=None)


@contextmanager
def watched() -> Iterator[Activity]:
    """The activity of the code inside the block."""
    activity = Activity()
    token = _current.set(activity)
    try:
        yield activity
    finally:
        _current.reset(token)


def begin(table: str) -> None:
    """Say which table is being made or checked."""
    if activity := _current.get():
        activity.doing = table
        activity.tables += 1


def expect(rows: int) -> None:
    """Say how many rows there are to do, in all tables together."""
    if activity := _current.get():
        activity.total = rows


def advance(rows: int) -> None:
    """Say that so many rows more are done."""
    if activity := _current.get():
        activity.done += rows
