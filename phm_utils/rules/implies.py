"""Rules that contain each other by definition: whoever meets one certainly meets the other, whatever the data.

Shown, never guessed: False says that it cannot be shown here, and not that somebody meets one without the other.
What is compared is when rules are true. Unknown is not true, and `not` is true where a rule is false: see `statements`.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import permutations
from typing import TypeVar

from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.figure_facts import certain, figure_shows
from phm_utils.rules.meaning import Meaning
from phm_utils.rules.statements import Every, Figure, OfHousehold, Same, Some, Statement, Tally
from phm_utils.rules.tree import All, Rule

MOST_STEPS = 10_000  # of one comparison; those of shipped cohorts take some hundred at most
Name = TypeVar("Name", bound=Hashable)


def implies(
    rule: Rule, other: Rule, cohorts: Mapping[str, tuple[Rule, ...]], columns: Mapping[str, RuleColumn] | None = None
) -> bool:
    """Does everybody who meets `rule` certainly meet `other`?

    cohorts: the criteria of cohorts that the rules refer to. columns: of `person`; without them, no column is taken
    for one of whole numbers.

    >>> from phm_utils.rules.tree import parse
    >>> ten, five = (parse({"events": "ed_attendances", "op": "at least", "value": number}) for number in (10, 5))
    >>> implies(ten, five, {}), implies(five, ten, {})
    (True, False)
    """
    return all_imply((rule,), (other,), cohorts, columns)


def all_imply(
    criteria: Iterable[Rule],
    others: Iterable[Rule],
    cohorts: Mapping[str, tuple[Rule, ...]],
    columns: Mapping[str, RuleColumn] | None = None,
) -> bool:
    """Does everybody who meets all of some criteria certainly meet all of some others? See `implies`.

    >>> from phm_utils.rules.tree import parse
    >>> old, ill = parse({"column": "age", "op": "at least", "value": 65}), parse({"has": "asthma"})
    >>> all_imply([ill, old], [old], {}), all_imply([old], [ill, old], {})
    (True, False)
    """
    meaning = Meaning(cohorts, columns or {})
    return follows(known(_of_all(criteria, meaning)), _of_all(others, meaning))


def contained(
    definitions: Mapping[Name, Iterable[Rule]],
    cohorts: Mapping[str, tuple[Rule, ...]],
    columns: Mapping[str, RuleColumn] | None = None,
) -> list[tuple[Name, Name]]:
    """Pairs of definitions of which the first certainly contains nobody whom the second does not; also by a third.

    >>> from phm_utils.rules.tree import parse
    >>> old, ill = parse({"column": "age", "op": "at least", "value": 65}), parse({"has": "asthma"})
    >>> contained({"old": [old], "old and ill": [old, ill]}, {})
    [('old and ill', 'old')]
    """
    meaning = Meaning(cohorts, columns or {})
    goals = {name: _of_all(criteria, meaning) for name, criteria in definitions.items()}
    knowledge = {name: known(goal) for name, goal in goals.items()}
    within = {name: {name} for name in goals}
    for name, other in permutations(goals, 2):
        if follows(knowledge[name], goals[other]):
            within[name].add(other)
    for between in goals:  # Warshall: what contains a definition that contains it
        for outer in within.values():
            if between in outer:
                outer |= within[between]
    return [(name, other) for name in goals for other in goals if other != name and other in within[name]]


def _of_all(criteria: Iterable[Rule], meaning: Meaning) -> Statement:
    return meaning.of(All(all=tuple(criteria)))


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of a person: facts, and choices of which one option each holds, with all that it adds."""

    facts: tuple[Statement, ...]
    choices: tuple[tuple["Known", ...], ...] = ()


