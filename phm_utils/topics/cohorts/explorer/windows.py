"""Fields of the explorer for times: the window in which events count, and how old a latest value is."""

from collections.abc import Callable, Mapping
from typing import Any

from phm_utils.topics.cohorts.explorer.controls import (
    Control,
    Options,
    choice,
    day_or_text,
    named,
    on_value,
    shown,
    text,
    whole,
)

UNITS = ("months", "days", "years")
EVER, BACK, DAYS, AFTER, BEFORE = "ever", "back", "days", "after", "before"
WAYS = (
    ("ever", EVER),
    ("in the last", BACK),
    ("between two days", DAYS),
    ("after an event", AFTER),
    ("before an event", BEFORE),
)
WHICH = (("last", "last"), ("first", "first"))
YEAR = 12  # months of a window that nobody has set yet
LONGEST = 45_000  # days


class CountField:
    """A whole number, or a parameter of the file such as `$months` where a file says one."""

    def __init__(self, label: str, value: int = 0) -> None:
        self.number, self.parameter = whole(label, value, most=LONGEST), named(label)
        self.controls: tuple[Control, ...] = (self.number, self.parameter)

    def show(self, yes: bool) -> None:
        """Show the control that is in use, or neither."""
        shown(self.number, yes and not self._named())
        shown(self.parameter, yes and self._named())

    def _named(self) -> bool:
        return bool(self.parameter.value.strip())

    def write(self, value: int | str) -> None:
        self.parameter.value = value if isinstance(value, str) else ""
        if not isinstance(value, str):
            self.number.value = value

    def read(self) -> int | str:
        """What a file has; a number that somebody types in place of a parameter is one."""
        words = self.parameter.value.strip()
        return int(words) if words.isdecimal() else words or self.number.value


class LengthField:
    """A length of time, `{months: 12}`; 0 is none."""

    def __init__(self, label: str, value: int = 0) -> None:
        self.count, self.unit = CountField(label, value), choice("Unit", ((u, u) for u in UNITS), "months")
        self.controls: tuple[Control, ...] = (*self.count.controls, self.unit)

    def show(self, yes: bool) -> None:
        self.count.show(yes)
        shown(self.unit, yes)

    def write(self, length: Mapping[str, Any]) -> None:
        """Show a length; other names of a window are not looked at."""
        unit = next((unit for unit in UNITS if unit in length), "months")
        self.count.write(length.get(unit, 0))
        self.unit.value = unit

    def read(self) -> dict[str, Any]:
        """The length as a file has it."""
        return {self.unit.value: number} if (number := self.count.read()) else {}


class WindowField:
    """When events count: a length back from the index date, days, or a length from an event; nothing is ever."""

    def __init__(self, key: str, label: str, concepts: Options, changed: Callable[[], None]) -> None:
        self.key, self._said = key, False
        self.way = choice(label, WAYS, EVER)
        self.event, self.which = choice("Event", concepts), choice("Which", WHICH, "last")
        self.length, self.ending = LengthField("How long", YEAR), LengthField("Ending earlier by")
        self.starting = LengthField("Starting later by")
        self.first, self.last = text("From day", hint="2024-04-01"), text("To day", hint="2025-03-31")
        lengths = (self.length, self.ending, self.starting)
        self.controls: tuple[Control, ...] = (self.way, self.event, self.which)
        self.controls += (*(c for length in lengths for c in length.controls), self.first, self.last)
        self._show()
        self.way.observe(lambda _: self._show(), "value")
        on_value(self.controls, changed)

    def _show(self) -> None:
        way = self.way.value
        from_event = way in (AFTER, BEFORE)
        self.length.show(from_event or way == BACK)
        self.ending.show(way == BACK)
        self.starting.show(from_event)
        for control in (self.event, self.which):
            shown(control, from_event)
        for control in (self.first, self.last):
            shown(control, way == DAYS)
        if from_event and self.event.value is None:
            self.event.index = 0

    def write(self, content: Mapping[str, Any]) -> None:
        """Show the window of a rule."""
        window = dict(content.get(self.key) or {})
        way = next((side for side in (AFTER, BEFORE) if side in window), None)
        way = way or (DAYS if {"from", "to"} & set(window) else BACK if window else EVER)
        if way in (AFTER, BEFORE):
            self.event.value, self.which.value = window[way], window.get("which", "last")
        self._said = "which" in window
        if window:
            self.length.write(window)
        self.ending.write(window.get("ending", {}))
        self.starting.write(window.get("starting", {}))
        self.first.value, self.last.value = (str(window.get(side) or "") for side in ("from", "to"))
        self.way.value = way
        self._show()

    def _window(self) -> dict[str, Any]:
        way = self.way.value
        if way == BACK:
            ending = self.ending.read()
            return self.length.read() | ({"ending": ending} if ending else {})
        if way == DAYS:
            days = {"from": self.first.value, "to": self.last.value}
            return {side: day_or_text(words) for side, words in days.items() if words.strip()}
        if way in (AFTER, BEFORE):
            starting, which = self.starting.read(), self.which.value
            named = {"which": which} if which == "first" or self._said else {}
            return {way: self.event.value} | named | self.length.read() | ({"starting": starting} if starting else {})
        return {}

    def read(self) -> dict[str, Any]:
        """The window as a file has it."""
        window = self._window()
        return {self.key: window} if window else {}


class AgeField:
    """How old the latest value is: `{op: more than, months: 12}`; of any age where it is not asked."""

    OPS = (("of any age", ""), *((f"{op} this old", op) for op in ("more than", "at least", "at most", "less than")))

    def __init__(self, changed: Callable[[], None]) -> None:
        self.op, self.months = choice("Entry", self.OPS, ""), CountField("Months old", YEAR)
        self.controls: tuple[Control, ...] = (self.op, *self.months.controls)
        self._show()
        self.op.observe(lambda _: self._show(), "value")
        on_value(self.controls, changed)

    def _show(self) -> None:
        self.months.show(bool(self.op.value))

    def write(self, content: Mapping[str, Any]) -> None:
        """Show the age that a rule asks."""
        age = content.get("age") or {}
        self.months.write(age.get("months", YEAR))
        self.op.value = age.get("op", "")
        self._show()

    def read(self) -> dict[str, Any]:
        """The age as a file has it."""
        return {"age": {"op": self.op.value, "months": self.months.read()}} if self.op.value else {}
