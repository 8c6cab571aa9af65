"""Translations of DuckDB's SQL where it has another meaning on Spark, and brackets around operands."""

from collections.abc import Callable, Mapping

from sqlglot import exp

# Operators whose operands get brackets, because the two engines bind them differently.
OPERATORS = (exp.Binary, exp.Unary, exp.Between, exp.In)
NOT_OPERATORS = (exp.Paren, exp.PropertyEQ, exp.ArgMax, exp.ArgMin)


def translate_nodes(tree: exp.Expr) -> None:
    """Replace nodes of DuckDB by those of Spark, the innermost first."""
    for node in reversed(list(tree.walk(bfs=False))):
        if translate := TRANSLATIONS.get(type(node)):
            node.replace(translate(node))


def add_brackets(tree: exp.Expr) -> None:
    """Put brackets round every operand that is an operation, in place; chains such as a AND b AND c keep none."""
    for node in list(tree.walk()):
        parent = node.parent
        if not _is_operation(node) or not _is_operation(parent):
            continue
        if type(node) is type(parent) and node.arg_key == "this":
            continue
        brackets = exp.Paren()
        node.replace(brackets)
        brackets.set("this", node)


def _is_operation(node: exp.Expr | None) -> bool:
    return isinstance(node, OPERATORS) and not isinstance(node, NOT_OPERATORS)


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _not_null(node: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=exp.Paren(this=node.copy()), expression=exp.Null()))


def _date_diff(node: exp.DateDiff) -> exp.Expr:
    """DuckDB counts the ends of days, months or years between two dates; Spark's own counts whole ones."""
    later, earlier, unit = node.this, node.expression, node.text("unit").upper()
    if unit == "DAY":
        days = [exp.cast(d.copy(), exp.DType.DATE) for d in (later, earlier)]
        return exp.cast(_call("DATEDIFF", *days), exp.DType.BIGINT)
    if unit == "MONTH":
        firsts = [_call("TRUNC", d.copy(), exp.Literal.string("MM")) for d in (later, earlier)]
        return exp.cast(_call("MONTHS_BETWEEN", *firsts), exp.DType.BIGINT)
    years = [_call("YEAR", d.copy()) for d in (later, earlier)]
    return exp.Paren(this=exp.Sub(this=years[0], expression=years[1]))


def _arg_best(node: exp.ArgMax | exp.ArgMin) -> exp.Expr:
    """DuckDB passes over rows whose value or order is null; nulls inside an order of several parts come last."""
    value, order = node.this, node.expression
    known = [value] if isinstance(order, exp.Struct) else [value, order]
    if isinstance(order, exp.Struct):
        parts = [part.expression for part in order.expressions]
        order = _call("STRUCT", *(e for p in parts for e in (exp.Is(this=p.copy(), expression=exp.Null()), p.copy())))
    best = _call("MAX_BY" if isinstance(node, exp.ArgMax) else "MIN_BY", value.copy(), order.copy())
    conditions, outer = [_not_null(k) for k in known], node.parent
    if isinstance(outer, exp.Filter):
        outer.set("expression", exp.Where(this=exp.and_(outer.expression.this, *conditions)))
        return best
    return exp.Filter(this=best, expression=exp.Where(this=exp.and_(*conditions)))


TRANSLATIONS: Mapping[type[exp.Expr], Callable] = {
    exp.DateDiff: _date_diff,
    exp.ArgMax: _arg_best,
    exp.ArgMin: _arg_best,
}
