"""The forms of rules that the explorer has widgets for: one line each, and what a new condition asks at first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from phm_utils.measures.askable import ADDRESS, COHORT, COLUMN, EVENTS, LIST, PROGRAMME, SEGMENT, askable
from phm_utils.rules.columns import ACTIVITIES
from phm_utils.rules.vocabulary import Vocabulary

ALL, ANY, COUNT, NOT, HOUSEHOLD = "all", "any", "count", "not", "household"
# Types of what is compared: those of columns, a number of events or their value, and how many rules hold.
NUMBER, HOW_MANY = "number", "how many"
NUMBERS = ("int", "float", NUMBER, HOW_MANY)


@dataclass(frozen=True)
class Form:
    """One form of a rule: the name by which a file tells it, words for the list, and what it asks in order.

    family: forms that one can be changed into, as they ask about the same thing.
    asks: names of fields; `Tree.field` makes each. nested: does it hold other rules?
    """

    key: str
    words: str
    family: str
    asks: tuple[str, ...] = ()
    nested: bool = False


_FORMS = (
    Form(ALL, "All of these", "group", (), True),
    Form(ANY, "At least one of these", "group", (), True),
    Form(COUNT, "A number of these", "group", ("comparison",), True),
    Form(NOT, "None of these", "group", (), True),
    Form(HOUSEHOLD, "Somebody else in the household", HOUSEHOLD, (), True),
    Form(COLUMN, "A column", COLUMN, ("one", "comparison")),
    Form("has", "Has an entry of", EVENTS, ("several", "window")),
    Form("has not", "Has no entry of", EVENTS, ("several", "window")),
    Form("latest", "Latest value of", EVENTS, ("one", "comparison", "window", "age")),
    Form("events", "Number of events of", EVENTS, ("several", "distinct", "comparison", "window")),
    Form("sum", "Sum of values of", EVENTS, ("one", "comparison", "window")),
    Form("change", "Change of", EVENTS, ("one", "of", "by", "comparison", "from", "to")),
    Form(SEGMENT, "In the segment", SEGMENT, ("several",)),
    Form(LIST, "On the partner list", LIST, ("several", "window")),
    Form(ADDRESS, "At an address on the list", ADDRESS, ("several", "window")),
    Form(PROGRAMME, "In the programme", PROGRAMME, ("several", "window")),
    Form(COHORT, "In the cohort", COHORT, ("one",)),
    Form("ids", "In the file", "ids", ("file",)),
)
FORMS = {form.key: form for form in _FORMS}
WITHIN_ONE = {NOT: ANY, HOUSEHOLD: ALL}  # forms of one rule: several are one rule of this form
AS_WRITTEN = Form("", "As written in the file", "as written")
ADDED = (ANY, ALL, COUNT, NOT, HOUSEHOLD)  # what can be added beside what `columns` lists


def form_of(content: Mapping[str, Any]) -> Form:
    """The form of a rule as a file has it; `AS_WRITTEN` where the explorer has no widgets for it.

    >>> form_of({"has": "asthma", "within": {"months": 12}}).words
    'Has an entry of'
    """
    return next((form for form in _FORMS if form.key in content), AS_WRITTEN)


@dataclass(frozen=True)
class Asked:
    """One thing that rules can ask about. kind: the family of the forms that ask it."""

    name: str
    kind: str
    title: str
    type: str = ""
    unit: str = ""
    words: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """For a list: the title, and what tells it from others of the same title.

        >>> Asked("bmi", "column", "BMI").label, Asked("bmi", "events", "BMI").label
        ('BMI (bmi)', 'BMI, entries (bmi)')
        """
        if self.kind in (COLUMN, EVENTS):
            return f"{self.title}{', entries' if self.kind == EVENTS else ''} ({self.name})"
        return f"{self.title}, {self.kind}"


def asked_of(words: Vocabulary, word: str | None = None) -> tuple[Asked, ...]:
    """All that can be asked, or what has `word` in its name or title, in the order of the titles."""
    asked = []
    for row in askable(words, word).to_dict("records"):
        values = words.columns[row["name"]].words if row["kind"] == COLUMN else ()
        asked.append(Asked(row["name"], row["kind"], row["title"], row["type"], row["unit"], values))
    return tuple(sorted(asked, key=lambda a: (a.title.casefold(), a.kind, a.name)))


def first_asked(asked: Asked) -> dict[str, Any]:
    """What a new condition on it asks before anybody changes it.

    >>> first_asked(Asked("copd", "column", "COPD", "bool"))
    {'column': 'copd', 'op': 'is', 'value': True}
    >>> first_asked(Asked("ed_attendances", "events", "ED attendances"))
    {'events': 'ed_attendances', 'op': 'at least', 'value': 1, 'within': {'months': 12}}
    """
    if asked.kind == COLUMN:
        return {"column": asked.name} | first_comparison(asked.type, asked.words)
    if asked.kind == EVENTS and asked.name in ACTIVITIES:
        return {"events": asked.name, "op": "at least", "value": 1, "within": {"months": 12}}
    return {"has" if asked.kind == EVENTS else asked.kind: asked.name}


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
    if "one" in new.asks and isinstance(subject, list | tuple):
        subject = subject[0]
    kept = {"within": content["within"]} if "window" in new.asks and "within" in content else {}
    if "by" in new.asks:
        year = {"months": 12}
        kept |= {"from": year | {"ending": year}, "to": year}
    return {key: subject} | kept | (first_comparison(NUMBER, ()) if "comparison" in new.asks else {})
