"""What is sent to Spark is what is known to mean the same there; everything else is refused by name."""

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from phm_utils.engine.portable import ALLOWED, to_spark
from phm_utils.errors import InputError

SCHEMA = {
    "t": {"id": "INTEGER", "n": "BIGINT", "s": "VARCHAR", "d": "DATE", "e": "DATE", "x": "DOUBLE", "b": "BOOLEAN"}
}


def spark(expression: str) -> str:
    """An expression as Spark gets it."""
    return to_spark(f"SELECT {expression} AS r FROM t").removeprefix("SELECT ").removesuffix(" AS `r` FROM `t`")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        # DuckDB counts the ends of days and months; Spark's own DATEDIFF(MONTH, ...) counts whole months.
        ("date_diff('day', d, e)", "CAST(DATEDIFF(CAST(`e` AS DATE), CAST(`d` AS DATE)) AS BIGINT)"),
        ("date_diff('month', d, e)", "CAST(MONTHS_BETWEEN(TRUNC(`e`, 'MM'), TRUNC(`d`, 'MM')) AS BIGINT)"),
        ("date_diff('year', d, e)", "(YEAR(`e`) - YEAR(`d`))"),
        # DuckDB passes over rows without a value; Spark passes over rows without an order only.
        ("arg_max(s, n)", "MAX_BY(`s`, `n`) FILTER(WHERE (NOT ((`s`) IS NULL)) AND (NOT ((`n`) IS NULL)))"),
        ("n // 2", "`n` DIV 2"),
        ("row_number() OVER (ORDER BY n)", "ROW_NUMBER() OVER (ORDER BY `n` NULLS LAST)"),
        (r"'back\slash'", r"'back\\slash'"),
        # Spark binds & before |; DuckDB takes both from left to right.
        ("n | 8 & 3", "(`n` | 8) & 3"),
        ("NOT b = (n > 0)", "NOT (`b` = (`n` > 0))"),
        ("b AND n > 0 AND b", "`b` AND (`n` > 0) AND `b`"),
    ],
)
def test_what_differs_is_translated(ours, theirs):
    assert spark(ours) == theirs


def test_differences_of_dates_are_translated_wherever_they_stand():
    nested = "max_by(date_diff('month', d, d + CAST(date_diff('month', d, e) AS INTEGER)), n) FILTER (WHERE b)"
    assert "DATEDIFF(MONTH" not in spark(nested)
    assert spark(nested).count("MONTHS_BETWEEN") == 2 + 2  # the value itself, and that it is known


REFUSED = {
    "lower(s)": "Letters beyond ASCII",
    "s LIKE 'a%'": "starts_with",
    "regexp_matches(s, 'a')": "starts_with",
    "concat(s, s)": "||",
    "avg(x)": "divide",
    "median(n)": "divide",
    "list(n)": "Register a table",
    "unnest([1, 2])": "Register a table",
    "mode(n)": "row_number",
    "any_value(n)": "row_number",
    "first(n)": "row_number",
    "isodow(d)": "isodow",
    "strftime(d, '%Y')": "may differ",
    "d + INTERVAL 1 MONTH": "may differ",
    "random()": "parameters",
    "current_date": "parameters",
    "my_own(n)": "my_own",
    "hash(s)": "hash",
    "TRY_CAST(s AS INTEGER)": "Cast what has been checked",
    "CAST(n AS DECIMAL(9, 2))": "DECIMAL",
    "CAST(s AS TIMESTAMP)": "TIMESTAMP",
    "n * 0.5": r"CAST\(0.5 AS DOUBLE\)",
    "0.5 / 2": "DECIMAL",
    "n / n": "nullif",
    "n % id": "nullif",
    "n // (n - 1)": "nullif",
    "n / 0": "nullif",
    "floor(x)": "AS BIGINT",
    "round(x, 2)": "decimals",
    "date_trunc('month', d)": "AS DATE",
    "CAST(date_trunc('week', d) AS DATE)": "'month' or 'year'",
    "date_diff('week', d, e)": "'day', 'month' or 'year'",
    "left(s, -1)": "whole numbers as written",
    "left(s, n)": "whole numbers as written",
    "substr(s, 0, 2)": "whole numbers as written",
    "lag(n, 1, 0) OVER (ORDER BY id)": "lag with default",
    "row_number() OVER ()": "without ties",
    "row_number() OVER (PARTITION BY b)": "without ties",
    "row_number() OVER (ORDER BY 1)": "a place",
    "count(*) FILTER (WHERE b) OVER ()": "CASE WHEN",
    "count(DISTINCT n) OVER ()": "windows are of",
    "sum(n) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)": "ROWS",
    "first_value(n) OVER (ORDER BY id)": "row_number",
    "count(DISTINCT (n, id))": "subquery",
    "count(DISTINCT n, id)": "one argument",
    "max(n, 2)": "max with count",
    "min(n ORDER BY id)": "order with this",
    "{'a': n}": "second argument",
    "(n, id)": "tuple",
    "n = $index_date": "parameters",
    "9223372036854775808": "64 bits",
    "a.b.n": "db",
}


