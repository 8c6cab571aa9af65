"""Rules: criteria written in YAML, checked, and compiled to a safe SQL condition.

A rule is one criterion, or `all`, `any`, `not` or a `count` of other rules:

    all:
      - {column: bmi, op: at least, value: 30}
      - any:
          - {column: anxiety, op: is, value: true}
          - {column: depression, op: is, value: true}
      - not: {column: covid_vaccinated, op: is, value: true}
      - {count: [{column: diabetes, ...}, {column: copd, ...}], op: at least, value: 2}

Unknown stays unknown (SQL's three-valued logic): a person without a BMI is
counted neither by `at least 30` nor by its `not`. Use `is missing` to count
such people.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    TypeAdapter,
    ValidationError,
)

from phm_utils.engine import quote
from phm_utils.errors import InputError
from phm_utils.params import Frozen
from phm_utils.rules.columns import RuleColumn

Op = Literal[
    "is",
    "is not",
    "at least",
    "more than",
    "at most",
    "less than",
    "one of",
    "none of",
    "is known",
    "is missing",
]
SQL_OP = {"is": "=", "is not": "<>", "at least": ">=", "more than": ">", "at most": "<=", "less than": "<"}
NEEDS_ORDER = ("at least", "more than", "at most", "less than")
TAKES_LIST = {"one of": "IN", "none of": "NOT IN"}
WITHOUT_VALUE = {"is known": "IS NOT NULL", "is missing": "IS NULL"}

Scalar = StrictBool | StrictInt | StrictFloat | date | StrictStr
ACCEPTS = {"text": (str,), "int": (int, float), "float": (int, float), "bool": (bool,), "date": (date,)}


class Criterion(Frozen):
    """A comparison of one column of `person` with a value."""

    # That a value is not a number is said where the rule is compiled, with the column's unit.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=True)

    column: str
    op: Op
    value: Scalar | tuple[Scalar, ...] | None = None
    says: str | None = Field(None, description="in a reader's words; by default made from the rest")


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
    op: Op
    value: StrictInt = Field(ge=0)
    says: str | None = None


def _form(content: Any) -> str:
    """Which of the five forms a rule has, by its keys."""
    if type(content) in FORMS:
        return FORMS[type(content)]
    named = [name for name in ("all", "any", "not", "count") if isinstance(content, dict) and name in content]
    return named[0] if named else "column"


Rule = Annotated[
    Annotated[Criterion, Tag("column")]
    | Annotated[All, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[Not, Tag("not")]
    | Annotated[Count, Tag("count")],
    Discriminator(_form),
]
FORMS: dict[type, str] = {Criterion: "column", All: "all", AnyOf: "any", Not: "not", Count: "count"}
for _model in (All, AnyOf, Not, Count):
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


def criteria(rule: Rule) -> Iterator[Criterion]:
    """The criteria of a rule, from left to right.

    >>> old = {"column": "age", "op": "at least", "value": 65}
    >>> rule = parse({"all": [old, {"column": "copd", "op": "is", "value": True}]})
    >>> [criterion.column for criterion in criteria(rule)]
    ['age', 'copd']
    """
    match rule:
        case Criterion():
            yield rule
        case All(all=parts) | AnyOf(any=parts) | Count(count=parts):
            for part in parts:
                yield from criteria(part)
        case Not(negated=part):
            yield from criteria(part)


def compile_rule(rule: Rule, columns: Mapping[str, RuleColumn]) -> str:
    """The rule as an SQL condition over `columns`: true, false, or null where unknown.

    Only names of `columns` and literals of the column's own type reach the
    SQL. Raises InputError for a column that is unknown (with the nearest
    name), an operation or value of the wrong type, or a word that the column
    never takes.

    >>> old = {"column": "age", "op": "at least", "value": 65}
    >>> rule = parse({"all": [old, {"column": "copd", "op": "is", "value": True}]})
    >>> columns = {"age": RuleColumn("age", "int", "Age"), "copd": RuleColumn("copd", "bool", "COPD")}
    >>> compile_rule(rule, columns)
    '("age" >= 65 AND "copd" = true)'
    """
    match rule:
        case Criterion():
            return _compile_criterion(rule, columns)
        case All(all=parts):
            return "(" + " AND ".join(compile_rule(p, columns) for p in parts) + ")"
        case AnyOf(any=parts):
            return "(" + " OR ".join(compile_rule(p, columns) for p in parts) + ")"
        case Not(negated=part):
            return f"(NOT {compile_rule(part, columns)})"
        case Count(count=parts):
            if rule.op not in SQL_OP:
                raise InputError(f"A count takes {', '.join(SQL_OP)}; not `{rule.op}`.")
            total = " + ".join(f"CAST({compile_rule(p, columns)} AS INTEGER)" for p in parts)
            return f"({total} {SQL_OP[rule.op]} {rule.value})"
    raise TypeError(f"not a rule: {type(rule).__name__}")


def _compile_criterion(rule: Criterion, columns: Mapping[str, RuleColumn]) -> str:
    if rule.column not in columns:
        near = get_close_matches(rule.column, columns, n=3)
        raise InputError(
            f"A rule uses the column `{rule.column}`, which `person` does not have. "
            + (f"Did you mean {' or '.join(near)}?" if near else f"It has {', '.join(columns)}.")
        )
    column = columns[rule.column]
    if rule.op in WITHOUT_VALUE:
        if rule.value is not None:
            raise InputError(f"`{column.name} {rule.op}` takes no value. Remove `value`.")
        return f'"{column.name}" {WITHOUT_VALUE[rule.op]}'
    if rule.op in NEEDS_ORDER and column.type in ("text", "bool"):
        raise InputError(f"`{column.name}` is {column.type} and has no order: `{rule.op}` does not apply to it.")
    if rule.op in TAKES_LIST:
        if not isinstance(rule.value, tuple) or not rule.value:
            raise InputError(f"`{column.name} {rule.op}` needs a list of values, such as [a, b].")
        literals = ", ".join(_literal(v, column) for v in rule.value)
        return f'"{column.name}" {TAKES_LIST[rule.op]} ({literals})'
    if isinstance(rule.value, tuple):
        raise InputError(f"`{column.name} {rule.op}` takes one value. For a list, use `one of`.")
    return f'"{column.name}" {SQL_OP[rule.op]} {_literal(rule.value, column)}'


def _literal(value: Any, column: RuleColumn) -> str:
    """A value as an SQL literal of the column's type."""
    if not isinstance(value, ACCEPTS[column.type]) or (isinstance(value, bool) and column.type != "bool"):
        raise InputError(
            f"`{column.name}` is {column.type}, but a rule compares it with "
            f"{'nothing' if value is None else f'`{value}`'}. Give a value of that type."
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"A rule compares `{column.name}` with `{value}`, which is not a number.")
    if column.words and value not in column.words:
        near = [w for w in column.words if w.casefold() == str(value).casefold()]
        near = near or get_close_matches(str(value), column.words, n=1, cutoff=0.4)
        raise InputError(
            f"`{column.name}` is never `{value}`."
            + (f" Did you mean `{near[0]}`?" if near else "")
            + f" It is one of: {', '.join(column.words)}."
        )
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return quote(str(value)) if column.type == "text" else str(value).lower()


