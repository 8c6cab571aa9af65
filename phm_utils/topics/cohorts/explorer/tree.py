"""What the boxes of all criteria share: what can be asked, and whom to tell that something has changed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from phm_utils.topics.cohorts.explorer.comparison import ComparisonField
from phm_utils.topics.cohorts.explorer.fields import (
    BY,
    ChoiceField,
    ColumnField,
    ConceptsField,
    DaysField,
    Field,
    NamesField,
)
from phm_utils.topics.cohorts.explorer.forms import COLUMN, Asked, Form
from phm_utils.topics.cohorts.explorer.windows import AgeField, WindowField

Listed = list[tuple[str, str]]


class Tree:
    """What can be asked, and `tell`, which says once that a criterion has changed.

    asked: every column and concept. find: those that fit a word.
    """

    def __init__(
        self, asked: tuple[Asked, ...], find: Callable[[str], tuple[Asked, ...]], changed: Callable[[], None]
    ) -> None:
        self.asked, self.find, self.changed = asked, find, changed
        self.columns: Listed = [(a.label, a.name) for a in asked if a.kind == COLUMN]
        self.events: Listed = [(a.label, a.name) for a in asked if a.kind != COLUMN]
        self._by_name = {(a.kind == COLUMN, a.name): a for a in asked}
        self.quiet = 0

    def about(self, name: str, *, column: bool) -> Asked | None:
        """What is known of a column, or of a concept."""
        return self._by_name.get((column, name))

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
        """The field of a form by its name."""
        makers: dict[str, Callable[[], Field]] = {
            "column": lambda: ColumnField(self.columns, changed),
            "comparison": lambda: ComparisonField(changed, optional=form.key == "latest"),
            "concept": lambda: ConceptsField(form.key, self.events, changed, many=False),
            "concepts": lambda: ConceptsField(form.key, self.events, changed, many=True),
            "window": lambda: WindowField("within", "When", self.events, changed),
            "from": lambda: WindowField("from", "From the window", self.events, changed),
            "to": lambda: WindowField("to", "To the window", self.events, changed),
            "by": lambda: ChoiceField("by", "Compared by", BY, changed),
            "age": lambda: AgeField(changed),
            "distinct": lambda: DaysField(changed),
            "names": lambda: NamesField(form.key, changed),
        }
        return makers[name]()

    def compared(self, form: Form, subject: Any) -> tuple[str, tuple[str, ...], str]:
        """What a comparison of a form is about: its type, its words and its unit."""
        asked = self.about(subject, column=form.key == "column") if isinstance(subject, str) else None
        if form.key == "column" and asked:
            return asked.type, asked.words, asked.unit
        if form.key in ("latest", "sum", "change"):
            return "float", (), asked.unit if asked else ""
        return "int", (), ""