@pytest.mark.parametrize("expression", REFUSED)
def test_an_expression_outside_the_list_is_refused_with_what_to_write_instead(expression):
    with pytest.raises(InputError, match=REFUSED[expression]):
        to_spark(f"SELECT {expression} AS r FROM t")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT n FROM t ORDER BY n", "ordered by its key"),
        ("SELECT n FROM t LIMIT 3", "row_number"),
        ("SELECT n FROM t FULL JOIN u ON t.n = u.n", "full join"),
        ("SELECT n FROM t RIGHT JOIN u ON t.n = u.n", "right join"),
        ("SELECT n FROM t, u", "without a condition"),
        ("SELECT n FROM t NATURAL JOIN u", "method"),
        ("SELECT n FROM t ASOF JOIN u ON t.n >= u.n", "method|asof"),
        ("SELECT n FROM t POSITIONAL JOIN u", "method|positional"),
        ("SELECT n FROM t CROSS JOIN LATERAL (SELECT t.n + 1 AS m) AS u", "in a CTE"),
        ("SELECT * FROM t INNER JOIN u USING (n)", "joined column first"),
        ("SELECT * FROM t QUALIFY row_number() OVER (ORDER BY id) = 1", "name the columns"),
        ("SELECT * REPLACE (1 AS n) FROM t", "replace"),
        ("SELECT DISTINCT ON (n) n, id FROM t", "distinct"),
        ("SELECT n, count(*) AS c FROM t GROUP BY 1", "name the column"),
        ("SELECT n, count(*) AS c FROM t GROUP BY ROLLUP (n)", "rollup"),
        ("SELECT n FROM t UNION ALL BY NAME SELECT n FROM u", "by_name"),
        ("SELECT n FROM t EXCEPT SELECT n FROM u", "except"),
        ("WITH RECURSIVE a AS (SELECT 1 AS n) SELECT n FROM a", "recursive"),
        ("SELECT n FROM t USING SAMPLE 10", "sample"),
        ("PIVOT t ON b USING count(*)", "may differ|one SELECT"),
        ("FROM t PIVOT (count(*) FOR b IN (true, false))", "pivot"),
        ("SELECT n FROM read_parquet('x.parquet')", "may differ"),
        ("SELECT n FROM other.t", "db"),
        ("SELECT COLUMNS('n.*') FROM t", "columns"),
        ("SELECT x FROM t AS u(x)", "VALUES only"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("DROP TABLE t", "one SELECT"),
        ("SELECT FROM WHERE", "could not be read"),
    ],
)
def test_a_query_outside_the_list_is_refused(sql, said):
    with pytest.raises(InputError, match=said):
        to_spark(sql)