def known(statement: Statement, above: tuple[Statement, ...] = ()) -> Known:
    """What is known where a statement holds. above: facts known already.

    >>> from phm_utils.rules.tree import parse
    >>> len(known(Meaning({}).of(parse({"all": [{"has": "asthma"}, {"has": "copd"}]}))).facts)
    2
    """
    facts, choices, left = list(above), [], [statement]
    while left:
        match left.pop():
            case Every(parts=parts):
                left += reversed(parts)
            case Some() as choice:
                choices.append(choice)
            case Tally() as tally:
                facts.append(tally)
                left += _of_tally(tally)
            case fact:
                facts.append(fact)
    together = tuple(facts)
    # An option is looked at with all facts and without the other choices: two choices at once would be too many.
    options = tuple(tuple(known(option, together) for option in choice.parts) for choice in choices)
    return Known(together, options)


def _of_tally(tally: Tally) -> list[Statement]:
    """What a number of true parts says of the parts: all of them, at least one, or none. Of counts in it nothing."""
    true, false = (tuple(part[side] for part in tally.parts) for side in (0, 1))
    least, most = min(tally.allowed, default=0), max(tally.allowed, default=len(tally.parts))
    found: list[Statement] = [Every(true)] if least == len(true) else [Some(true)] if least else []
    found += [Every(false)] if most == 0 else [Some(false)] if most < len(false) else []
    return [statement for statement in found if not any(isinstance(part, Tally) for part in statement.parts)]  # type: ignore[union-attr]


def follows(given: Known, goal: Statement) -> bool:
    """Does a statement certainly hold where others do?

    >>> from phm_utils.rules.tree import parse
    >>> meaning = Meaning({})
    >>> follows(known(meaning.of(parse({"has": "asthma"}))), meaning.of(parse({"has": ["copd", "asthma"]})))
    True
    """
    return _Proof().of(given, goal)


@dataclass
class _Proof:
    """One comparison, of so many steps at most; what takes more is not shown."""

    steps: int = MOST_STEPS
    found: dict[tuple[Known, Statement], bool] = field(default_factory=dict)

    def of(self, given: Known, goal: Statement) -> bool:
        key = given, goal
        if key not in self.found:
            self.steps -= 1
            self.found[key] = self.steps > 0 and self._of(given, goal)
        return self.found[key]

    def _of(self, given: Known, goal: Statement) -> bool:
        if isinstance(goal, Every):
            return all(self.of(given, part) for part in goal.parts)
        if isinstance(goal, Some) and any(self.of(given, part) for part in goal.parts):
            return True
        if not isinstance(goal, Some) and (certain(goal) or any(self._shows(fact, goal) for fact in given.facts)):
            return True
        if isinstance(goal, Tally) and self._counted(given, goal):
            return True
        return any(all(self.of(option, goal) for option in choice) for choice in given.choices)

    def _shows(self, fact: Statement, goal: Statement) -> bool:
        match fact, goal:
            case Figure(), Figure():
                return figure_shows(fact, goal)
            case Same(), Same():
                return fact == goal
            case OfHousehold(), OfHousehold():
                return fact.true == goal.true and self.of(known(fact.statement), goal.statement)
            case Tally(), Tally():
                return (fact.rules == goal.rules and fact.allowed <= goal.allowed) or self._tally_shows(fact, goal)
        return False

    def _tally_shows(self, fact: Tally, goal: Tally) -> bool:
        """Each part implies its like, none of which can be unknown: so at least as many are true; or at most."""
        number = len(goal.parts)
        if not goal.certain or number != len(fact.parts) or not (fact.allowed and goal.allowed):
            return False
        sides = [(mine[0], its[0]) for mine, its in zip(fact.parts, goal.parts, strict=True)]
        if set(range(min(fact.allowed), number + 1)) <= goal.allowed:
            return all(self.of(known(mine), its) for mine, its in sides)
        if set(range(max(fact.allowed) + 1)) <= goal.allowed:
            return all(self.of(known(its), mine) for mine, its in sides)
        return False

    def _counted(self, given: Known, goal: Tally) -> bool:
        """Is each part known to be true or to be false, and so many true as asked?"""
        number = 0
        for true, false in goal.parts:
            if self.of(given, true):
                number += 1
            elif not self.of(given, false):
                return False
        return number in goal.allowed
