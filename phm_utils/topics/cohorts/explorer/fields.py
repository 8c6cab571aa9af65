"""Fields of the explorer for what a criterion asks about: a column, concepts, names, and one of several words."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from phm_utils.topics.cohorts.explorer.controls import Control, Options, choice, on_value, several, shown, text, tick

Changed = Callable[[], None]
BY = (("difference", "difference"), ("ratio", "ratio"))


class Field(Protocol):
    """Part of a criterion: its controls, and what a file has for them."""

    controls: tuple[Control, ...]

    def read(self) -> dict[str, Any]:
        """What the controls say, as a file has it."""

    def write(self, content: Mapping[str, Any]) -> None:
        """Set the controls to what a file has."""


class ColumnField:
    """Which column of `person`."""

    def __init__(self, options: Options, changed: Changed) -> None:
        self.name = choice("Column", options)
        self.controls: tuple[Control, ...] = (self.name,)
        on_value(self.controls, changed)

    def read(self) -> dict[str, Any]:
        return {"column": self.name.value}

    def write(self, content: Mapping[str, Any]) -> None:
        self.name.value = content["column"]


class ConceptsField:
    """Which concept, activity or signal; several count together, where the form allows it."""

    def __init__(self, key: str, options: Options, changed: Changed, *, many: bool) -> None:
        listed = list(options)
        self.key = key
        self.one, self.picked = choice("Concept", listed), several("Concepts (Ctrl for several)", listed)
        self.more = tick("More than one")
        self.controls: tuple[Control, ...] = (self.one, self.picked, *((self.more,) if many else ()))
        self._show()
        self.more.observe(lambda _: self._show(), "value")
        on_value(self.controls, changed)

    def _show(self) -> None:
        shown(self.one, not self.more.value)
        shown(self.picked, self.more.value)
        if self.more.value and not self.picked.value and self.one.value:
            self.picked.value = (self.one.value,)

    def read(self) -> dict[str, Any]:
        return {self.key: list(self.picked.value) if self.more.value else self.one.value}

    def write(self, content: Mapping[str, Any]) -> None:
        asked = content[self.key]
        if isinstance(asked, list | tuple):
            self.picked.value = tuple(asked)
        else:
            self.one.value = asked
        self.more.value = not isinstance(asked, str)


class ChoiceField:
    """One of several words."""

    def __init__(self, key: str, label: str, options: Options, changed: Changed) -> None:
        self.key, self.one = key, choice(label, options)
        self.controls: tuple[Control, ...] = (self.one,)
        on_value(self.controls, changed)

    def read(self) -> dict[str, Any]:
        return {self.key: self.one.value}

    def write(self, content: Mapping[str, Any]) -> None:
        self.one.value = content.get(self.key, self.one.value)


class DaysField:
    """Count days with an event instead of events."""

    def __init__(self, changed: Changed) -> None:
        self.days = tick("Count days, not events")
        self.controls: tuple[Control, ...] = (self.days,)
        on_value(self.controls, changed)

    def read(self) -> dict[str, Any]:
        return {"distinct": "day"} if self.days.value else {}

    def write(self, content: Mapping[str, Any]) -> None:
        self.days.value = content.get("distinct") == "day"


class NamesField:
    """Names of segments, lists, programmes, cohorts or a file, as they are written; several with commas."""

    def __init__(self, key: str, changed: Changed) -> None:
        self.key, self.names = key, text("Names (commas between several)")
        self.controls: tuple[Control, ...] = (self.names,)
        on_value(self.controls, changed)

    def read(self) -> dict[str, Any]:
        names = [name.strip() for name in self.names.value.split(",")]
        return {self.key: names if len(names) > 1 else names[0]}

    def write(self, content: Mapping[str, Any]) -> None:
        self.names.value = in_line(content[self.key])


def in_line(value: Any) -> str:
    """One name or several, in a line.

    >>> in_line(["a", "b"])
    'a, b'
    """
    return ", ".join(str(part) for part in value) if isinstance(value, list | tuple) else str(value)
