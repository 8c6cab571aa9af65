"""Everything that models may use, tried on both engines with awkward values: the answers are the same."""

import random
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pytest
from sqlglot import exp

from phm_utils.engine import open_workspace
from phm_utils.engine.portable import ALLOWED, parse

if TYPE_CHECKING:
    from phm_utils.engine.spark_workspace import SparkWorkspace

# Nulls, negatives, halves, ends of months, the change of calendars, the ends of time, ties, and letters of many kinds.
ROWS = """CREATE TABLE t AS SELECT * FROM (VALUES
(1, 1::BIGINT, 'a', DATE '2024-02-29', DATE '2024-03-31', 1.5::DOUBLE, true, '12'),
(2, -7, 'Éclair', DATE '2023-12-31', DATE '2024-01-01', 2.5, false, '-3'),
(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
(4, 9, '', DATE '1900-01-31', DATE '2025-02-28', -2.5, true, ' 4 '),
(5, 0, 'naïve \\ ''x'' "y"', DATE '2024-01-31', DATE '2024-02-29', -0.0, false, '0'),
(6, 7, '日本語', DATE '2024-03-30', DATE '2024-02-29', 0.49999999999999994, NULL, '007'),
(7, -9, 'zß', DATE '1582-10-04', DATE '1582-10-15', 'nan'::DOUBLE, true, '5'),
(8, 9, 'Z', DATE '0001-01-01', DATE '9999-12-31', 'inf'::DOUBLE, true, '6'),
(9, 3, '👩‍👩 x', DATE '2024-02-29', DATE '2023-02-28', 4503599627370497.5, false, '-0'),
(10, 3, 'a b', DATE '2024-02-29', NULL, 1e-7, false, NULL)
) AS v(id, n, s, d, e, x, b, w)"""
LATER = "year(d) > 1 AND year(e) < 9999"  # a day may be added and taken away

