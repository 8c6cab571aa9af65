"""The forms of rules that the explorer has widgets for: one line each, and what a new condition asks at first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

NUMBERS = ("int", "float")
COLUMN = "column"  # kind of what can be asked: a column of `person`; every other kind is about events
ALL, ANY, COUNT, NOT, HOUSEHOLD = "all", "any", "count", "not", "household"


@dataclass(frozen=True)
class Form:
    """One form of a rule: the name by which a file tells it, words for the list, and what it asks in order.

    family: forms that one can be changed into, as they ask about the same thing.
    asks: names of fields of `fields`. nested: does it hold other rules?
    """

    key: str
    words: str
    family: str
    asks: tuple[str, ...] = ()
    nested: bool = False


_FORMS = (
    Form("column", "A column", "column", ("column", "comparison")),
    Form("has", "Has an entry", "events", ("concepts", "window")),
    Form("has not", "Has no entry", "events", ("concepts", "window")),
    Form("latest", "Latest value", "events", ("concept", "comparison", "window", "age")),
    Form("events", "Number of events", "events", ("concepts", "comparison", "window", "distinct")),
    Form("sum", "Sum of values", "events", ("concepts", "comparison", "window")),
    Form("change", "Change between windows", "events", ("concepts", "by", "comparison", "from", "to")),
    Form("segment", "In the segment", "segment", ("names",)),
    Form("list", "On the partner list", "list", ("names", "window")),
    Form("programme", "In the programme", "programme", ("names", "window")),
    Form("cohort", "In the cohort", "cohort", ("names",)),
    Form("ids", "In the file of ids", "ids", ("names",)),
    Form(HOUSEHOLD, "Somebody else in the household", HOUSEHOLD, (), True),
    Form(ALL, "All of these", "group", (), True),
    Form(ANY, "At least one of these", "group", (), True),
    Form(COUNT, "A number of these", "group", ("comparison",), True),
    Form(NOT, "None of these", "group", (), True),
)
FORMS = {form.key: form for form in _FORMS}
WITHIN_ONE = {NOT: ANY, HOUSEHOLD: ALL}  # forms of one rule: several are one rule of this form
AS_WRITTEN = Form("", "As written in the file", "as written")
ADDED = (ANY, ALL, COUNT, NOT, HOUSEHOLD)  # what can be added beside what `columns` lists


def form_of(content: Mapping[str, Any]) -> Form:
    """The form of a rule as a file has it; `AS_WRITTEN` where the explorer has no widgets for it.

    >>> form_of({"column": "age", "op": "at least", "value": 65}).words
    'A column'
    """
    return next((form for form in _FORMS if form.key in content), AS_WRITTEN)


@dataclass(frozen=True)
class Asked:
    """One thing that rules can ask about: a row of `asking.columns()`."""

    name: str
    kind: str
    title: str
    type: str
    unit: str = ""
    words: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """For a list: the title, and what tells it from others of the same title.

        >>> Asked("bmi", "column", "BMI", "float").label, Asked("bmi", "value", "BMI", "event").label
        ('BMI (bmi)', 'BMI, entries (bmi)')
        """
        return f"{self.title}{'' if self.kind == COLUMN else ', entries'} ({self.name})"


def asked_of(columns: pd.DataFrame) -> tuple[Asked, ...]:
    """The rows of `asking.columns()`, in the order of their titles."""
    found = []
    for row in columns.to_dict("records"):
        texts = {name: _text(row.get(name)) for name in ("name", "kind", "title", "type", "unit")}
        words = row.get("words")
        found.append(Asked(**texts, words=tuple(words) if isinstance(words, list | tuple) else ()))
    return tuple(sorted(found, key=lambda asked: (asked.title.casefold(), asked.name)))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def first_asked(asked: Asked) -> dict[str, Any]:
    """What a new condition on it asks before anybody changes it.

    >>> first_asked(Asked("copd", "column", "COPD", "bool"))
    {'column': 'copd', 'op': 'is', 'value': True}
    >>> first_asked(Asked("ed_attendances", "activity", "ED attendances", "event"))
    {'events': 'ed_attendances', 'within': {'months': 12}, 'op': 'at least', 'value': 1}
    """
    if asked.kind == "activity":
        return {"events": asked.name, "within": {"months": 12}, "op": "at least", "value": 1}
    if asked.kind != COLUMN:
        return {"has": asked.name}
    return {"column": asked.name} | first_comparison(asked.type, asked.words)


def first_comparison(type: str, words: tuple[str, ...]) -> dict[str, Any]:
    """An operation and a value that fit a type."""
    if type == "bool":
        return {"op": "is", "value": True}
    if words:
        return {"op": "is", "value": words[0]}
    return {"op": "at least", "value": 1} if type in NUMBERS else {"op": "is known"}


def first_nested(key: str) -> dict[str, Any]:
    """A new group, still without rules.

    >>> first_nested("count")
    {'count': [], 'op': 'at least', 'value': 2}
    """
    return {key: []} | ({"op": "at least", "value": 2} if key == COUNT else {})


def parts_of(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules within a group; several within `not` or `household` are shown as a list too.

    >>> parts_of({"not": {"any": [{"has": "copd"}, {"has": "asthma"}]}})
    [{'has': 'copd'}, {'has': 'asthma'}]
    """
    key = form_of(content).key
    inner = content[key]
    if key not in WITHIN_ONE or inner == []:
        return list(inner)
    joint = WITHIN_ONE[key]
    return list(inner[joint]) if set(inner) == {joint} and len(inner[joint]) > 1 else [dict(inner)]


def of_parts(key: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """A group as a file has it. The reverse of `parts_of`.

    >>> of_parts("not", [{"has": "copd"}, {"has": "asthma"}])
    {'not': {'any': [{'has': 'copd'}, {'has': 'asthma'}]}}
    """
    if key not in WITHIN_ONE or not parts:
        return {key: parts}
    return {key: parts[0] if len(parts) == 1 else {WITHIN_ONE[key]: parts}}


def into_form(content: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A rule in another form of its family: it asks about the same thing, and keeps what both forms ask.

    >>> into_form({"has": "copd", "within": {"months": 12}, "says": "COPD"}, "events")
    {'events': 'copd', 'within': {'months': 12}, 'op': 'at least', 'value': 1}
    """
    old, new = form_of(content), FORMS[key]
    if new.nested:
        parts = parts_of(content)
        return of_parts(key, parts) | {k: v for k, v in first_nested(key).items() if k != key}
    subject = content[old.key]
    if "concept" in new.asks and isinstance(subject, list | tuple):
        subject = subject[0]
    kept = {"within": content["within"]} if "window" in new.asks and "within" in content else {}
    if "by" in new.asks:
        year = {"months": 12}
        kept |= {"from": year | {"ending": year}, "to": year, "by": "difference"}
    return {key: subject} | kept | (first_comparison("int", ()) if "comparison" in new.asks else {})
