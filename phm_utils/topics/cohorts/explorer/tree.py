"""What the boxes of all criteria share: what can be asked, and whom to tell that something has changed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from phm_utils.measures.askable import COLUMN, EVENTS
from phm_utils.rules.vocabulary import Vocabulary
from phm_utils.topics.cohorts.explorer.comparison import ComparisonField
from phm_utils.topics.cohorts.explorer.fields import ChoiceField, Field, FileField, SubjectField
from phm_utils.topics.cohorts.explorer.forms import COUNT, HOW_MANY, NUMBER, Asked, Form, asked_of
from phm_utils.topics.cohorts.explorer.windows import AgeField, WindowField

DISTINCT = (("every event", ""), ("days with one", "day"), ("different codes", "code"))
OF = (("number of events", "events"), ("latest value", "latest"))
BY = (("difference", "difference"), ("ratio", "ratio"))


class Tree:
    """What can be asked, and `tell`, which says that a criterion has changed."""

    def __init__(self, words: Vocabulary, changed: Callable[[], None]) -> None:
        self.words, self.changed = words, changed
        self.asked = asked_of(words)
        self.quiet = 0
        self._listed: dict[str, list[tuple[str, str]]] = {}
        for asked in self.asked:
            self._listed.setdefault(asked.kind, []).append((asked.label, asked.name))
        self._events = self._listed.get(EVENTS, [])

    def find(self, word: str) -> tuple[Asked, ...]:
        """What has a word in its name or title; all without one."""
        return asked_of(self.words, word) if (word := word.strip()) else self.asked

    @contextmanager
    def held(self) -> Iterator[None]:
        """Tell nobody of changes meanwhile."""
        self.quiet += 1
        try:
            yield
        finally:
            self.quiet -= 1

    def tell(self) -> None:
        """Say that something has changed."""
        if not self.quiet:
            self.changed()

    def field(self, name: str, form: Form, changed: Callable[[], None]) -> Field:
        """A field of a form, by its name among what the form asks."""
        label = {COLUMN: "Column", EVENTS: "Concept"}.get(form.family, form.family.capitalize())
        match name:
            case "one" | "several":
                return SubjectField(form.key, label, self._listed.get(form.family, []), changed, many=name == "several")
            case "comparison":
                return ComparisonField(changed, optional=form.key == "latest")
            case "window":
                return WindowField("within", "When", self._events, changed)
            case "from" | "to":
                return WindowField(name, f"{name.capitalize()} the window", self._events, changed)
            case "of":
                return ChoiceField("of", "What", OF, changed)
            case "by":
                return ChoiceField("by", "Compared by", BY, changed)
            case "distinct":
                return ChoiceField("distinct", "Counting", DISTINCT, changed)
            case "age":
                return AgeField(changed)
            case "file":
                return FileField(form.key, changed)
        raise TypeError(f"no field is called {name}")

    def compared(self, form: Form, subject: Any) -> tuple[str, tuple[str, ...], str]:
        """What a comparison of a form is about: its type, its words and its unit."""
        if form.key == COUNT:
            return HOW_MANY, (), ""
        if form.key == COLUMN and subject in self.words.columns:
            column = self.words.columns[subject]
            return column.type, column.words, column.unit or ""
        concept = self.words.concepts.get(subject) if isinstance(subject, str) else None
        return NUMBER, (), concept.value if concept and form.key in ("latest", "sum") else ""
