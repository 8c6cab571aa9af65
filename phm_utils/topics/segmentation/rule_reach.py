"""Unreachable rules of a segmentation: everybody who meets one meets an earlier one.

A search for an example person who meets a rule and none before it. Every
column takes values on and around the thresholds of the rules. As long as a
column has no value, each rule keeps all of the answers (true, false, not
known) that it may still give, so the search can stop early: an example with
the four conditions that an earlier count needs is dropped at once.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from math import floor
from typing import Any

from phm_utils.measures.definitions import Segmentation
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.describe import describe
from phm_utils.rules.forms import Criterion
from phm_utils.rules.tree import All, AnyOf, Count, Not, Rule, criteria

TRUE, FALSE, UNKNOWN = 1, 2, 4  # answers that a rule may still give, added up
MAX_TRIED = 20_000  # examples tried for one rule; beyond, it counts as reachable
MAY_BE_UNKNOWN = ("core20", "probable_care_home")  # of the yes-or-no columns; the others are always known
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda value, asked: value == asked,
    "is not": lambda value, asked: value != asked,
    "at least": lambda value, asked: value >= asked,
    "more than": lambda value, asked: value > asked,
    "at most": lambda value, asked: value <= asked,
    "less than": lambda value, asked: value < asked,
    "one of": lambda value, asked: value in asked,
    "none of": lambda value, asked: value not in asked,
}
Person = dict[str, Any]  # values set so far, by column
Answers = Callable[[Person], int]


def unreachable(model: Segmentation, columns: Mapping[str, RuleColumn]) -> list[tuple[str, str]]:
    """Rules, as (segment, reason), that no possible person could reach.

    Columns are taken to be independent of each other: a rule that only a
    person of an impossible kind could reach (four conditions in a count, none
    of them on record) counts as reachable. So does one that is undecided
    after MAX_TRIED examples.
    """
    rules = [(segment.name, rule) for segment in model.segments for rule in segment.rules]
    values = _values([rule for _, rule in rules], columns)
    asked = [tuple(dict.fromkeys(c.column for c in criteria(rule))) for _, rule in rules]
    answers = [_answers(rule, values) for _, rule in rules]
    found = []
    for place, (segment, rule) in enumerate(rules):
        earlier = list(zip(answers[:place], asked[:place], strict=True))
        if not _Search(values, MAX_TRIED).reaches((answers[place], asked[place]), earlier, {}):
            found.append((segment, describe(rule, columns)))
    return found


class _Search:
    """The search for one rule, and how many examples it may still try."""

    def __init__(self, values: Mapping[str, Sequence[Any]], left: int) -> None:
        self.values, self.left = values, left

    def reaches(self, wanted: tuple, earlier: list[tuple], person: Person) -> bool:
        """Can `person`, given more values, meet the wanted rule and none of the earlier ones?"""
        self.left -= 1
        if self.left < 0:
            return True
        answer = wanted[0](person)
        if not answer & TRUE:
            return False
        possible = [(rule, rule[0](person)) for rule in earlier]
        if any(given == TRUE for _, given in possible):
            return False
        may_hold = [rule for rule, given in possible if given & TRUE]
        undecided = [wanted] if answer != TRUE else may_hold
        if not undecided:
            return True
        column = next(name for name in undecided[0][1] if name not in person)
        return any(self.reaches(wanted, may_hold, {**person, column: v}) for v in self.values[column])


def _values(rules: list[Rule], columns: Mapping[str, RuleColumn]) -> dict[str, list[Any]]:
    """By column: not known (where it may be), then values on, just below and just above every threshold."""
    asked: dict[str, set[Any]] = {}
    for criterion in (c for rule in rules for c in criteria(rule)):
        listed = criterion.value if isinstance(criterion.value, tuple) else (criterion.value,)
        asked.setdefault(criterion.column, set()).update(v for v in listed if v is not None)
    return {name: _of_column(columns[name], values) for name, values in asked.items()}


def _of_column(column: RuleColumn, asked: set[Any]) -> list[Any]:
    match column.type:
        case "bool":
            return [False, True, *([None] if column.name in MAY_BE_UNKNOWN else [])]
        case "text":
            others = [w for w in column.words if w not in asked][:1] if column.words else ["another"]
            has_own_word = any("not " in word.casefold() for word in column.words)
            return [*([] if has_own_word else [None]), *others, *sorted(asked)]
        case "date":
            days = {day + timedelta(step) for day in asked for step in (-1, 0, 1)}
            return [None, *sorted(days or {date(2000, 1, 1)})]
        case "int":
            return [None, *sorted({floor(v) + step for v in asked for step in (-1, 0, 1)} or {0})]
    edges = sorted(asked) or [0.0]
    between = [(low + high) / 2 for low, high in pairwise(edges)]
    return [None, *sorted([edges[0] - 1, *edges, *between, edges[-1] + 1])]


def _answers(rule: Rule, values: Mapping[str, list[Any]]) -> Answers:
    """The answers that a rule may still give to a person with some values set."""
    match rule:
        case Criterion():
            return _of_criterion(rule, values[rule.column])
        case Not(negated=part):
            inner = _answers(part, values)
            return lambda person: _swapped(inner(person))
        case All(all=parts):
            each = [_answers(part, values) for part in parts]
            return lambda person: _all_of([of(person) for of in each])
        case AnyOf(any=parts):
            each = [_answers(part, values) for part in parts]
            return lambda person: _swapped(_all_of([_swapped(of(person)) for of in each]))
        case Count(count=parts):
            each, holds = [_answers(part, values) for part in parts], COMPARED[rule.op]
            return lambda person: _count_of([of(person) for of in each], holds, rule.value)
    raise TypeError(f"not a rule: {type(rule).__name__}")


def _of_criterion(rule: Criterion, values: list[Any]) -> Answers:
    column, given = rule.column, {value: _answer(rule, value) for value in values}
    any_of_them = 0
    for answer in given.values():
        any_of_them |= answer
    return lambda person: given[person[column]] if column in person else any_of_them


def _answer(rule: Criterion, value: Any) -> int:
    if rule.op in ("is known", "is missing"):
        return TRUE if (value is None) == (rule.op == "is missing") else FALSE
    if value is None:
        return UNKNOWN
    return TRUE if COMPARED[rule.op](value, rule.value) else FALSE


def _swapped(answers: int) -> int:
    """True for false and false for true: the answers of the opposite rule."""
    return answers & UNKNOWN | (FALSE if answers & TRUE else 0) | (TRUE if answers & FALSE else 0)


def _all_of(parts: list[int]) -> int:
    """Answers of `all`: false if one part is, else not known if one part is, else true."""
    found = FALSE if any(p & FALSE for p in parts) else 0
    if all(p & TRUE for p in parts):
        found |= TRUE
    if any(p & UNKNOWN for p in parts) and all(p & (TRUE | UNKNOWN) for p in parts):
        found |= UNKNOWN
    return found


def _count_of(parts: list[int], holds: Callable[[int, int], bool], wanted: int) -> int:
    """Answers of a count: not known if one part is."""
    found = UNKNOWN if any(p & UNKNOWN for p in parts) else 0
    if all(p & (TRUE | FALSE) for p in parts):
        fewest, most = sum(not p & FALSE for p in parts), sum(p & TRUE > 0 for p in parts)
        for total in range(fewest, most + 1):
            found |= TRUE if holds(total, wanted) else FALSE
    return found
