"""Rules: criteria and how they are joined, as they are written in YAML.

A rule is one criterion (`forms`), or `all`, `any`, `not`, a `count` of other rules, or `household`:

    all:
      - {column: bmi, op: at least, value: 30}
      - any:
          - {column: anxiety, op: is, value: true}
          - {has: depression, within: {months: 12}}
      - not: {column: covid_vaccinated, op: is, value: true}
      - {count: [{column: diabetes, ...}, {column: copd, ...}], op: at least, value: 2}

Unknown stays unknown (three-valued logic): a person without a BMI is counted
neither by `at least 30` nor by its `not`. Use `is missing` to count such people.
Segments, registers and scores take columns of `person` only; cohorts take every form.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, StrictInt, Tag, TypeAdapter, ValidationError, model_validator

from phm_utils.errors import InputError
from phm_utils.params import Frozen
from phm_utils.rules.forms import (
    LEAVES,
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

CountOp = Literal["is", "is not", "at least", "more than", "at most", "less than"]


class All(Frozen):
    """Every one of several rules holds."""

    all: tuple["Rule", ...] = Field(min_length=1)
    says: str | None = None


class AnyOf(Frozen):
    """At least one of several rules holds."""

    any: tuple["Rule", ...] = Field(min_length=1)
    says: str | None = None


class Not(Frozen):
    """A rule is known not to hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    negated: "Rule" = Field(alias="not")
    says: str | None = None


class Count(Frozen):
    """A number of several rules hold; unknown where any of them is unknown."""

    count: tuple["Rule", ...] = Field(min_length=1)
    op: CountOp
    value: StrictInt = Field(ge=0)
    says: str | None = None


class Household(Frozen):
    """A rule holds for somebody else in the household.

    Unknown for people of no known household, of a communal one, or of one whose people live in several small areas.
    In a household of two it says something of the other person: see `names_others`.
    """

    household: "Rule"
    says: str | None = None

    @model_validator(mode="after")
    def _once(self) -> "Household":
        if names_others(self.household):
            raise ValueError("a household within a household is not read")
        return self


JOINED: dict[str, type[Frozen]] = {"all": All, "any": AnyOf, "not": Not, "count": Count, "household": Household}
FORMS: dict[str, type[Frozen]] = {**JOINED, **LEAVES}  # by the key that each is known by


def form_of(content: Any) -> str:
    """The form of a rule by its keys; `column` where none is recognised.

    >>> form_of({"has": "asthma", "within": {"months": 12}})
    'has'
    """
    if isinstance(content, Frozen):
        return next(name for name, model in FORMS.items() if type(content) is model)
    found = [name for name in FORMS if isinstance(content, dict) and name in content]
    return found[0] if found else "column"


Rule = Annotated[
    Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[Count, Tag("count")]
    | Annotated[Household, Tag("household")]
    | Annotated[Criterion, Tag("column")]
    | Annotated[Has, Tag("has")]
    | Annotated[HasNot, Tag("has not")]
    | Annotated[Latest, Tag("latest")]
    | Annotated[Events, Tag("events")]
    | Annotated[Sum, Tag("sum")]
    | Annotated[Change, Tag("change")]
    | Annotated[InSegment, Tag("segment")]
    | Annotated[OnList, Tag("list")]
    | Annotated[AtAddress, Tag("address")]
    | Annotated[InProgramme, Tag("programme")]
    | Annotated[InCohort, Tag("cohort")]
    | Annotated[OfIds, Tag("ids")],
    Discriminator(form_of),
]
for _model in JOINED.values():
    _model.model_rebuild()
_ADAPTER: TypeAdapter = TypeAdapter(Rule)


def parse(content: Any, where: str = "rule") -> Rule:
    """A rule from what YAML gave, or one InputError that lists every fault of its form.

    >>> parse({"column": "age", "op": "at least", "value": 65}).value
    65
    """
    try:
        return _ADAPTER.validate_python(content)
    except ValidationError as error:
        faults = [
            f"- {'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise InputError(f"{where} is not a rule.\n" + "\n".join(faults)) from None


def parts(rule: Rule) -> tuple[Rule, ...]:
    """The rules that a rule joins; none of a criterion.

    >>> len(parts(parse({"any": [{"has": "asthma"}, {"has": "copd"}]})))
    2
    """
    match rule:
        case All(all=found) | AnyOf(any=found) | Count(count=found):
            return found
        case Not(negated=part) | Household(household=part):
            return (part,)
    return ()


def any_of(rule: Rule) -> tuple[Rule, ...]:
    """The rules of which one is enough: of `any`, and of a criterion that names several concepts, lists or programmes.

    >>> [one.has for one in any_of(parse({"has": ["asthma", "copd"]}))]
    [('asthma',), ('copd',)]
    """
    match rule:
        case AnyOf(any=found):
            return found
        case Has(has=names) if len(names) > 1:
            return tuple(rule.model_copy(update={"has": (name,)}) for name in names)
        case OnList(list=names) if len(names) > 1:
            return tuple(rule.model_copy(update={"list": (name,)}) for name in names)
        case AtAddress(address=names) if len(names) > 1:
            return tuple(rule.model_copy(update={"address": (name,)}) for name in names)
        case InProgramme(programme=names) if len(names) > 1:
            return tuple(rule.model_copy(update={"programme": (name,)}) for name in names)
    return ()


def leaves(rule: Rule) -> Iterator[Leaf]:
    """The single criteria of a rule, from left to right; those about others of the household among them.

    >>> [type(leaf).__name__ for leaf in leaves(parse({"not": {"has": "asthma"}}))]
    ['Has']
    """
    if joined := parts(rule):
        for part in joined:
            yield from leaves(part)
    else:
        yield rule  # type: ignore[misc]  # what joins nothing is a leaf


def criteria(rule: Rule) -> Iterator[Criterion]:
    """The criteria of a rule that ask for a column of `person`, from left to right.

    >>> old = {"column": "age", "op": "at least", "value": 65}
    >>> rule = parse({"all": [old, {"column": "copd", "op": "is", "value": True}]})
    >>> [criterion.column for criterion in criteria(rule)]
    ['age', 'copd']
    """
    return (leaf for leaf in leaves(rule) if isinstance(leaf, Criterion))


def names_others(rule: Rule) -> bool:
    """Does a rule ask for something of others in the household?

    >>> names_others(parse({"household": {"column": "housebound", "op": "is", "value": True}}))
    True
    """
    return isinstance(rule, Household) or any(names_others(part) for part in parts(rule))


def with_parts(rule: Rule, changed: tuple[Rule, ...]) -> Rule:
    """A rule with other rules in place of those that it joins.

    >>> with_parts(parse({"not": {"has": "asthma"}}), (parse({"has": "copd"}),)).negated.has
    ('copd',)
    """
    field = {All: "all", AnyOf: "any", Count: "count", Not: "negated", Household: "household"}[type(rule)]
    return rule.model_copy(update={field: changed[0] if isinstance(rule, Not | Household) else changed})