def test_every_fault_is_listed_once_with_the_models_name():
    with pytest.raises(InputError) as caught:
        to_spark("SELECT lower(s) AS a, lower(s) AS b, avg(n) AS c FROM t LIMIT 3", "recorded")
    assert str(caught.value).count("lower") == 1
    assert "The model recorded" in str(caught.value)
    assert "(3 parts of it)" in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("CAST(x AS INTEGER)", "floor, ceil or round"),
        ("CAST(x * 2 AS BIGINT)", "floor, ceil or round"),
        ("CAST(n / 2 AS INTEGER)", "floor, ceil or round"),
        ("CAST(coalesce(x, n) AS INTEGER)", "floor, ceil or round"),
        ("CAST(x AS VARCHAR)", "as text"),
        ("s || x", r"in \|\|"),
        ("sum(x)", "whole numbers, such as pence"),
        ("sum(CASE WHEN b THEN x END)", "whole numbers, such as pence"),
        ("sum(x) OVER (ORDER BY id)", "whole numbers, such as pence"),
        ("x % 2", "whole numbers only"),
        ("x // 2", "whole numbers only"),
        ("e - d", "date_diff"),
        ("greatest(d, e) - d", "date_diff"),
    ],
)
def test_what_depends_on_types_is_refused_where_types_are_known(expression, said):
    with pytest.raises(InputError, match=said):
        to_spark(f"SELECT {expression} AS r FROM t", schema=SCHEMA)
    with pytest.raises(InputError, match=said):  # through a CTE and a star, too
        to_spark(
            f"WITH u AS (SELECT * FROM t), v AS (SELECT u.* FROM u AS u) SELECT {expression} AS r FROM v", schema=SCHEMA
        )


@pytest.mark.parametrize(
    "expression",
    [
        "CAST(floor(x) AS INTEGER)",
        "CAST(-(round(x)) AS INTEGER)",
        "CAST(b AS INTEGER)",
        "CAST(s AS BIGINT)",
        "CAST(count(*) AS INTEGER)",
        "CAST(sum(n) AS BIGINT)",
        "sum(CAST(b AS INTEGER))",
        "sum(coalesce(n, 0) * 3)",
        "CAST(d AS VARCHAR)",
        "CAST(NULL AS VARCHAR)",
        "s || '-' || n",
        "e - 31",
        "date_diff('day', d, e) - 1",
        "CAST(date_diff('month', d, e) // 12 AS INTEGER)",
        "(n & 1) + year(d) % 4",
        "CAST(row_number() OVER (ORDER BY id) AS INTEGER)",
    ],
)
def test_what_is_whole_is_known_to_be(expression):
    assert to_spark(f"SELECT {expression} AS r FROM t", schema=SCHEMA)


OPERANDS = st.sampled_from(["a", "b", "c", "2", "-3", "7", "NULL"])
TESTS = st.sampled_from(["a IS NULL", "b IS NOT NULL", "c BETWEEN 1 AND b", "a IN (1, 2)", "NOT a = 1", "b NOT IN (3)"])
SIGNS = st.sampled_from(["+", "-", "*", "&", "|", "=", "<", ">=", "<>", "AND", "OR", "IS DISTINCT FROM"])


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t AS SELECT * FROM (VALUES (1, 2, 3), (6, -3, NULL), (7, 7, 0)) AS v(a, b, c)")
        yield con


@settings(max_examples=300)
@given(st.lists(st.tuples(OPERANDS | TESTS, SIGNS), min_size=1, max_size=5), OPERANDS | TESTS)
def test_operators_bind_on_spark_as_they_do_on_duckdb(con, parts, last):
    written = " ".join(f"{operand} {sign}" for operand, sign in parts) + f" {last}"
    try:
        ours = con.execute(f"SELECT {written} AS r FROM t").fetchall()
    except duckdb.Error:
        assume(False)
    bracketed = to_spark(f"SELECT {written} AS r FROM t").replace("`", '"')
    assert con.execute(bracketed).fetchall() == ours


def test_the_list_has_no_part_twice_and_names_only_parts_that_exist():
    for node, parts in ALLOWED.items():
        assert set(parts.split()) <= set(node.arg_types), node
        assert len(set(parts.split())) == len(parts.split())
