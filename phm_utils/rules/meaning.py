"""What rules mean, as statements: each is made of when the rule is true, or of when it is false."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.event_windows import Window
from phm_utils.rules.figure_values import BOUNDS, Among, Bound, Except, Existing, Rank, Values, rank
from phm_utils.rules.forms import (
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
    OnList,
    Sum,
    is_pair,
)
from phm_utils.rules.statements import COUNTED, Every, Figure, OfHousehold, Same, Some, Statement, Subject, Tally
from phm_utils.rules.tree import All, AnyOf, Count, Household, Not, Rule
from phm_utils.rules.window_within import plain_window

OPPOSITE = {
    "is": "is not",
    "at least": "less than",
    "more than": "at most",
    "one of": "none of",
    "is known": "is missing",
}
OPPOSITE |= {other: op for op, other in OPPOSITE.items()}


def written(rule: Rule) -> str:
    """A rule as text, without its words: the same for rules that ask the same in the same form.

    >>> from phm_utils.rules.tree import parse
    >>> written(parse({"has": "asthma", "says": "Asthma"})) == written(parse({"has": ["asthma"]}))
    True
    """
    return json.dumps(_without_words(rule.model_dump(mode="json", by_alias=True, exclude_none=True)), sort_keys=True)


def _without_words(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _without_words(part) for name, part in content.items() if name != "says"}
    return [_without_words(part) for part in content] if isinstance(content, list) else content


@dataclass
class Meaning:
    """Makes statements of rules.

    cohorts: the criteria of cohorts that rules refer to. columns: of `person`, for those that hold whole numbers.

    >>> from phm_utils.rules.tree import parse
    >>> Meaning({}).of(parse({"has not": "asthma", "within": {"years": 1}})).values
    Bound(up=False, value=('number', 0), open=False)
    """

    cohorts: Mapping[str, tuple[Rule, ...]]
    columns: Mapping[str, RuleColumn] = field(default_factory=dict)
    _within: tuple[str, ...] = ()  # the cohorts whose criteria are being read: a circle is not followed
    _made: dict[tuple[int, bool], tuple[Rule, Statement]] = field(default_factory=dict)

    def of(self, rule: Rule, true: bool = True) -> Statement:
        """When a rule is true, or false. Made once: counts within counts ask for both of each part."""
        key = id(rule), true
        if key not in self._made:
            self._made[key] = rule, self._of(rule, true)  # with the rule, so that no other takes its id
        return self._made[key][1]

    def _of(self, rule: Rule, true: bool) -> Statement:
        match rule:
            case All(all=parts):
                return (Every if true else Some)(tuple(self.of(part, true) for part in parts))
            case AnyOf(any=parts):
                return (Some if true else Every)(tuple(self.of(part, true) for part in parts))
            case Not(negated=part):
                return self.of(part, not true)
            case Household(household=part):
                return OfHousehold(self.of(part, true), true)
            case Count():
                return self._tally(rule, true)
            case InCohort(cohort=name):
                return self._of_cohort(rule, name, true)
        return self._of_leaf(rule, true)

    def _of_cohort(self, rule: Rule, name: str, true: bool) -> Statement:
        if name not in self.cohorts or name in self._within:
            return Same(written(rule), true)
        inner = Meaning(self.cohorts, self.columns, (*self._within, name))
        return inner.of(All(all=self.cohorts[name]), true)

    def _tally(self, rule: Count, true: bool) -> Tally:
        compared: Callable[[int], bool] = {
            "is": rule.value.__eq__,
            "is not": rule.value.__ne__,
            "at least": rule.value.__le__,
            "more than": rule.value.__lt__,
            "at most": rule.value.__ge__,
            "less than": rule.value.__gt__,
        }[rule.op]
        allowed = frozenset(n for n in range(len(rule.count) + 1) if compared(n) == true)
        parts = tuple((self.of(part), self.of(part, False)) for part in rule.count)
        certain = all(self.never_unknown(part) for part in rule.count)
        return Tally(tuple(sorted(written(part) for part in rule.count)), parts, allowed, certain)

    def never_unknown(self, rule: Rule) -> bool:
        """Is a rule certainly true or false of everybody?

        >>> from phm_utils.rules.tree import parse
        >>> [Meaning({}).never_unknown(parse(rule)) for rule in ({"has": "asthma"}, {"segment": "Healthy"})]
        [True, False]
        """
        match rule:
            case Has() | HasNot() | Events() | OnList() | AtAddress() | InProgramme():
                return rule.within is None or not rule.within.anchor
            case Criterion():
                return rule.op in ("is known", "is missing")
            case All(all=parts) | AnyOf(any=parts) | Count(count=parts):
                return all(self.never_unknown(part) for part in parts)
            case Not(negated=part):
                return self.never_unknown(part)
        return False

    def _of_leaf(self, rule: Rule, true: bool) -> Statement:
        match rule:
            case Criterion():
                kind = self.columns.get(rule.column)
                subject = Subject("column", frozenset([rule.column]), whole=kind is not None and kind.type == "int")
                found = _compared(subject, rule.op, rule.value, true)
            case Has(has=names):
                found = _compared(_events("events", names, rule.within), "at least", 1, true)
            case HasNot(has_not=names):
                found = _compared(_events("events", names, rule.within), "less than", 1, true)
            case OnList(list=names):
                found = _compared(_events("list", names, rule.within), "at least", 1, true)
            case AtAddress(address=names):
                found = _compared(_events("address", names, rule.within), "at least", 1, true)
            case InProgramme(programme=names):
                found = _compared(_events("programme", names, rule.within), "at least", 1, true)
            case Events(events=names):
                subject = _events("events", names, rule.within, rule.distinct)
                found = _compared(subject, rule.op, rule.value, true)
            case Latest():
                found = _latest(rule, true)
            case Sum():
                subject = Subject("sum", frozenset([rule.sum]), (plain_window(rule.within),), whole=True)
                found = _compared(subject, rule.op, rule.value, true)
            # The ratio to an earlier value that may be negative has no order that its thresholds would follow.
            case Change() if rule.by == "difference" or rule.of == "events":
                windows = (plain_window(rule.earlier), plain_window(rule.later))
                subject = Subject("change", frozenset([rule.change]), windows, (rule.of, rule.by))
                found = _compared(subject, rule.op, rule.value, true)
            case InSegment(segment=names):
                found = _compared(Subject("segment", frozenset()), "one of", names, true)
            case _:
                found = None
        return found if found is not None else Same(written(rule), true)


def _events(kind: str, names: tuple[str, ...], window: Window | None, distinct: str | None = None) -> Subject:
    return Subject(kind, frozenset(names), (plain_window(window),), (distinct or "event",), whole=True)


def _latest(rule: Latest, true: bool) -> Statement | None:
    """The value and its age: each is unknown where there is no value."""
    name, windows = frozenset([rule.latest]), (plain_window(rule.within),)
    asked = [_compared(Subject("latest", name, windows), rule.op, rule.value, true)] if rule.op else []
    if rule.age:
        asked.append(_compared(Subject("age", name, windows, whole=True), rule.age.op, rule.age.months, true))
    parts = tuple(part for part in asked if part is not None)
    return (Every if true else Some)(parts) if len(parts) == len(asked) else None


def _compared(subject: Subject, op: str, value: Any, true: bool) -> Statement | None:
    """A comparison of one figure; None where it is not certain which of its values are equal."""
    if op == "between":
        if not is_pair(value):
            return None
        ends = [_compared(subject, end, one, true) for end, one in zip(("at least", "at most"), value, strict=True)]
        found = tuple(end for end in ends if end is not None)
        return (Every if true else Some)(found) if len(found) == len(ends) else None
    op = op if true else OPPOSITE[op]
    if op in ("is known", "is missing"):
        return Figure(subject, Existing(op == "is known"))
    ranks = [rank(one, ordered=op in BOUNDS) for one in (value if isinstance(value, tuple) else (value,))]
    if any(one is None for one in ranks):
        return None
    return _figure(subject, op, [one for one in ranks if one is not None])


def _figure(subject: Subject, op: str, ranks: list[Rank]) -> Statement:
    """Of events, `is` and `is not` are two bounds: each holds of more, or of fewer, events too."""
    if op in BOUNDS:
        return Figure(subject, Bound.of(op, ranks[0], subject.whole))
    if subject.kind in COUNTED:
        ends = ("at least", "at most") if op == "is" else ("more than", "less than")
        sides = tuple(Figure(subject, Bound.of(end, ranks[0], subject.whole)) for end in ends)
        return Every(sides) if op == "is" else Some(sides)
    if op in ("is", "one of"):
        return Figure(subject, Among(frozenset(ranks)))
    return Every(tuple(Figure(subject, _except(one)) for one in ranks))


def _except(one: Rank) -> Values:
    return Among(frozenset([(one[0], not one[1])])) if one[0] == "truth" else Except(one)