def _part(rule: Rule, columns: Mapping[str, RuleColumn]) -> str:
    text = describe(rule, columns)
    return f"({text})" if isinstance(rule, All | AnyOf) else text


def describe(rule: Rule, columns: Mapping[str, RuleColumn]) -> str:
    """The rule in a reader's words: its `says`, or text made from the columns' titles.

    >>> old = {"column": "age", "op": "at least", "value": 65}
    >>> rule = parse({"all": [old, {"column": "copd", "op": "is", "value": True}]})
    >>> columns = {"age": RuleColumn("age", "int", "Age"), "copd": RuleColumn("copd", "bool", "COPD")}
    >>> describe(rule, columns)
    'Age at least 65 and COPD'
    """
    if rule.says:
        return rule.says
    match rule:
        case All(all=parts):
            return " and ".join(_part(p, columns) for p in parts)
        case AnyOf(any=parts):
            return " or ".join(_part(p, columns) for p in parts)
        case Not(negated=part):
            return f"not: {describe(part, columns)}"
        case Count(count=parts):
            return f"{rule.op} {rule.value} of: " + ", ".join(describe(p, columns) for p in parts)
    title = columns[rule.column].title if rule.column in columns else rule.column
    if isinstance(rule.value, bool):
        yes = rule.value == (rule.op == "is")
        return title if yes else f"not: {title}"
    values = rule.value if isinstance(rule.value, tuple) else (rule.value,)
    return f"{title} {rule.op} {', '.join(str(v) for v in values if v is not None)}".strip()
