"""Segments: everybody in one of them, each with the reason; and rules that can reach nobody."""

from collections.abc import Mapping
from math import prod
from typing import Any

import duckdb
import pandas as pd

from phm_utils.cohorts.definitions import Segmentation
from phm_utils.engine import guarded, quote, read_sql
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.tree import Rule, compile_rule, criteria, describe
from phm_utils.tables import SQL_TYPE

ASSESSED, LEFT_OUT, NOT_YET = "assessed", "left out", "not yet assessed"
OTHERWISE = "true"  # the condition of the segment for everybody whom no rule placed
MAX_PEOPLE = 200_000


def rule_table(model: Segmentation, columns: Mapping[str, RuleColumn], missing: Mapping[str, str]) -> pd.DataFrame:
    """One row per rule, in the order in which they are asked.

    missing: columns that are null throughout this run, by the table that they need.
    Returns `place` (from 1; the last is `otherwise`), `segment`, `reason`,
    `state` (`assessed`; `left out` where a table is absent; `not yet
    assessed`), `needs` (the absent table), and `condition` (SQL, or empty).
    Raises InputError for a rule that asks for an unknown column.
    """
    rows = []
    for segment in model.segments:
        for rule in segment.rules:
            condition = compile_rule(rule, columns)
            absent = sorted({missing[c.column] for c in criteria(rule) if c.column in missing})
            state = LEFT_OUT if absent else ASSESSED
            rows.append((segment.name, describe(rule, columns), state, ", ".join(absent), condition))
    rows += [(n.segment, words, NOT_YET, "", "") for n in model.not_yet_assessed for words in n.rules]
    rows.append((model.otherwise.name, model.otherwise.says, ASSESSED, "", OTHERWISE))
    frame = pd.DataFrame(rows, columns=["segment", "reason", "state", "needs", "condition"]).astype("str")
    frame.insert(0, "place", range(1, len(frame) + 1))
    return frame


def unreachable(
    con: duckdb.DuckDBPyConnection, model: Segmentation, columns: Mapping[str, RuleColumn]
) -> list[tuple[str, str]]:
    """Rules, as (segment, reason), that nobody could reach: whoever meets one meets an earlier one first.

    Each rule is tried on made-up people: every combination of values on and
    around the thresholds of the columns that it asks for, and of nothing else
    (no other condition, other values not known). A rule with more than
    MAX_PEOPLE combinations is taken to be reachable.
    """
    rules = [(segment.name, rule) for segment in model.segments for rule in segment.rules]
    conditions = [compile_rule(rule, columns) for _, rule in rules]
    values = _values([rule for _, rule in rules], columns)
    found = []
    for place, (segment, rule) in enumerate(rules):
        asked = {c.column for c in criteria(rule)}
        people = {name: values[name] if name in asked else [_untouched(columns[name])] for name in sorted(values)}
        if prod(map(len, people.values())) > MAX_PEOPLE:
            continue
        if not _reached(con, people, conditions[place], conditions[:place]):
            found.append((segment, describe(rule, columns)))
    return found


def _values(rules: list[Rule], columns: Mapping[str, RuleColumn]) -> dict[str, list[str]]:
    """SQL literals on, just below and just above every threshold, by column."""
    found: dict[str, set[str]] = {}
    for criterion in (c for rule in rules for c in criteria(rule)):
        column = columns[criterion.column]
        literals = found.setdefault(column.name, {_untouched(column)})
        listed = criterion.value if isinstance(criterion.value, tuple) else (criterion.value,)
        for value in (v for v in listed if v is not None):
            literals |= _around(column, value)
    return {name: sorted(literals) for name, literals in found.items()}


def _around(column: RuleColumn, value: Any) -> set[str]:
    kind = SQL_TYPE[column.type]
    if column.type == "bool":
        return {"true", "false"}
    if column.type == "text":
        return {quote(value), quote(f"not {value}")}
    steps = (-1, 0, 1) if column.type in ("int", "date") else (-1, -1e-6, 0, 1e-6, 1)
    return {f"CAST({quote(value)} AS {kind}) + {step}" for step in steps}


def _untouched(column: RuleColumn) -> str:
    return "false" if column.type == "bool" else f"CAST(NULL AS {SQL_TYPE[column.type]})"


def _reached(
    con: duckdb.DuckDBPyConnection, people: Mapping[str, list[str]], condition: str, earlier: list[str]
) -> bool:
    each = [f'(SELECT unnest([{", ".join(literals)}]) AS "{name}")' for name, literals in people.items()]
    passed_over = "".join(f" AND NOT coalesce({sql}, false)" for sql in earlier)
    with guarded("Trying the segments' rules on made-up people", "Check the thresholds of the segmentation's file."):
        [(people_reaching,)] = con.execute(
            f"SELECT count(*) FROM {' CROSS JOIN '.join(each)} WHERE {condition}{passed_over}"
        ).fetchall()
    return people_reaching > 0


def segment_sql(rules: pd.DataFrame) -> str:
    """A SELECT that places everybody: one row per person, by the first assessed rule that holds."""
    return f"""
SELECT placed.person_id, placed.pcn_code, placed.practice_code, segment_rule.segment, segment_rule.reason
FROM (SELECT person_id, pcn_code, practice_code, {_first_rule(rules)} AS place FROM person) AS placed
INNER JOIN segment_rule ON segment_rule.place = placed.place"""


def segment_alternatives_sql(variants: Mapping[str, pd.DataFrame]) -> str:
    """A SELECT of people by PCN and segment under each variant's rules: `place`, `alternative`, ..., `people`.

    variants: tables of rules that differ in their conditions alone.
    """
    return "\nUNION ALL\n".join(
        f"""SELECT {place} AS place, {quote(words)} AS alternative,
    placed.pcn_code, segment_rule.segment, count(*) AS people
FROM (SELECT pcn_code, {_first_rule(rules)} AS place FROM person) AS placed
INNER JOIN segment_rule ON segment_rule.place = placed.place
GROUP BY placed.pcn_code, segment_rule.segment"""
        for place, (words, rules) in enumerate(variants.items())
    )


def _first_rule(rules: pd.DataFrame) -> str:
    """The place of the first assessed rule that holds, as SQL."""
    asked = rules[rules["state"] == ASSESSED]
    return "CASE " + "\n".join(f"WHEN {r.condition} THEN {r.place}" for r in asked.itertuples()) + " END"


def rule_counts(con: duckdb.DuckDBPyConnection, rules: pd.DataFrame) -> pd.DataFrame:
    """`rules` with `people_meeting`: everybody whom each assessed rule holds for, whether or not it came first."""
    asked = rules[rules["state"] == ASSESSED]
    met_any = " OR ".join(f"coalesce({c}, false)" for c in asked["condition"] if c != OTHERWISE)
    asked = asked.assign(condition=asked["condition"].replace(OTHERWISE, f"NOT ({met_any})"))
    counts = ", ".join(f"count(*) FILTER (WHERE {r.condition}) AS p{r.place}" for r in asked.itertuples())
    with guarded("Counting the people who meet each rule"):
        row = read_sql(con, f"SELECT {counts} FROM person").iloc[0]
    met = asked["place"].map(lambda place: row[f"p{place}"])
    return rules.assign(people_meeting=met.reindex(rules.index).astype("Int64"))