EXPRESSIONS = """
n + 1 ; n - 3 * n ; -n ; n // 2 ; n % 4 ; n // nullif(n, 0) ; n / 4 ; n / nullif(n, 0) ; x / 3 ; 7 - 2 - 1
1 + 2 * 3 - 4 % 3 ; n & 6 ; n | 8 ; (n & 6) | 1 ; n & 3 = 1 ; 4611686018427387904 & n ; abs(n) ; abs(x) ; round(x)
x * CAST(1.1 AS DOUBLE) ; CAST(floor(x) AS BIGINT) ; CAST(ceil(x) AS INTEGER) ; CAST(round(x) AS INTEGER)
CAST(-floor(x) AS BIGINT) ; CAST(0.1 AS DOUBLE) + CAST(0.2 AS DOUBLE) ; CAST(n AS DOUBLE) * 1e-1
CAST(n AS DOUBLE) / 7 * 7 ; (x + n) / nullif(n - 9, 0) ; greatest(n, id) ; least(n, id, 3) ; greatest(d, e)
least(d, e) ; greatest(x, n) ; least(n, NULL) ; greatest(s, w) ; coalesce(n, 5) ; coalesce(s, w, '?')
nullif(n, 9) ; if(b, 1, 2) ; n IS NULL ; n IS NOT NULL ; b IS TRUE ; b IS NOT TRUE
CASE WHEN b THEN 'yes' WHEN NOT b THEN 'no' ELSE 'unknown' END ; CASE n WHEN 9 THEN 'nine' WHEN 3 THEN 'three' END
b AND n > 0 ; b OR n > 0 ; NOT b ; NOT b = (n > 0) ; NOT n IN (1, 9) ; n IS DISTINCT FROM id
n IS NOT DISTINCT FROM id ; n BETWEEN -5 AND 5 ; d BETWEEN DATE '2024-02-29' AND e ; x >= 0.5
x BETWEEN 0.5 AND 2.5 ; x > 1e3 ; n >= 2.5 ; x = 2.5 ; x > 5 ; s = 'a' ; s <> 'a' ; s < 'a' ; s > 'Z' ; s <= 'zß'
s IN ('a', 'Z') ; s NOT IN ('a', 'Z') ; n = '9' ; d = '2024-02-29' ; d > e ; CAST(n AS VARCHAR)
CAST(d AS VARCHAR) ; CAST(b AS VARCHAR) ; CAST(b AS INTEGER) ; CAST(n AS BOOLEAN) ; CAST(w AS INTEGER)
CAST(w AS BIGINT) ; CAST(w AS SMALLINT) ; CAST(w AS DOUBLE) ; CAST(n AS DOUBLE) ; CAST('2024-02-29' AS DATE)
CAST(NULL AS DATE) ; year(d) ; month(d) ; day(d) ; CAST(date_trunc('month', d) AS DATE)
CAST(date_trunc('year', d) AS DATE) ; date_diff('day', d, e) ; date_diff('month', d, e) ; date_diff('year', d, e)
date_diff('month', e, d) ; left(s, 2) ; left(s, 0) ; substr(s, 2) ; substr(s, 2, 3) ; substr(s, 99, 2) ; length(s)
s || '-' || n ; s || d ; starts_with(s, 'na') ; starts_with(s, '') ; contains(s, 'x') ; contains(s, '本')
'back\\slash ''quote'' "double" é' ; true ; 3000000000 ; CAST(id AS SMALLINT)
"""
QUERIES = [
    # groups: of nulls, of nothing, of ties
    "SELECT b, count(*) AS c, count(n) AS cn, count(DISTINCT n) AS cd, CAST(sum(n) AS BIGINT) AS s, "
    "CAST(sum(DISTINCT n) AS BIGINT) AS sd, bool_or(n > 5) AS bo, bool_and(n > 5) AS ba, bit_or(n) AS bi "
    "FROM t GROUP BY b",
    "SELECT b, min(s) AS a, max(s) AS c, min(x) AS f, max(x) AS g, min(d) AS h, max(b) AS i FROM t GROUP BY b",
    "SELECT b, count(*) FILTER (WHERE n > 3) AS c, count(DISTINCT n) FILTER (WHERE n > 3) AS d, bit_or(n) FILTER "
    "(WHERE n > 100) AS e, CAST(sum(n) FILTER (WHERE n > 100) AS BIGINT) AS f, max(d) FILTER (WHERE s < 'a') AS g, "
    "bool_or(b) FILTER (WHERE n > 100) AS h FROM t GROUP BY b",
    "SELECT count(*) AS c, CAST(sum(n) AS BIGINT) AS s, max(s) AS m, bool_and(b) AS b FROM t WHERE id > 100",
    "SELECT b, count(*) AS c FROM t WHERE id > 100 GROUP BY b",
    "SELECT x, count(*) AS c FROM t GROUP BY x",  # 0 and -0 are one, and so are things that are no number
    "SELECT n + 1 AS k, count(*) AS c FROM t GROUP BY n + 1 HAVING count(*) > 1",
    "SELECT n AS k, count(*) AS c FROM t GROUP BY ALL",
    "SELECT n AS k, count(*) AS c FROM t GROUP BY k",
    "SELECT id % 2 AS id, count(*) AS c FROM t GROUP BY ALL",
    "SELECT b, n / nullif(count(*), 0) AS c, max(n) - min(n) AS r FROM t GROUP BY b, n",
    "SELECT DISTINCT b, n FROM t",
    # the largest by an order without ties; DuckDB passes over nulls of either
    "SELECT b, max_by(s, id) AS a, arg_max(n, id) AS c, min_by(s, id) AS f, arg_min(n, id) FILTER (WHERE n < 9) AS g, "
    "max_by(x, d) FILTER (WHERE id < 4) AS h FROM t GROUP BY b",
    "SELECT b, arg_max(n, {'day': d, 'value': id}) AS a, arg_min(n, {'day': d, 'value': id}) AS c, "
    "arg_max(id, {'n': n, 'v': id}) FILTER (WHERE id < 9) AS f FROM t GROUP BY b",
    "SELECT b, max_by(date_diff('month', d, e), id) FILTER (WHERE date_diff('day', d, e) > -100) AS a FROM t "
    "GROUP BY b",
    # windows
    "SELECT id, row_number() OVER (PARTITION BY b ORDER BY n DESC, id) AS a, row_number() OVER (ORDER BY n, id) AS c, "
    "row_number() OVER (ORDER BY n NULLS FIRST, id DESC) AS f, "
    "row_number() OVER (ORDER BY s DESC NULLS LAST, id) AS g, "
    "row_number() OVER (ORDER BY x DESC, id) AS h, row_number() OVER (ORDER BY s, id) AS i FROM t",
    "SELECT id, lag(n) OVER (ORDER BY id) AS a, lag(n, 2) OVER (PARTITION BY b ORDER BY id) AS c, "
    "lead(d) OVER (ORDER BY s, id) AS f FROM t",
    "SELECT id, CAST(sum(n) OVER (PARTITION BY b ORDER BY id) AS BIGINT) AS a, min(n) OVER (ORDER BY n) AS c, "
    "CAST(sum(n) OVER (PARTITION BY b) AS BIGINT) AS f, max(s) OVER () AS g, count(*) OVER (PARTITION BY n) AS h, "
    "count(CASE WHEN b THEN 1 END) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS i FROM t",
    f"SELECT id, d > 31 + max(e) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS g, "
    f"d + id AS h, d - 31 AS i FROM t WHERE {LATER}",
    "SELECT id, n FROM t QUALIFY row_number() OVER (PARTITION BY b ORDER BY n DESC, id) = 1",
    "SELECT id AS x, row_number() OVER (PARTITION BY b ORDER BY n DESC, id) AS r FROM t WHERE n > 0 QUALIFY r = 2",
    "SELECT b, count(*) AS c FROM t GROUP BY b QUALIFY row_number() OVER (ORDER BY count(*) DESC, b) = 1",
    # joins, with nulls on both sides
    "SELECT t.*, u.id AS other FROM t INNER JOIN t AS u ON u.n = t.id",
    "SELECT t.id, u.id AS other FROM t LEFT JOIN t AS u ON u.n IS NOT DISTINCT FROM t.n AND u.id <> t.id",
    "SELECT t.id, u.id AS other FROM t LEFT JOIN t AS u ON u.n = t.n",
    "SELECT t.id, u.id AS other FROM t CROSS JOIN t AS u",
    "SELECT id FROM t SEMI JOIN (SELECT n AS k FROM t) AS u ON u.k = t.id",
    "SELECT id FROM t ANTI JOIN (SELECT n AS k FROM t) AS u ON u.k = t.id",
    "SELECT id, n FROM t SEMI JOIN (SELECT n FROM t WHERE b) AS u USING (n)",
    "SELECT n, c FROM (SELECT id AS n FROM t) AS v "
    "LEFT JOIN (SELECT n, count(*) AS c FROM t GROUP BY n) AS u USING (n)",
    "SELECT id FROM t WHERE EXISTS (SELECT 1 FROM t AS u WHERE u.n = t.id)",
    "SELECT id FROM t WHERE NOT EXISTS (SELECT 1 FROM t AS u WHERE u.n = t.id AND u.b)",
    "SELECT id FROM t WHERE id IN (SELECT n FROM t)",
    "SELECT id FROM t WHERE id NOT IN (SELECT n FROM t)",  # nobody, because of the null
    "SELECT id FROM t WHERE id NOT IN (SELECT n FROM t WHERE n IS NOT NULL)",
    "SELECT id, (SELECT max(n) FROM t) AS m, (SELECT max(u.n) FROM t AS u WHERE u.id = t.n) AS c FROM t",
    # sets, values, names
    "SELECT n FROM t UNION SELECT id FROM t",
    "SELECT n FROM t UNION ALL SELECT id FROM t UNION SELECT 99",
    "SELECT n FROM t UNION SELECT id FROM t UNION ALL SELECT 3",
    "SELECT id, n FROM t UNION ALL SELECT id, x FROM t WHERE x < 100",
    "SELECT x, y FROM (VALUES (1, 'a'), (2, NULL), (NULL, 'ü')) AS v(x, y)",
    "SELECT x + 1 AS x FROM (VALUES (1), (2)) AS v(x)",
    "SELECT * EXCLUDE (n, s) FROM t",
    "SELECT t.* EXCLUDE (n), u.n AS m FROM t INNER JOIN t AS u ON u.id = t.id",
    "WITH a AS (SELECT id, n FROM t), c AS (SELECT * FROM a WHERE n > 0) "
    "SELECT c.id, a.n FROM a INNER JOIN c ON c.id = a.id",
    "WITH t AS (SELECT id + 1 AS id FROM (VALUES (1)) AS v(id)) SELECT id FROM t",
    "SELECT id AS a, a + 1 AS c FROM t",
    "SELECT id AS n, n AS q FROM t",
    'SELECT t.id AS day, t.n AS "left", t.s AS "Order By", q.last < t.d AS "select" FROM t '
    "INNER JOIN (SELECT id, e AS last FROM t) AS q ON q.id = t.id",
    "SELECT CAST(NULL AS VARCHAR) AS a, CAST(NULL AS BIGINT) AS c WHERE false",
]
NARROW = ("CAST(floor(x)", "CAST(-floor(x)", "CAST(ceil(x)", "CAST(round(x)")


