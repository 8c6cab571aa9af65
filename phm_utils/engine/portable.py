"""SQL models with the same meaning on DuckDB and on Spark.

`to_spark` translates a SELECT of DuckDB's dialect by sqlglot, which gives no
error where it is wrong. So nothing is translated that is not in ALLOWED
(nodes of the parsed tree, with those of their parts that may be used) and
keeps the conditions of CONDITIONS; each has a test that runs it on both
engines. Everything else is refused with an alternative.

Numbers. `/` is a DOUBLE on both; `//` and `%` cut towards zero and are for
whole numbers. Dividing by zero is infinity on DuckDB and an error on Spark:
divide by a number or by nullif(x, 0). DOUBLE becomes a whole number only by
floor, ceil or round, because DuckDB rounds where Spark cuts; it never becomes
text, and is never summed (the order of adding shows). A number with a decimal
point is DECIMAL, with rules of its own: only in a comparison, or as
CAST(0.5 AS DOUBLE). Sums of whole numbers are HUGEINT on DuckDB: cast them.

Order. Strings compare by their bytes, and nulls come last unless a model says
otherwise. `row_number` and the frames of ROWS need an ORDER BY that leaves no
ties, and so do `arg_max` and `arg_min`: the tree cannot show it.

Dates. Days are added as whole numbers; date_diff counts what DuckDB counts.
Left out: letters' case (engines differ beyond ASCII), patterns, lists,
intervals, means and quantiles, samples, and clocks.
"""

from collections.abc import Mapping

import sqlglot
from sqlglot import exp

from phm_utils.engine.portable_rules import CONDITIONS, INSTEAD
from phm_utils.engine.portable_types import Schema, type_faults
from phm_utils.engine.spark_sql import add_brackets, translate_nodes
from phm_utils.errors import InputError

BINARY = "this expression"
# What a model may be made of: node of sqlglot's tree -> those of its parts that may be there.
ALLOWED: Mapping[type[exp.Expr], str] = {
    # the parts of a query
    exp.Select: "expressions from_ joins where group having qualify with_ distinct",
    exp.Union: "this expression distinct with_",
    exp.With: "expressions",
    exp.CTE: "this alias",
    exp.Subquery: "this alias",
    exp.From: "this",
    exp.Join: "this side kind on using",
    exp.Where: "this",
    exp.Group: "expressions all",
    exp.Having: "this",
    exp.Qualify: "this",
    exp.Distinct: "expressions",
    exp.Values: "expressions alias",
    exp.Tuple: "expressions",
    exp.Order: "expressions",
    exp.Ordered: "this desc nulls_first",
    # names and values
    exp.Table: "this alias",
    exp.TableAlias: "this columns",
    exp.Alias: "this alias",
    exp.Column: "this table",
    exp.Identifier: "this quoted",
    exp.Star: "except_",
    exp.Literal: "this is_string",
    exp.Boolean: "this",
    exp.Null: "",
    exp.Paren: "this",
    exp.Var: "this",
    # operators
    exp.And: BINARY,
    exp.Or: BINARY,
    exp.Not: "this",
    exp.EQ: BINARY,
    exp.NEQ: BINARY,
    exp.GT: BINARY,
    exp.GTE: BINARY,
    exp.LT: BINARY,
    exp.LTE: BINARY,
    exp.Is: BINARY,
    exp.NullSafeEQ: BINARY,
    exp.NullSafeNEQ: BINARY,
    exp.Between: "this low high",
    exp.In: "this expressions query",
    exp.Exists: "this",
    exp.Add: BINARY,
    exp.Sub: BINARY,
    exp.Mul: BINARY,
    exp.Div: "this expression typed safe",
    exp.IntDiv: BINARY,
    exp.Mod: BINARY,
    exp.BitwiseAnd: BINARY,
    exp.BitwiseOr: BINARY,
    exp.Neg: "this",
    exp.DPipe: "this expression safe",
    exp.Case: "this ifs default",
    exp.If: "this true false",
    exp.Cast: "this to",
    exp.DataType: "this nested",
    # functions of one row
    exp.Coalesce: "this expressions",
    exp.Nullif: BINARY,
    exp.Greatest: "this expressions ignore_nulls",
    exp.Least: "this expressions ignore_nulls",
    exp.Abs: "this",
    exp.Floor: "this",
    exp.Ceil: "this",
    exp.Round: "this",
    exp.Year: "this",
    exp.Month: "this",
    exp.Day: "this",
    exp.DateDiff: "this expression unit date_part_boundary",
    exp.TimestampTrunc: "this unit",
    exp.Left: BINARY,
    exp.Substring: "this start length",
    exp.Length: "this",
    exp.StartsWith: BINARY,
    exp.Contains: BINARY,
    # functions of many rows
    exp.Count: "this expressions big_int",
    exp.Sum: "this",
    exp.Min: "this",
    exp.Max: "this",
    exp.LogicalOr: "this",
    exp.LogicalAnd: "this",
    exp.BitwiseOrAgg: "this",
    exp.ArgMax: BINARY,
    exp.ArgMin: BINARY,
    exp.Struct: "expressions",
    exp.PropertyEQ: BINARY,
    exp.Filter: BINARY,
    exp.Window: "this partition_by order spec over",
    exp.WindowSpec: "kind start start_side end end_side",
    exp.RowNumber: "",
    exp.Lag: "this offset",
    exp.Lead: "this offset",
}


