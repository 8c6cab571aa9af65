"""Conditions under which parts of a model have the same meaning on DuckDB and on Spark.

A condition takes a node of the parsed tree and returns its fault, or None.
"""

from collections.abc import Callable, Mapping

from sqlglot import exp

TYPES = {
    exp.DType.SMALLINT,
    exp.DType.INT,
    exp.DType.BIGINT,
    exp.DType.DOUBLE,
    exp.DType.BOOLEAN,
    exp.DType.TEXT,
    exp.DType.VARCHAR,
    exp.DType.DATE,
}
WHOLE = {exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT}
COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)
WINDOWED = (exp.RowNumber, exp.Sum, exp.Min, exp.Max, exp.Count, exp.Lag, exp.Lead)
NEED_ORDER = (exp.RowNumber, exp.Lag, exp.Lead)
JOINS = {("", ""), ("", "INNER"), ("LEFT", ""), ("LEFT", "OUTER"), ("", "CROSS"), ("", "SEMI"), ("", "ANTI")}
DIFFERENCES = ("DAY", "MONTH", "YEAR")
LARGEST = 2**63 - 1
# Alternatives, by the name of the refused part.
_CASE = "Letters beyond ASCII differ: tidy text when it comes in."
_PATTERN = "Use starts_with, contains, or left(x, n) IN (...)."
_PICK = "Use row_number() with an ORDER BY without ties, in a CTE, or max and min."
_MEAN = "Take a sum and a count, and divide."
_CLOCK = "Write the value in, from the parameters."
_LIST = "Register a table of the values and join it."
INSTEAD: Mapping[str, str] = {
    **dict.fromkeys(("lower", "upper"), _CASE),
    **dict.fromkeys(("like", "ilike", "regexp_matches", "regexp_replace", "regexp_extract"), _PATTERN),
    **dict.fromkeys(("first", "last", "any_value", "ignorenulls", "mode", "limit", "first_value", "last_value"), _PICK),
    **dict.fromkeys(("avg", "median", "stddev", "quantile_cont"), _MEAN),
    **dict.fromkeys(("current_date", "current_timestamp", "now", "random", "placeholder", "parameter"), _CLOCK),
    **dict.fromkeys(("array", "array_agg", "list", "unnest", "range", "generate_series"), _LIST),
    "concat": "Use || (concat passes over nulls).",
    "interval": "Add whole days, or work the date out in Python and write it in.",
    "lateral": "Add the column in a CTE.",
    "try_cast": "Cast what has been checked.",
    "pivot": "Use max(...) FILTER (WHERE ...).",
    "order": "A model's rows have no order: they are ordered by its key when written.",
    "struct": "A struct may only be the second argument of arg_max or arg_min.",
}


def _literal(node: exp.Expr | None, least: int = 0) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit() and int(node.name) >= least


def _without_brackets(node: exp.Expr) -> exp.Expr:
    """A node without the brackets around it."""
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _parent(node: exp.Expr) -> exp.Expr | None:
    """The parent of a node, without brackets and minus signs."""
    parent = node.parent
    while isinstance(parent, exp.Paren | exp.Neg):
        parent = parent.parent
    return parent


def _number(node: exp.Literal) -> str | None:
    if node.is_string or "e" in node.name.lower():
        return None
    if node.name.isdigit():
        return "a whole number beyond 64 bits." if int(node.name) > LARGEST else None
    parent = _parent(node)
    if isinstance(parent, COMPARISONS) or (isinstance(parent, exp.Cast) and parent.to.this == exp.DType.DOUBLE):
        return None
    return f"{node.name} is DECIMAL, which the engines compute differently: write CAST({node.name} AS DOUBLE)."


def _divides(node: exp.Binary) -> str | None:
    by = _without_brackets(node.expression)
    if isinstance(by, exp.Cast):
        by = _without_brackets(by.this)
    if isinstance(by, exp.Nullif) and _literal(by.expression) and int(by.expression.name) == 0:
        return None
    if isinstance(by, exp.Literal) and not by.is_string and float(by.name) != 0:
        return None
    return f"{node.key} by what may be 0: divide by a number or by nullif(x, 0)."


def _casts(node: exp.Cast) -> str | None:
    if node.to.this not in TYPES:
        return f"cast to {node.to.sql('duckdb')}: the types of models are {', '.join(sorted(t.name for t in TYPES))}."
    return None


def _rounds_down(node: exp.Floor | exp.Ceil) -> str | None:
    parent = _parent(node)
    if isinstance(parent, exp.Cast) and parent.to.this in WHOLE:
        return None
    return f"{node.key} is a DOUBLE on DuckDB and a whole number on Spark: write CAST({node.key}(x) AS BIGINT)."


def _truncates(node: exp.TimestampTrunc) -> str | None:
    parent = _parent(node)
    if node.text("unit").upper() not in ("MONTH", "YEAR"):
        return "date_trunc goes by 'month' or 'year'."
    if isinstance(parent, exp.Cast) and parent.to.this == exp.DType.DATE:
        return None
    return "date_trunc gives a timestamp: write CAST(date_trunc('month', x) AS DATE)."