def expressions() -> list[str]:
    """The expressions above, those of numbers too large for an INTEGER or not finite passed over."""
    found = [part for line in EXPRESSIONS.strip().splitlines() for part in line.split(" ; ")]
    return [f"CASE WHEN abs(x) < 1000000 THEN {e} END" if e.startswith(NARROW) else e for e in found]


def all_in_one(parts: list[str]) -> str:
    """One SELECT of many expressions over `t`."""
    return f"SELECT id, {', '.join(f'{part} AS c{place}' for place, part in enumerate(parts))} FROM t"


def at_random(seed: int, many: int = 150) -> list[str]:
    """Conditions without brackets, in which it shows how the operators bind."""
    draw = random.Random(seed)
    atoms = ["n", "id", "length(s)", "2", "-3"]

    def number() -> str:
        signs = [draw.choice(["+", "-", "*", "&", "|", "% 5 +", "// 2 -"]) for _ in range(draw.randint(0, 3))]
        return " ".join([draw.choice(atoms[:3]), *(f"{sign} {draw.choice(atoms)}" for sign in signs)])

    def test() -> str:
        kinds = [
            "{} > {}",
            "{} = {}",
            "NOT {} <= {}",
            "{} BETWEEN -2 AND {}",
            "{} IS NULL OR {} <> 1",
            "NOT {} IN (1, {})",
        ]
        return draw.choice(kinds).format(number(), number())

    return [
        " ".join(f"{test()} {draw.choice(['AND', 'OR', 'AND NOT'])}" for _ in range(3)) + f" {test()}"
        for _ in range(many)
    ]


