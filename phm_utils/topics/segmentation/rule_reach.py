"""Rules of a segmentation that nobody can reach: whoever meets one meets an earlier one first.

A search for one made-up person who meets a rule and none before it. Every
column takes values on and around the thresholds that the rules ask for. As
long as a column has no value yet, each rule keeps all of the answers (true,
false, not known) that it may still give, so most people need never be made
up: one with the four conditions that an earlier count asks for is given up
there and then.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from math import floor
from typing import Any

from phm_utils.measures.definitions import Segmentation
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.tree import All, AnyOf, Count, Criterion, Not, Rule, criteria, describe

TRUE, FALSE, UNKNOWN = 1, 2, 4  # answers that a rule may still give, added up
MAX_TRIED = 20_000  # people begun for one rule; beyond, it is taken to be reachable
MAY_BE_UNKNOWN = ("core20", "probable_care_home")  # of the yes-or-no columns; the others are always known
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda held, asked: held == asked,
    "is not": lambda held, asked: held != asked,
    "at least": lambda held, asked: held >= asked,
    "more than": lambda held, asked: held > asked,
    "at most": lambda held, asked: held <= asked,
    "less than": lambda held, asked: held < asked,
    "one of": lambda held, asked: held in asked,
    "none of": lambda held, asked: held not in asked,
}
Person = dict[str, Any]  # values given so far, by column
Answers = Callable[[Person], int]


def unreachable(model: Segmentation, columns: Mapping[str, RuleColumn]) -> list[tuple[str, str]]:
    """Rules, as (segment, reason), that nobody could reach, whoever is registered.

    Columns are taken to be independent of each other: a rule that only a
    person of an impossible kind could reach (four conditions in a count, none
    of them on record) counts as reachable. So does one that is not settled
    after MAX_TRIED people.
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
    """The search for one person, and how many it may still begin."""

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
        still = [(rule, rule[0](person)) for rule in earlier]
        if any(given == TRUE for _, given in still):
            return False
        still_open = [rule for rule, given in still if given & TRUE]
        undecided = [wanted] if answer != TRUE else still_open
        if not undecided:
            return True
        column = next(name for name in undecided[0][1] if name not in person)
        return any(self.reaches(wanted, still_open, {**person, column: v}) for v in self.values[column])


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
    """The answers that a rule may still give to a person of whom some values are given."""
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


def _answer(rule: Criterion, held: Any) -> int:
    if rule.op in ("is known", "is missing"):
        return TRUE if (held is None) == (rule.op == "is missing") else FALSE
    if held is None:
        return UNKNOWN
    return TRUE if COMPARED[rule.op](held, rule.value) else FALSE


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
