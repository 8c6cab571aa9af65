"""Fields of the explorer for times: the window in which events count, and how old a latest value is."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from phm_utils.topics.cohorts.explorer.controls import Control, Options, choice, on_value, shown, text, whole

UNITS = (("months", "months"), ("days", "days"), ("years", "years"))
EVER, BACK, DAYS, AFTER, BEFORE, AGES = "ever", "back", "days", "after", "before", "ages"
WAYS = (
    ("ever", EVER),
    ("in the last", BACK),
    ("between two days", DAYS),
    ("after an event", AFTER),
    ("before an event", BEFORE),
    ("between two birthdays", AGES),
)
BACK_FIRST = 12  # months of a window that nobody has set yet


def day_or_text(words: str) -> Any:
    """A day where the words are one; else the words themselves, which the check of the rule names if they are wrong.

    >>> day_or_text("2025-03-31"), day_or_text("12 months ago")
    (datetime.date(2025, 3, 31), '12 months ago')
    """
    try:
        return date.fromisoformat(words.strip())
    except ValueError:
        return words.strip()


def _length(content: Mapping[str, Any]) -> tuple[int, str]:
    """A length of time: its number and its unit."""
    return next(((content[unit], unit) for _, unit in UNITS if unit in content), (BACK_FIRST, "months"))


class WindowField:
    """When events count: `{months: 12}`, days, from an event, or between birthdays; nothing is ever."""

    def __init__(self, key: str, label: str, concepts: Options, changed: Callable[[], None]) -> None:
        self.key = key
        listed = list(concepts)
        self.way = choice(label, WAYS, EVER)
        self.number, self.unit = whole("How long", BACK_FIRST, most=45_000), choice("Unit", UNITS, "months")
        self.ending = whole("Ending months ago", most=1_440)
        self.first, self.last = text("From day", hint="2024-04-01"), text("To day", hint="2025-03-31")
        self.event = choice("Event", listed, listed[0][1] if listed else None)
        self.which = choice("Which", (("first", "first"), ("last", "last")), "last")
        self.age_from, self.age_to = whole("From birthday", most=120), whole("To birthday", 5, most=120)
        self.controls: tuple[Control, ...] = (self.way, self.event, self.which, self.number, self.unit, self.ending)
        self.controls += (self.first, self.last, self.age_from, self.age_to)
        self._show()
        self.way.observe(lambda _: self._show(), "value")
        on_value(self.controls, changed)

    def _show(self) -> None:
        way = self.way.value
        for control in (self.number, self.unit):
            shown(control, way in (BACK, AFTER, BEFORE))
        for control in (self.event, self.which):
            shown(control, way in (AFTER, BEFORE))
        shown(self.ending, way == BACK)
        for control in (self.first, self.last):
            shown(control, way == DAYS)
        for control in (self.age_from, self.age_to):
            shown(control, way == AGES)

    def write(self, content: Mapping[str, Any]) -> None:
        """Show the window of a rule."""
        window = dict(content.get(self.key) or {})
        self.way.value = self._way(window)
        match self.way.value:
            case "back":
                self.number.value, self.unit.value = _length(window)
                self.ending.value = window.get("ending", {}).get("months", 0)
            case "days":
                self.first.value, self.last.value = (str(window.get(side) or "") for side in ("from", "to"))
            case "after" | "before" as side:
                self.event.value, self.which.value = window[side], window.get("which", "last")
                length = any(unit in window for _, unit in UNITS)
                self.number.value, self.unit.value = _length(window) if length else (0, "months")
            case "ages":
                self.age_from.value, self.age_to.value = window.get("age_from", 0), window.get("age_to", 0)
        self._show()

    def _way(self, window: Mapping[str, Any]) -> str:
        if not window:
            return EVER
        named = [way for way in (AFTER, BEFORE) if way in window]
        if named:
            return named[0]
        if {"from", "to"} & set(window):
            return DAYS
        return AGES if {"age_from", "age_to"} & set(window) else BACK

    def _window(self) -> dict[str, Any]:
        length = {self.unit.value: self.number.value} if self.number.value else {}
        match self.way.value:
            case "back":
                return length | ({"ending": {"months": self.ending.value}} if self.ending.value else {})
            case "days":
                days = {"from": self.first.value, "to": self.last.value}
                return {side: day_or_text(words) for side, words in days.items() if words.strip()}
            case "after" | "before" as side:
                return {side: self.event.value, "which": self.which.value} | length
            case "ages":
                return {"age_from": self.age_from.value, "age_to": self.age_to.value}
        return {}

    def read(self) -> dict[str, Any]:
        """The window as a file has it."""
        window = self._window()
        return {self.key: window} if window else {}


class AgeField:
    """How old the latest value is: `{op: more than, months: 12}`; any age where it is not asked."""

    OPS = (("of any age", ""), *((f"{op} this old", op) for op in ("more than", "at least", "at most", "less than")))

    def __init__(self, changed: Callable[[], None]) -> None:
        self.op, self.number = choice("Entry", self.OPS, ""), whole("How old", BACK_FIRST, most=45_000)
        self.unit = choice("Unit", UNITS, "months")
        self.controls: tuple[Control, ...] = (self.op, self.number, self.unit)
        self._show()
        self.op.observe(lambda _: self._show(), "value")
        on_value(self.controls, changed)

    def _show(self) -> None:
        for control in (self.number, self.unit):
            shown(control, bool(self.op.value))

    def write(self, content: Mapping[str, Any]) -> None:
        """Show the age that a rule asks."""
        age = content.get("age") or {}
        self.op.value = age.get("op", "")
        self.number.value, self.unit.value = _length(age)

    def read(self) -> dict[str, Any]:
        """The age as a file has it."""
        return {"age": {"op": self.op.value, self.unit.value: self.number.value}} if self.op.value else {}
