"""Fields of the explorer for times: the window in which events count, and how old a latest value is."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from phm_utils.topics.cohorts.explorer.controls import Control, Options, choice, on_value, shown, text, whole

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


def day_or_text(words: str) -> Any:
    """A day where the words are one; else the words themselves, which the check of the rule names if they are wrong.

    >>> day_or_text("2025-03-31"), day_or_text("12 months ago")
    (datetime.date(2025, 3, 31), '12 months ago')
    """
    try:
        return date.fromisoformat(words.strip())
    except ValueError:
        return words.strip()


class LengthField:
    """A length of time, `{months: 12}`; 0 is none."""

    def __init__(self, label: str, value: int = 0) -> None:
        self.number, self.unit = whole(label, value, most=LONGEST), choice("Unit", ((u, u) for u in UNITS), "months")
        self.controls: tuple[Control, ...] = (self.number, self.unit)

    def write(self, length: Mapping[str, Any]) -> None:
        """Show a length; other names of a window are not looked at."""
        unit = next((unit for unit in UNITS if unit in length), "months")
        self.number.value, self.unit.value = length.get(unit, 0), unit

    def read(self) -> dict[str, Any]:
        """The length as a file has it."""
        return {self.unit.value: self.number.value} if self.number.value else {}


class WindowField:
    """When events count: a length back from the index date, days, or a length from an event; nothing is ever."""

    def __init__(self, key: str, label: str, concepts: Options, changed: Callable[[], None]) -> None:
        self.key, self._said = key, False
        self.way = choice(label, WAYS, EVER)
        self.event, self.which = choice("Event", concepts), choice("Which", WHICH, "last")
        self.length, self.ending = LengthField("How long", YEAR), LengthField("Ending before the end by")
        self.starting = LengthField("Starting later by")
        self.first, self.last = text("From day", hint="2024-04-01"), text("To day", hint="2025-03-31")
        self._parts: dict[str, tuple[Control, ...]] = {
            BACK: (*self.length.controls, *self.ending.controls),
            DAYS: (self.first, self.last),
            AFTER: (self.event, self.which, *self.length.controls, *self.starting.controls),
        }
        self._parts[BEFORE] = self._parts[AFTER]
        every = (self.event, self.which, *self.length.controls, *self.ending.controls, *self.starting.controls)
        self.controls: tuple[Control, ...] = (self.way, *every, self.first, self.last)
        self._show()
        self.way.observe(lambda _: self._show(), "value")
        on_value(self.controls, changed)

    def _show(self) -> None:
        used = self._parts.get(self.way.value, ())
        for control in self.controls[1:]:
            shown(control, control in used)
        if self.way.value in (AFTER, BEFORE) and self.event.value is None:
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
        self.op, self.months = choice("Entry", self.OPS, ""), whole("Months old", YEAR)
        self.controls: tuple[Control, ...] = (self.op, self.months)
        self._show()
        self.op.observe(lambda _: self._show(), "value")
        on_value(self.controls, changed)

    def _show(self) -> None:
        shown(self.months, bool(self.op.value))

    def write(self, content: Mapping[str, Any]) -> None:
        """Show the age that a rule asks."""
        age = content.get("age") or {}
        self.op.value, self.months.value = age.get("op", ""), age.get("months", YEAR)

    def read(self) -> dict[str, Any]:
        """The age as a file has it."""
        return {"age": {"op": self.op.value, "months": self.months.value}} if self.op.value else {}
