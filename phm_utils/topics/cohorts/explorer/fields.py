"""Fields of the explorer for what a criterion asks about: columns, concepts, names, a file, words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from phm_utils.topics.cohorts.explorer.controls import Control, Options, choice, on_value, several, shown, text, tick

Changed = Callable[[], None]


class Field(Protocol):
    """Part of a criterion: its controls, and what a file has for them."""

    controls: tuple[Control, ...]

    def read(self) -> dict[str, Any]:
        """What the controls say, as a file has it."""

    def write(self, content: Mapping[str, Any]) -> None:
        """Set the controls to what a file has."""


class SubjectField:
    """What is asked about: one of a list, or any number of it where the form allows several."""

    def __init__(self, key: str, label: str, options: Options, changed: Changed, *, many: bool) -> None:
        listed = list(options)
        self.key, self._listed = key, listed
        self.one, self.picked = choice(label, listed), several(f"{label} (Ctrl for several)", listed)
        self.more = tick("More than one")
        self.controls: tuple[Control, ...] = (self.one, self.picked, *((self.more,) if many else ()))
        self._show()
        self.more.observe(lambda _: self._show(), "value")
        on_value(self.controls, changed)

    def _show(self) -> None:
        shown(self.one, not self.more.value)
        shown(self.picked, self.more.value)
        if self.more.value and not self.picked.value and self.one.value:
            self._pick((self.one.value,))

    def _pick(self, names: tuple[str, ...]) -> None:
        """Choose several; they stand first in the list, so that they are seen."""
        first = sorted(self._listed, key=lambda option: option[1] not in names)
        self.picked.value, self.picked.options = (), first
        self.picked.value = names

    def read(self) -> dict[str, Any]:
        return {self.key: list(self.picked.value) if self.more.value else self.one.value}

    def write(self, content: Mapping[str, Any]) -> None:
        asked = content[self.key]
        if isinstance(asked, list):
            self._pick(tuple(asked))
        else:
            self.one.value = asked
        self.more.value = isinstance(asked, list)


class ChoiceField:
    """One of several words, the first of which a file need not say."""

    def __init__(self, key: str, label: str, words: Sequence[tuple[str, str]], changed: Changed) -> None:
        self.key, self.usual, self._said = key, words[0][1], False
        self.one = choice(label, words, self.usual)
        self.controls: tuple[Control, ...] = (self.one,)
        on_value(self.controls, changed)

    def read(self) -> dict[str, Any]:
        return {} if self.one.value == self.usual and not self._said else {self.key: self.one.value}

    def write(self, content: Mapping[str, Any]) -> None:
        self._said = self.key in content
        self.one.value = content.get(self.key, self.usual)


class FileField:
    """The file of people's pseudonyms."""

    def __init__(self, key: str, changed: Changed) -> None:
        self.key, self.file = key, text("File, from the workbook's folder")
        self.controls: tuple[Control, ...] = (self.file,)
        on_value(self.controls, changed)

    def read(self) -> dict[str, Any]:
        return {self.key: self.file.value.strip()}

    def write(self, content: Mapping[str, Any]) -> None:
        self.file.value = content[self.key]
