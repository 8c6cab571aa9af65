"""Rules over columns of `person`, compiled to an SQL condition by a builder: no value is ever pasted into SQL.

The condition is true, false, or null where unknown, and means the same on DuckDB and on Spark.
"""

import math
from collections.abc import Callable, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from sqlglot import exp

from phm_utils.errors import InputError
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.event_windows import ago
from phm_utils.rules.forms import NEEDS_ORDER, TAKES_LIST, WITHOUT_VALUE, Criterion, is_pair
from phm_utils.rules.tree import All, AnyOf, Count, Not, Rule

ACCEPTS = {"text": (str,), "int": (int, float), "float": (int, float), "bool": (bool,), "date": (date,)}
COMPARISONS: dict[str, type[exp.Binary]] = {
    "is": exp.EQ,
    "is not": exp.NEQ,
    "at least": exp.GTE,
    "more than": exp.GT,
    "at most": exp.LTE,
    "less than": exp.LT,
}


def compile_rule(rule: Rule, columns: Mapping[str, RuleColumn]) -> str:
    """The rule as an SQL condition over `columns`: true, false, or null where unknown.

    Only names of `columns` and literals of the column's own type reach the
    SQL. Raises InputError for a column that is unknown (with the nearest
    name), an operation or value of the wrong type, a word that the column
    never takes, and a rule about anything but columns.

    >>> from phm_utils.rules.tree import parse
    >>> old = {"column": "age", "op": "at least", "value": 65}
    >>> rule = parse({"all": [old, {"column": "copd", "op": "is", "value": True}]})
    >>> columns = {"age": RuleColumn("age", "int", "Age"), "copd": RuleColumn("copd", "bool", "COPD")}
    >>> compile_rule(rule, columns)
    '("age" >= 65 AND "copd" = TRUE)'
    """

    def of_column(leaf: Rule) -> exp.Expr:
        if not isinstance(leaf, Criterion):
            raise InputError(f"`{type(leaf).__name__}` is for cohorts: here a rule asks for columns of `person` only.")
        return column_condition(leaf, columns)

    return joined_condition(rule, of_column).sql("duckdb")


def joined_condition(rule: Rule, of_leaf: Callable[[Rule], exp.Expr]) -> exp.Expr:
    """The condition of a rule from those of its criteria. of_leaf: also of a rule about the household.

    >>> from phm_utils.rules.tree import parse
    >>> rule = parse({"any": [{"has": "asthma"}, {"not": {"has": "copd"}}]})
    >>> joined_condition(rule, lambda leaf: exp.column(leaf.has[0])).sql()
    '(asthma OR (NOT copd))'
    """
    match rule:
        case All(all=parts):
            return exp.paren(exp.and_(*(joined_condition(p, of_leaf) for p in parts), copy=False), copy=False)
        case AnyOf(any=parts):
            return exp.paren(exp.or_(*(joined_condition(p, of_leaf) for p in parts), copy=False), copy=False)
        case Not(negated=part):
            return exp.paren(exp.not_(joined_condition(part, of_leaf), copy=False), copy=False)
        case Count(count=parts):
            total: exp.Expr = exp.cast(joined_condition(parts[0], of_leaf), "INT", copy=False)
            for part in parts[1:]:
                total = exp.Add(this=total, expression=exp.cast(joined_condition(part, of_leaf), "INT", copy=False))
            return exp.paren(compared(total, rule.op, rule.value), copy=False)
    return of_leaf(rule)


def compared(what: exp.Expr, op: str, value: Any) -> exp.Expr:
    """A comparison with one number, or with two of `between`.

    >>> compared(exp.column("age"), "between", (18, 64)).sql()
    'age BETWEEN 18 AND 64'
    """
    if op == "between":
        low, high = (exp.Literal.number(number) for number in value)
        return exp.Between(this=what, low=low, high=high)
    return COMPARISONS[op](this=what, expression=exp.Literal.number(value))


def column_condition(
    rule: Criterion, columns: Mapping[str, RuleColumn], table: str | None = None, index_date: date | None = None
) -> exp.Expr:
    """The condition of one criterion on a column.

    table: the name by which the column's table is known, where there are several.
    index_date: from which a day such as `12 months ago` is counted.
    Raises InputError: see `compile_rule`.

    >>> rule = Criterion(column="age", op="between", value=(18, 64))
    >>> column_condition(rule, {"age": RuleColumn("age", "int", "Age")}).sql()
    '"age" BETWEEN 18 AND 64'
    """
    if rule.column not in columns:
        raise InputError(_unknown(rule.column, columns))
    column = columns[rule.column]
    named = exp.column(column.name, table=table, quoted=True)
    if rule.op in WITHOUT_VALUE:
        if rule.value is not None:
            raise InputError(f"`{column.name} {rule.op}` takes no value. Remove `value`.")
        missing = exp.Is(this=named, expression=exp.Null())
        return missing if rule.op == "is missing" else exp.not_(missing)
    if rule.op in NEEDS_ORDER and column.type in ("text", "bool"):
        raise InputError(f"`{column.name}` is {column.type} and has no order: `{rule.op}` does not apply to it.")
    if rule.op in TAKES_LIST:
        if not isinstance(rule.value, tuple) or not rule.value:
            raise InputError(f"`{column.name} {rule.op}` needs a list of values, such as [a, b].")
        listed = exp.In(this=named, expressions=[_literal(v, column, index_date) for v in rule.value])
        return listed if rule.op == "one of" else exp.not_(listed)
    if rule.op == "between":
        return _between(rule, column, named, index_date)
    if isinstance(rule.value, tuple):
        raise InputError(
            f"`{column.name} {rule.op}` takes one value. For a list, use `one of`; for a range, `between`."
        )
    return COMPARISONS[rule.op](this=named, expression=_literal(rule.value, column, index_date))


def _unknown(name: str, columns: Mapping[str, RuleColumn]) -> str:
    near = get_close_matches(name, columns, n=3)
    return f"A rule uses the column `{name}`, which `person` does not have. " + (
        f"Did you mean {' or '.join(near)}?" if near else f"It has {', '.join(columns)}."
    )


def _between(rule: Criterion, column: RuleColumn, named: exp.Expr, index_date: date | None) -> exp.Expr:
    if not (isinstance(rule.value, tuple) and len(rule.value) == 2):
        raise InputError(f"`{column.name} between` takes two values, [low, high].")
    low, high = (_literal(v, column, index_date) for v in rule.value)
    if is_pair(rule.value) and type(rule.value[0]) is type(rule.value[1]) and rule.value[0] > rule.value[1]:
        raise InputError(f"`{column.name} between` begins with the smaller value: {list(reversed(rule.value))}.")
    return exp.Between(this=named, low=low, high=high)


def _literal(value: Any, column: RuleColumn, index_date: date | None) -> exp.Expr:
    """A value as an SQL literal of the column's type."""
    if column.type == "date" and isinstance(value, str) and (day := ago(value, index_date or date.today())):
        if index_date is None:
            raise InputError(f"`{column.name}`: a day such as `{value}` is for cohorts. Give a day such as 2025-03-31.")
        value = day
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
    return literal(value)


def literal(value: Any) -> exp.Expr:
    """An SQL literal: text, a number, yes or no, or a day.

    >>> literal("it's").sql(), literal(date(2025, 3, 31)).sql(), literal(True).sql()
    ("'it''s'", "CAST('2025-03-31' AS DATE)", 'TRUE')
    """
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "DATE")
    return exp.Literal.number(value) if isinstance(value, int | float) else exp.Literal.string(value)
