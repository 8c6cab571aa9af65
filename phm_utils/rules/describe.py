"""Rules in a reader's words."""

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from phm_utils.rules.event_windows import Window, ago
from phm_utils.rules.forms import (
    TAKES_LIST,
    AtAddress,
    Change,
    Criterion,
    Events,
    Has,
    HasNot,
    InCohort,
    InProgramme,
    InSegment,
    Latest,
    Leaf,
    OfIds,
    OnList,
    Sum,
)
from phm_utils.rules.tree import All, AnyOf, Count, Household, Not, Rule

# Of days, where `at least 12 months ago` would be read as long ago.
DAY_WORDS = {"at least": "on or after", "more than": "after", "at most": "on or before", "less than": "before"}


class Titled(Protocol):
    """What has a name for readers: a column, or a concept of events."""

    @property
    def title(self) -> str: ...


def describe(rule: Rule, titles: Mapping[str, Titled]) -> str:
    """The rule in a reader's words: its `says`, or text made from the titles of columns and concepts.

    >>> from phm_utils.rules.columns import RuleColumn
    >>> from phm_utils.rules.tree import parse
    >>> old = {"column": "age", "op": "at least", "value": 65}
    >>> rule = parse({"all": [old, {"has": "copd", "within": {"months": 12}}]})
    >>> describe(rule, {"age": RuleColumn("age", "int", "Age"), "copd": RuleColumn("copd", "bool", "COPD")})
    'Age at least 65 and COPD in the last 12 months'
    """
    if rule.says:
        return rule.says
    match rule:
        case All(all=parts):
            return " and ".join(_part(p, titles) for p in parts)
        case AnyOf(any=parts):
            return " or ".join(_part(p, titles) for p in parts)
        case Not(negated=part):
            return f"not: {_part(part, titles)}"
        case Count(count=parts):
            return f"{rule.op} {rule.value} of: " + ", ".join(_part(p, titles) for p in parts)
        case Household(household=part):
            return f"somebody else in the household: {_part(part, titles)}"
    return _leaf(rule, titles)


def _part(rule: Rule, titles: Mapping[str, Titled]) -> str:
    text = describe(rule, titles)
    return f"({text})" if isinstance(rule, All | AnyOf | Count) and not rule.says else text


def _leaf(rule: Leaf, titles: Mapping[str, Titled]) -> str:
    match rule:
        case Criterion():
            return _criterion(rule, titles)
        case Has(has=names):
            return _in_window(_any_of(names, titles), rule.within, titles)
        case HasNot(has_not=names):
            none = _any_of(names, titles) if len(names) == 1 else f"({_any_of(names, titles)})"
            return "no " + _in_window(none, rule.within, titles)
        case Latest(latest=name):
            asked = [f"{rule.op} {_values(rule.value)}"] if rule.op else []
            asked += [f"recorded {rule.age.op} {rule.age.months} months ago"] if rule.age else []
            return _in_window(f"latest {_any_of((name,), titles)} {', '.join(asked)}", rule.within, titles)
        case Events(events=names):
            counted = {"day": "days with ", "code": "kinds of ", None: ""}[rule.distinct]
            return _in_window(
                f"{counted}{_any_of(names, titles)}: {rule.op} {_values(rule.value)}", rule.within, titles
            )
        case Sum(sum=name):
            return _in_window(
                f"sum of {_any_of((name,), titles)}: {rule.op} {_values(rule.value)}", rule.within, titles
            )
        case Change(change=name):
            latest = "latest " if rule.of == "latest" else ""
            what = _in_window(f"{latest}{_any_of((name,), titles)}", rule.later, titles)
            how = f"{'less' if rule.by == 'difference' else 'divided by'} {'that' if latest else 'those'}"
            return f"{_in_window(f'{what} {how}', rule.earlier, titles)}: {rule.op} {_values(rule.value)}"
        case InSegment(segment=names):
            return f"in the segment {' or '.join(names)}"
        case OnList(list=names):
            return _in_window(f"on the list {' or '.join(names)}", rule.within, titles)
        case AtAddress(address=names):
            return _in_window(f"at an address on the list {' or '.join(names)}", rule.within, titles)
        case InProgramme(programme=names):
            return _in_window(f"enrolled in {' or '.join(names)}", rule.within, titles)
        case InCohort(cohort=name):
            return f"in the cohort {name.replace('_', ' ')}"
        case OfIds():
            return "named in a file of people"
    raise TypeError(f"not a criterion: {type(rule).__name__}")


def _criterion(rule: Criterion, titles: Mapping[str, Titled]) -> str:
    title = titles[rule.column].title if rule.column in titles else rule.column
    if isinstance(rule.value, bool):
        yes = rule.value == (rule.op == "is")
        return title if yes else f"not: {title}"
    if rule.op == "between":
        return f"{title} between {_values(rule.value)}"
    values = rule.value if isinstance(rule.value, tuple) else (rule.value,)
    op = DAY_WORDS.get(rule.op, rule.op) if any(_is_day(value) for value in values) else rule.op
    op = f"is {op}" if rule.op in TAKES_LIST else op
    return f"{title} {op} {', '.join(str(v) for v in values if v is not None)}".strip()


def _is_day(value: object) -> bool:
    return isinstance(value, date) or (isinstance(value, str) and ago(value, date.max) is not None)


def _values(value: object) -> str:
    return " and ".join(str(part) for part in value) if isinstance(value, tuple) else str(value)


def _any_of(names: tuple[str, ...], titles: Mapping[str, Titled]) -> str:
    return " or ".join(titles[name].title if name in titles else name for name in names)


def _in_window(text: str, window: Window | None, titles: Mapping[str, Titled]) -> str:
    if window is None:
        return text
    return f"{text} {window.described(_any_of((window.anchor,), titles) if window.anchor else None)}"