def to_spark(sql: str, model: str = "this model", schema: Schema | None = None) -> str:
    """A SELECT of DuckDB's dialect in Spark's, with the same answer.

    model: its name, for errors.
    schema: columns and DuckDB types of the tables that it reads, by table;
        with it, what depends on types is checked as well.
    Raises InputError with every part that may differ between the engines.
    """
    tree = parse(sql, model)
    faults = _faults(tree) or (type_faults(tree, schema) if schema is not None else [])
    if faults:
        raise InputError(
            f"The model {model} cannot be run on Spark as it stands ({len(faults)} parts of it):\n- "
            + "\n- ".join(faults)
        )
    translate_nodes(tree)
    add_brackets(tree)
    return tree.sql(dialect="spark", identify=True, comments=False, unsupported_level=sqlglot.ErrorLevel.RAISE)


def parse(sql: str, model: str = "this model") -> exp.Expr:
    """The tree of one SELECT."""
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="duckdb") if tree is not None]
    except sqlglot.errors.SqlglotError:
        raise InputError(f"The model {model} could not be read as SQL. Try it on DuckDB alone first.") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Select | exp.SetOperation):
        raise InputError(f"The model {model} must be one SELECT, and nothing else.")
    return trees[0]


def _faults(tree: exp.Expr) -> list[str]:
    """What is not allowed in the tree, each once, in the order of the text."""
    found: dict[str, None] = {}
    for node in tree.walk(bfs=False):
        if message := _fault(node):
            found.setdefault(message)
    return list(found)


def _fault(node: exp.Expr) -> str | None:
    kind, parts = type(node), None if node.parent is None else ALLOWED.get(type(node.parent))
    if parts is not None and node.arg_key not in parts.split():
        return None  # reported with its parent node
    if kind not in ALLOWED:
        return f"{_name(node)} may differ between the engines.{_instead(_name(node))}"
    known = ALLOWED[kind].split()
    extra = [part for part, value in node.args.items() if part not in known and value not in (None, False, [], "")]
    if extra:
        part = f"{_name(node)} with {', '.join(part.strip('_') for part in extra)}"
        return f"{part} may differ between the engines.{_instead(*extra, _name(node))}"
    condition = CONDITIONS.get(kind)
    return condition(node) if condition else None


def _name(node: exp.Expr) -> str:
    """The name of a node for an author of SQL: DuckDB's name of a function, else the tree's name of a construct."""
    if isinstance(node, exp.Func):
        return node.sql(dialect="duckdb").partition("(")[0].lower()
    return node.key


def _instead(*names: str) -> str:
    return next((f" {INSTEAD[name]}" for name in names if name in INSTEAD), "")


def table_names(tree: exp.Expr) -> set[str]:
    """Every table that a model names, its own CTEs too."""
    return {table.name for table in tree.find_all(exp.Table)}