def _differs(node: exp.DateDiff) -> str | None:
    return None if node.text("unit").upper() in DIFFERENCES else "date_diff counts 'day', 'month' or 'year'."


def _part_of_text(node: exp.Left | exp.Substring) -> str | None:
    if isinstance(node, exp.Left):
        ok = _literal(node.expression)
    else:
        ok = _literal(node.args.get("start"), 1) and (node.args.get("length") is None or _literal(node.args["length"]))
    return None if ok else f"{node.key} takes whole numbers as written, none below 0 and no start below 1."


def _joins(node: exp.Join) -> str | None:
    kind = (node.side.upper(), node.kind.upper())
    on = bool(node.args.get("on") or node.args.get("using"))
    if kind not in JOINS:
        return f"{' '.join(kind).strip().lower()} join: joins are inner, left, cross, semi or anti."
    if on == (kind == ("", "CROSS")):
        return "a join without a condition: write CROSS JOIN, or ON."
    return None


def _groups(node: exp.Group) -> str | None:
    by = [_without_brackets(e) for e in node.expressions]
    return "GROUP BY a place: name the column." if any(isinstance(e, exp.Literal) for e in by) else None


def _orders(node: exp.Order) -> str | None:
    if not isinstance(node.parent, exp.Window):
        return f"ORDER BY outside OVER. {INSTEAD['order']}"
    by = [_without_brackets(e.this) for e in node.expressions]
    return (
        "ORDER BY a place or ALL: name the column." if any(isinstance(e, exp.Literal | exp.Var) for e in by) else None
    )


def _windows(node: exp.Window) -> str | None:
    of, order = node.this, node.args.get("order")
    if isinstance(of, exp.Filter):
        return "FILTER with OVER: use count(CASE WHEN ... THEN 1 END) OVER (...)."
    if not isinstance(of, WINDOWED) or isinstance(of.this, exp.Distinct):
        return f"{of.key} OVER: windows are of row_number, sum, min, max, count, lag and lead."
    if isinstance(of, NEED_ORDER) and order is None:
        return f"{of.key} OVER () needs an ORDER BY without ties: the engines would number the rows differently."
    return None


def _frames(node: exp.WindowSpec) -> str | None:
    bounds = [node.args.get("start"), node.args.get("end")]
    ok = all(b is None or b in ("UNBOUNDED", "CURRENT ROW") or _literal(b) for b in bounds)
    return None if node.args.get("kind") == "ROWS" and ok else "frames are ROWS between whole numbers as written."


def _within(*parents: type[exp.Expr]) -> Callable[[exp.Expr], str | None]:
    def check(node: exp.Expr) -> str | None:
        if isinstance(node.parent, parents):
            return None
        return f"{node.key} may differ between the engines here. {INSTEAD.get(node.key, '')}".rstrip()

    return check


def _distinct(node: exp.Distinct) -> str | None:
    if isinstance(node.parent, exp.Select) and not node.expressions:
        return None
    if isinstance(node.parent, exp.Count | exp.Sum) and len(node.expressions) == 1:
        of = _without_brackets(node.expressions[0])
        return "count(DISTINCT (a, b)): count rows of a subquery." if isinstance(of, exp.Tuple) else None
    return "DISTINCT is for a SELECT, or for the one argument of count or sum."


def _counts(node: exp.Count) -> str | None:
    return None if node.this is not None and not node.expressions else "count takes one argument, or *."


def _whole_select(node: exp.Select) -> str | None:
    if not any(e.is_star for e in node.expressions):
        return None
    if any(join.args.get("using") for join in node.args.get("joins") or []):
        return "* with USING: Spark puts the joined column first; name the columns, or join ON."
    return "QUALIFY with *: name the columns." if node.args.get("qualify") else None


def _aliases(node: exp.TableAlias) -> str | None:
    return "a list of columns belongs to VALUES only." if node.columns and not _of_values(node) else None


def _of_values(node: exp.TableAlias) -> bool:
    return isinstance(node.parent, exp.Values)


CONDITIONS: Mapping[type[exp.Expr], Callable] = {
    exp.Select: _whole_select,
    exp.Join: _joins,
    exp.Group: _groups,
    exp.Distinct: _distinct,
    exp.Tuple: _within(exp.Values),
    exp.Order: _orders,
    exp.TableAlias: _aliases,
    exp.Var: _within(exp.DateDiff, exp.TimestampTrunc),
    exp.Literal: _number,
    exp.Div: _divides,
    exp.IntDiv: _divides,
    exp.Mod: _divides,
    exp.Cast: _casts,
    exp.Floor: _rounds_down,
    exp.Ceil: _rounds_down,
    exp.TimestampTrunc: _truncates,
    exp.DateDiff: _differs,
    exp.Left: _part_of_text,
    exp.Substring: _part_of_text,
    exp.Count: _counts,
    exp.Struct: _within(exp.ArgMax, exp.ArgMin),
    exp.PropertyEQ: _within(exp.Struct),
    exp.Window: _windows,
    exp.WindowSpec: _frames,
}
