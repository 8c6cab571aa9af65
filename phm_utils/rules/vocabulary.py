"""What a rule of a cohort can ask: columns, concepts of events, segments, lists, programmes and other cohorts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

from phm_utils.errors import InputError
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.compile import column_condition
from phm_utils.rules.describe import Titled
from phm_utils.rules.event_concepts import EventConcept
from phm_utils.rules.faults import Fault, Place
from phm_utils.rules.forms import (
    AtAddress,
    Criterion,
    Events,
    InCohort,
    InProgramme,
    InSegment,
    Latest,
    Leaf,
    OnList,
    Sum,
    concepts_of,
    windows_of,
)
from phm_utils.rules.tree import Household, Rule, names_others, parts
from phm_utils.wording import joined

MOST_CRITERIA = 400  # of one cohort, those of cohorts that it refers to among them; ours have a dozen
SHOWN = 12
_ANY_DAY = date(2000, 1, 1)  # that `12 months ago` can be read is all that is asked here


@dataclass(frozen=True)
class Vocabulary:
    """The words that rules may use.

    columns: of `person`. concepts: kinds of events. segments: of the run's segmentation.
    cohorts: the criteria of every other cohort, by the name of its file.
    lists, addresses, programmes: those of the run's data; None where no run is at hand, and any name is taken.
    `addresses` has lists of addresses and, as `list/value`, each of their values.
    index_date: of the run, which no window may pass; None where no run is at hand.
    """

    columns: Mapping[str, RuleColumn]
    concepts: Mapping[str, EventConcept] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    cohorts: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    lists: tuple[str, ...] | None = None
    addresses: tuple[str, ...] | None = None
    programmes: tuple[str, ...] | None = None
    index_date: date | None = None

    @property
    def titles(self) -> dict[str, Titled]:
        """Columns and concepts by name, for `describe`; a column goes before a concept of its name."""
        return {**self.concepts, **self.columns}


def check_leaf(leaf: Leaf, words: Vocabulary) -> None:
    """Refuse a criterion that asks for what is not there, naming the nearest word.

    >>> from phm_utils.rules.tree import parse
    >>> check_leaf(parse({"has": "asthmaa"}), Vocabulary({}, {"asthma": EventConcept("asthma", "Asthma", "gp_event")}))
    Traceback (most recent call last):
        ...
    phm_utils.errors.InputError: There is no concept `asthmaa`. Did you mean `asthma`?
    """
    match leaf:
        case Criterion():
            column_condition(leaf, words.columns, index_date=_ANY_DAY)
        case InSegment(segment=names):
            _known("segment", names, words.segments)
        case OnList(list=names):
            _known("partner list", names, words.lists)
        case AtAddress(address=names):
            _known("list of addresses", names, words.addresses)
        case InProgramme(programme=names):
            _known("programme", names, words.programmes)
        case InCohort(cohort=name):
            _known("cohort", (name,), tuple(words.cohorts))
        case _:
            _known("concept", concepts_of(leaf), tuple(words.concepts))
            _check_values(leaf, words)
    _known("concept", [w.anchor for w in windows_of(leaf) if w.anchor], tuple(words.concepts))
    for day in (day for window in windows_of(leaf) for day in (window.from_day, window.to_day)):
        if day and words.index_date and day > words.index_date:
            raise InputError(f"A window reaches {day}, after the index date {words.index_date} of the run.")


def _check_values(leaf: Leaf, words: Vocabulary) -> None:
    """Refuse a value or code of events that have none, and a sum of what is no amount."""
    for name in concepts_of(leaf):
        concept = words.concepts[name]
        latest = isinstance(leaf, Latest) or getattr(leaf, "of", "") == "latest"
        if latest and not concept.value:
            valued = [c.name for c in words.concepts.values() if c.value]
            raise InputError(f"Events of `{name}` have no value. Those that have: {', '.join(sorted(valued))}.")
        if isinstance(leaf, Events) and leaf.distinct == "code" and not concept.coded:
            raise InputError(f"Events of `{name}` have no code: count them, or distinct days.")
        if isinstance(leaf, Sum) and not concept.amount:
            amounts = [c.name for c in words.concepts.values() if c.amount]
            raise InputError(f"Values of `{name}` are not amounts to be added. Those that are: {', '.join(amounts)}.")


def _known(kind: str, names: Iterable[str | None], known: tuple[str, ...] | None) -> None:
    for name in names:
        if known is None or name is None or name in known:
            continue
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        there = ", ".join(known[:SHOWN]) + (f" and {len(known) - SHOWN} more" if len(known) > SHOWN else "")
        hint = f"Did you mean `{near[0]}`?" if near else f"There {'are' if known else 'is'}: {there or 'none'}."
        raise InputError(f"There is no {kind} `{name}`. {hint}")


def leaf_faults(leaf: Leaf, words: Vocabulary, place: Place) -> list[Fault]:
    """The fault of a criterion's words, if it has one; see `check_leaf`.

    >>> from phm_utils.rules.tree import parse
    >>> [fault.place for fault in leaf_faults(parse({"has": "asthma"}), Vocabulary({}), ("criteria", 0))]
    [('criteria', 0)]
    """
    try:
        check_leaf(leaf, words)
    except InputError as fault:
        return [Fault(place, str(fault))]
    return []


def concept_faults(concept: str, words: Vocabulary, place: Place) -> list[Fault]:
    """The fault of a concept's name where it stands outside a rule, with the nearest one.

    >>> known = Vocabulary({}, {"asthma": EventConcept("asthma", "Asthma", "gp_event")})
    >>> [fault.text for fault in concept_faults("asthmaa", known, ("follow_up",))]
    ['There is no concept `asthmaa`. Did you mean `asthma`?']
    """
    try:
        _known("concept", (concept,), tuple(words.concepts))
    except InputError as fault:
        return [Fault(place, str(fault))]
    return []


def _all_parts(rule: Rule) -> list[Rule]:
    return [rule, *(inner for part in parts(rule) for inner in _all_parts(part))]


def check_references(name: str, rules: Iterable[Rule], words: Vocabulary) -> None:
    """Refuse a cohort that refers to itself, through others or not, or that has too many criteria with theirs.

    And one that asks for others in the household only through another cohort: what of its own holds back a list of
    people (`names_others`) would not know of it.
    name: of the cohort. Raises InputError with the circle.

    >>> from phm_utils.rules.tree import parse
    >>> a, b = parse({"cohort": "b"}), parse({"cohort": "a"})
    >>> check_references("a", [a], Vocabulary({}, cohorts={"a": (a,), "b": (b,)}))
    Traceback (most recent call last):
        ...
    phm_utils.errors.InputError: The cohort `a` refers to itself: a, b and a.
    """
    rules = tuple(rules)
    if _count(rules, words, (name,), any(names_others(rule) for rule in rules)) > MOST_CRITERIA:
        raise InputError(
            f"The cohort `{name}` has more than {MOST_CRITERIA} criteria, which is the most that are read. Those of "
            "cohorts that it refers to count too."
        )


def _count(rules: tuple[Rule, ...], words: Vocabulary, seen: tuple[str, ...], others: bool) -> int:
    """The criteria, counted until they are too many. others: does the cohort itself ask for others in the household?"""
    total = 0
    for rule in (inner for outer in rules for inner in _all_parts(outer)):
        total += not parts(rule)
        if total > MOST_CRITERIA:
            return total
        if isinstance(rule, Household) and not others:
            raise InputError(
                f"The cohort `{seen[0]}` refers to `{seen[-1]}`, which asks for something of others in the household. "
                "Write those criteria out here, with `neutral_title` and `neutral_reason`."
            )
        if isinstance(rule, InCohort):
            if rule.cohort in seen:
                circle = joined([*seen[seen.index(rule.cohort) :], rule.cohort])
                raise InputError(f"The cohort `{seen[0]}` refers to itself: {circle}.")
            total += _count(words.cohorts.get(rule.cohort, ()), words, (*seen, rule.cohort), others)
    return total
