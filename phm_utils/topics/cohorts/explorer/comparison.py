"""The field of the explorer for a comparison: an operation, and a value of the type of what is compared."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from phm_utils.rules.reading import PARAMETER
from phm_utils.topics.cohorts.explorer.controls import (
    Control,
    choice,
    day_or_text,
    number,
    on_value,
    plain,
    set_options,
    several,
    shown,
)
from phm_utils.topics.cohorts.explorer.controls import text as line
from phm_utils.topics.cohorts.explorer.forms import HOW_MANY, NUMBER, NUMBERS, first_comparison

ORDERED = ("at least", "more than", "at most", "less than", "between")
LISTS = ("one of", "none of")
WITHOUT_VALUE = ("is known", "is missing", "")
NOT_ASKED = ("any value", "")


class ComparisonField:
    """An operation and a value: yes or no, a word, words, a number, two numbers, or text.

    optional: it may be left out.
    """

    def __init__(self, changed: Callable[[], None], *, optional: bool = False) -> None:
        self.type, self.words, self.optional = NUMBER, tuple[str, ...](), optional
        self.op = choice("Comparison", self._ops())
        self.yes, self.word = choice("Value", (("yes", True), ("no", False)), True), choice("Value", ())
        self.picked, self.text = several("Values (Ctrl for several)", ()), line("Value")
        self.number, self.low, self.high = number("Value"), number("From"), number("To")
        self._values: dict[str, tuple[Control, ...]] = {
            "yes": (self.yes,),
            "word": (self.word,),
            "words": (self.picked,),
            "number": (self.number,),
            "range": (self.low, self.high),
            "text": (self.text,),
        }
        self.controls: tuple[Control, ...] = (self.op, *(c for part in self._values.values() for c in part))
        self._writing = False  # are all controls being set, and none to follow another?
        self._show()
        self.op.observe(self._carry, "value")
        self.text.observe(self._settle, "value")
        on_value(self.controls, changed)

    def _ops(self) -> list[tuple[str, str]]:
        """The operations that fit the type."""
        order = ORDERED if self.type in (*NUMBERS, "date") else ()
        fit: tuple[str, ...] = ("is",) if self.type == "bool" else (*order, "is", "is not")
        if self.type == HOW_MANY:
            fit = tuple(op for op in fit if op != "between")
        elif self.type != NUMBER:
            fit += (*(LISTS if self.type != "bool" else ()), "is known", "is missing")
        return [*((NOT_ASKED,) if self.optional else ()), *((op, op) for op in fit)]

    def fit(self, type: str, words: Sequence[str] = (), unit: str = "") -> None:
        """Offer what fits another column or concept; what was asked stays where it still fits."""
        asked = self.read()
        self.type, self.words = type, tuple(words)
        listed = [(word, word) for word in self.words]
        self.picked.value, self.picked.options = (), listed
        self.word.options = listed
        self.number.description = f"Value ({unit})" if unit else "Value"
        self.write(asked if self._fits(asked) else first_comparison(type, self.words))

    def _fits(self, asked: Mapping[str, Any]) -> bool:
        op, value = asked.get("op", ""), asked.get("value")
        if op not in [known for _, known in self._ops()]:
            return False
        values = value if isinstance(value, list) else [value]
        if op in WITHOUT_VALUE:
            return True
        if self.type == "bool":
            return isinstance(value, bool)
        if self.type in NUMBERS:
            return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        return bool(self.words) and all(v in self.words for v in values)

    def _way(self, op: str | None) -> str:
        """Which of the value's controls is in use; a parameter of the file, such as `$months`, is text."""
        if op in WITHOUT_VALUE or op is None:
            return ""
        if self.text.value.startswith(PARAMETER):
            return "text"
        if op in LISTS:
            return "words" if self.words else "text"
        if self.type == "bool":
            return "yes"
        if self.type in NUMBERS:
            return "range" if op == "between" else "number"
        return "word" if self.words else "text"

    def _show(self) -> None:
        for name, controls in self._values.items():
            for control in controls:
                shown(control, name == self._way(self.op.value))

    def _carry(self, change: Mapping[str, Any]) -> None:
        """With another operation, begin with the value that the last one had."""
        before, now = self._way(change["old"]), self._way(change["new"])
        if before and now and before != now and not self._writing:
            value = self._read(before, change["old"])
            first = value[0] if isinstance(value, list) else value
            self._write(now, value if isinstance(value, list) == (now in ("words", "range")) else first)
        self._show()

    def _settle(self, change: Mapping[str, Any]) -> None:
        """Where a value is typed in place of a parameter, the value's own control takes it over."""
        if self._writing or not change["old"].startswith(PARAMETER) or change["new"].startswith(PARAMETER):
            return
        value = self._read("text", self.op.value)
        if self._fits({"op": self.op.value, "value": value}):
            self._write(self._way(self.op.value), value)
        else:
            self.text.value = change["old"]
        self._show()

    def write(self, content: Mapping[str, Any]) -> None:
        op, value = content.get("op", ""), content.get("value")
        self._writing = True
        self.text.value = in_line(value) if value is not None else ""
        set_options(self.op, self._ops(), op)
        self._write(self._way(op), value)
        self._writing = False
        self._show()

    def _write(self, way: str, value: Any) -> None:
        match way:
            case "yes":
                self.yes.value = value
            case "word":
                self.word.value = value
            case "words":
                self.picked.value = tuple(value) if isinstance(value, list) else (value,)
            case "number":
                self.number.value = value
            case "range":
                self.low.value, self.high.value = value if isinstance(value, list) else (value, value)
            case "text":
                self.text.value = in_line(value)

    def read(self) -> dict[str, Any]:
        op = self.op.value
        if way := self._way(op):
            return {"op": op, "value": self._read(way, op)}
        return {"op": op} if op else {}

    def _read(self, way: str, op: str) -> Any:
        match way:
            case "yes":
                return self.yes.value
            case "word":
                return self.word.value
            case "words":
                return list(self.picked.value)
            case "number":
                return plain(self.number.value)
            case "range":
                return [plain(self.low.value), plain(self.high.value)]
        if op in LISTS or (op == "between" and not self.text.value.startswith(PARAMETER)):
            return [self._typed(part) for part in self.text.value.split(",")]
        return self._typed(self.text.value)

    def _typed(self, words: str) -> Any:
        """The words of the text as a value of the type; what is none stays text, and the rule's check names it."""
        if self.type == "date":
            return day_or_text(words)
        try:
            return plain(float(words)) if self.type in NUMBERS else words.strip()
        except ValueError:
            return words.strip()


def in_line(value: Any) -> str:
    """A value, or several, in a line of text.

    >>> in_line([18, 64])
    '18, 64'
    """
    return ", ".join(str(part) for part in value) if isinstance(value, list) else str(value)
