"""Faults of types: rounding, sums and text of numbers that are not whole, and differences of dates."""

from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

Schema = Mapping[str, Mapping[str, str]]  # table -> column -> DuckDB type

WHOLE = {*exp.DataType.INTEGER_TYPES, exp.DType.BOOLEAN, exp.DType.NULL}
TEXT = {*exp.DataType.TEXT_TYPES}
DAYS = {exp.DType.DATE}
UNKNOWN = {exp.DType.UNKNOWN}
SIGNS = {exp.IntDiv: "//", exp.Mod: "%", exp.BitwiseAnd: "&", exp.BitwiseOr: "|"}
ROUNDED = (exp.Floor, exp.Ceil, exp.Round)
CAST_IT = "CAST it so that its type is plain"


def type_faults(tree: exp.Expr, schema: Schema) -> list[str]:
    """Every part whose result would differ because of its type, in words.

    An unknown type counts as one that differs. Faults of names,
    such as an unknown column, are left to DuckDB.
    """
    known: dict[str, object] = {**schema}
    try:
        named = qualify(tree.copy(), schema=known, dialect="duckdb", validate_qualify_columns=False)
        typed = annotate_types(named, schema=known, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return ["its columns' types are not known: name every column with its table, and write out an ambiguous *."]
    return list(dict.fromkeys(fault for node in typed.walk(bfs=False) for fault in _faults(node)))


def _faults(node: exp.Expr) -> Iterator[str]:
    match node:
        case exp.Cast() if node.to.this in exp.DataType.INTEGER_TYPES and not _rounded(node.this):
            yield from _only(node.this, WHOLE | TEXT, "as a whole number: use floor, ceil or round inside the CAST")
        case exp.Cast() if node.to.this in exp.DataType.TEXT_TYPES:
            yield from _only(node.this, WHOLE | TEXT | DAYS, "as text: the engines write it differently")
        case exp.DPipe():
            for part in (node.this, node.expression):
                yield from _only(part, WHOLE | TEXT | DAYS, "in ||: the engines write it differently")
        case exp.Sum():
            of = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
            yield from _only(of, WHOLE, "in sum: the order of adding shows; sum whole numbers, such as pence or tenths")
        case exp.IntDiv() | exp.Mod() | exp.BitwiseAnd() | exp.BitwiseOr():
            for part in (node.this, node.expression):
                yield from _only(part, WHOLE, f"with {SIGNS[type(node)]}: whole numbers only")
        case exp.Sub() if all(_type(part) not in exp.DataType.NUMERIC_TYPES for part in (node.this, node.expression)):
            if all(_type(part) in DAYS for part in (node.this, node.expression)):
                yield "date - date: write date_diff('day', earlier, later)."
        case _:
            return


def _rounded(node: exp.Expr) -> bool:
    while isinstance(node, exp.Paren | exp.Neg):
        node = node.this
    return isinstance(node, ROUNDED)


def _type(node: exp.Expr) -> exp.DType:
    return node.type.this if node.type else exp.DType.UNKNOWN


def _only(node: exp.Expr, allowed: set, doing: str) -> Iterator[str]:
    kind = _type(node)
    if kind not in allowed and not isinstance(node, exp.Null):
        what = "a value of unknown type" if kind in UNKNOWN else kind.name
        yield f"{what} {doing}" + (f"; {CAST_IT}." if kind in UNKNOWN else ".")
