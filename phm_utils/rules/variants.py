"""A rule with one thing changed: a value, a window, or a column or concept."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from phm_utils.errors import InputError
from phm_utils.params import Frozen
from phm_utils.rules.faults import model_faults
from phm_utils.rules.forms import Age, Change, Criterion, Events, Has, HasNot, Latest, Leaf, Scalar, Sum, concepts_of
from phm_utils.rules.tree import Rule, leaves, parts, with_parts

Part = TypeVar("Part", bound=Frozen)


class Wanted(Protocol):
    """What is to be changed: the criterion on `column` or `concept`, and its new value, months, or name."""

    @property
    def column(self) -> str | None: ...
    @property
    def concept(self) -> str | None: ...
    @property
    def value(self) -> Scalar | None: ...
    @property
    def months(self) -> int | None: ...
    @property
    def instead(self) -> str | None: ...


def with_changes(rule: Rule, wanted: Wanted) -> Rule:
    """The rule with one thing changed in its only criterion on a column or concept.

    Raises InputError where not exactly one criterion asks for it, or where it has nothing of the kind to change.

    >>> from types import SimpleNamespace
    >>> from phm_utils.rules.tree import parse
    >>> wanted = SimpleNamespace(column=None, concept="asthma", value=None, months=None, instead="copd")
    >>> with_changes(parse({"not": {"has": "asthma"}}), wanted).negated.has
    ('copd',)
    """
    name = wanted.column or wanted.concept
    asked = [leaf for leaf in leaves(rule) if _asks(leaf, wanted)]
    if len(asked) != 1:
        raise InputError(f"An alternative changes `{name}`, which {len(asked)} criteria use. It must be exactly one.")
    return _replaced(rule, asked[0], _changed(asked[0], wanted))


def with_value(rule: Rule, column: str, value: Scalar) -> Rule:
    """The rule with another value in its only criterion on `column`.

    >>> from phm_utils.rules.tree import parse
    >>> with_value(parse({"not": {"column": "age", "op": "at least", "value": 65}}), "age", 75).negated.value
    75
    """
    asked = [leaf for leaf in leaves(rule) if isinstance(leaf, Criterion) and leaf.column == column]
    if len(asked) != 1:
        raise InputError(f"An alternative changes `{column}`, which {len(asked)} criteria use. It must be exactly one.")
    return _replaced(rule, asked[0], asked[0].model_copy(update={"value": value}))


def _asks(leaf: Leaf, wanted: Wanted) -> bool:
    if wanted.column is not None:
        return isinstance(leaf, Criterion) and leaf.column == wanted.column
    return wanted.concept in concepts_of(leaf)


def _replaced(rule: Rule, old: Leaf, new: Leaf) -> Rule:
    """The rule with one criterion replaced; it is found by identity, since two may be alike."""
    if rule is old:
        return new
    below = parts(rule)
    return with_parts(rule, tuple(_replaced(part, old, new) for part in below)) if below else rule


def _changed(leaf: Leaf, wanted: Wanted) -> Leaf:
    if wanted.instead is not None:
        return _renamed(leaf, str(wanted.concept or wanted.column), wanted.instead)
    if wanted.months is not None:
        if isinstance(leaf, Latest) and leaf.age is not None:
            return leaf.model_copy(update={"age": Age(op=leaf.age.op, months=wanted.months)})
        if isinstance(leaf, Change) or getattr(leaf, "within", None) is None:
            raise InputError(f"An alternative changes the window of `{wanted.concept}`, which has none.")
        within = leaf.within.model_copy(update={"days": None, "years": None})  # type: ignore[union-attr]
        return leaf.model_copy(update={"within": _with(within, {"months": wanted.months})})
    if isinstance(leaf, Criterion):
        return leaf.model_copy(update={"value": wanted.value})
    if not isinstance(leaf, Latest | Events | Sum | Change):
        raise InputError(f"An alternative changes the value of `{wanted.concept}`, which has none.")
    return _with(leaf, {"value": wanted.value})


def _with(part: Part, changes: Mapping[str, Any]) -> Part:
    """A part of a rule with something changed, read as if it were written so. Raises InputError with what is wrong."""
    try:
        return type(part).model_validate(part.model_dump(by_alias=True, exclude_none=True) | dict(changes))
    except ValidationError as error:
        faults = list(dict.fromkeys(fault.text for fault in model_faults(error, type(part))))
        raise InputError(f"An alternative is not a rule: {' '.join(faults)}") from None


def _renamed(leaf: Leaf, old: str, new: str) -> Leaf:
    match leaf:
        case Criterion():
            return leaf.model_copy(update={"column": new})
        case Has() | HasNot() | Events():
            field = {Has: "has", HasNot: "has_not", Events: "events"}[type(leaf)]
            return leaf.model_copy(update={field: tuple(new if name == old else name for name in concepts_of(leaf))})
    field = {Latest: "latest", Sum: "sum", Change: "change"}[type(leaf)]
    return leaf.model_copy(update={field: new})