def test_every_part_that_models_may_use_is_tried():
    tried = {type(node) for sql in [*QUERIES, all_in_one(expressions())] for node in parse(sql).walk()}
    assert set(ALLOWED) - tried == set()


@pytest.fixture(scope="module")
def spark(tmp_path_factory) -> Iterator["SparkWorkspace"]:
    """A workspace on Spark over one table `t`."""
    if not shutil.which("java"):
        pytest.skip("no Java on this machine: Spark cannot run")
    pytest.importorskip("pyspark", reason="pyspark is not installed: `pip install -e .[spark]`")
    with pytest.MonkeyPatch.context() as patch, duckdb.connect() as con:
        patch.setenv("PHM_SPARK_MASTER", "local[2]")
        patch.setenv("PHM_TEMP", str(tmp_path_factory.mktemp("answers")))
        con.execute(ROWS)
        with open_workspace(con, "spark") as work:
            yield work


def rows(con: duckdb.DuckDBPyConnection, sql: str) -> pd.DataFrame:
    """The rows as text, in the order of that text."""
    found = con.execute(sql)
    texts = [tuple(repr(value) for value in row) for row in found.fetchall()]
    return pd.DataFrame(sorted(texts), columns=[name for name, *_ in found.description])


def same(work: "SparkWorkspace", sql: str) -> None:
    """Both engines give the same rows, of the same types."""
    there = work.result(sql)
    types = [work.con.execute(f"DESCRIBE {each}").fetchall() for each in (sql, there)]
    assert [(name, kind) for name, kind, *_ in types[1]] == [(name, kind) for name, kind, *_ in types[0]]
    pd.testing.assert_frame_equal(rows(work.con, there), rows(work.con, sql))


@pytest.mark.full
def test_expressions_have_the_same_values_on_both_engines(spark):
    same(spark, all_in_one(expressions()))


@pytest.mark.full
@pytest.mark.parametrize("sql", QUERIES)
def test_queries_have_the_same_rows_on_both_engines(spark, sql):
    same(spark, sql)


@pytest.mark.full
@pytest.mark.parametrize("seed", [1, 2])
def test_operators_bind_alike(spark, seed):
    same(spark, all_in_one(at_random(seed)))


@pytest.mark.full
@pytest.mark.parametrize("sql", ["SELECT id * 2147483647 AS r FROM t", "SELECT CAST(s AS INTEGER) AS r FROM t"])
def test_what_is_an_error_on_duckdb_is_one_on_spark(spark, sql, capfd):
    with pytest.raises(duckdb.Error):
        spark.con.execute(sql).fetchall()
    with pytest.raises(Exception, match=r"ARITHMETIC_OVERFLOW|CAST_INVALID_INPUT") as caught:
        spark.read(sql)
    said = str(caught.value) + "".join(capfd.readouterr())
    assert "clair" not in said  # neither the error nor what Spark logs quotes a row


def test_the_nodes_of_the_list_are_of_sqlglot():
    assert all(issubclass(node, exp.Expression) for node in ALLOWED)
