"""Overlap of a segmentation's rules: people who meet rules of two segments, where the order decides."""

from collections.abc import Mapping
from itertools import combinations

import duckdb
import numpy as np
import pandas as pd

from phm_utils.engine import guarded, read_sql
from phm_utils.measures.definitions import Segmentation
from phm_utils.measures.segments import ASSESSED, OTHERWISE
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.compile import compile_rule
from phm_utils.rules.describe import describe
from phm_utils.rules.tree import All, AnyOf, Count, Not, Rule

OF_SEGMENTS = ("segment", "other_segment", "people", "people_segment", "people_other")
OF_RULES = ("place", "segment", "reason", "other_place", "other_segment", "other_reason", "people")


def overlaps(con: duckdb.DuckDBPyConnection, rules: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two tables of people of `person`: by pair of segments, and by pair of rules of different segments.

    rules: those of `rule_table`; only assessed ones are used, without the
        segment for everybody whom no rule placed.

    Returns one row per pair of segments (`segment` comes first, so it has the
    people): `people` meet a rule of both, `people_segment` and `people_other`
    a rule of each; and one row per pair of rules of different segments that
    hold together for somebody.
    """
    asked = rules[(rules["state"] == ASSESSED) & (rules["condition"] != OTHERWISE)].reset_index(drop=True)
    flags, people = _patterns(con, asked)
    names = list(dict.fromkeys(asked["segment"]))
    of_segment = np.column_stack([flags[:, asked["segment"] == name].any(axis=1) for name in names])
    return _by_segment(names, _pairs(of_segment, people)), _by_rule(asked, _pairs(flags, people))


def _patterns(con: duckdb.DuckDBPyConnection, asked: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Each combination of rules that holds for somebody (a column for each rule), and for how many people."""
    columns = ", ".join(f"coalesce({r.condition}, false) AS p{r.place}" for r in asked.itertuples())
    with guarded("Counting the people who meet two rules"):
        frame = read_sql(con, f"SELECT {columns}, count(*) AS people FROM person GROUP BY ALL")
    return frame.drop(columns="people").to_numpy(dtype=bool), frame["people"].to_numpy(dtype="int64")


def _pairs(flags: np.ndarray, people: np.ndarray) -> np.ndarray:
    """People for each pair of columns of `flags`; on the diagonal, for each column."""
    whole = flags.astype("int64")
    return whole.T @ (whole * people[:, None])


def _by_segment(names: list[str], both: np.ndarray) -> pd.DataFrame:
    rows = [(names[i], names[j], both[i, j], both[i, i], both[j, j]) for i, j in combinations(range(len(names)), 2)]
    frame = pd.DataFrame(rows, columns=list(OF_SEGMENTS))
    return frame.astype({c: "int64" if c.startswith("people") else "str" for c in OF_SEGMENTS})


def _by_rule(asked: pd.DataFrame, both: np.ndarray) -> pd.DataFrame:
    named = list(asked[["place", "segment", "reason"]].itertuples(index=False, name=None))
    rows = [
        (*named[i], *named[j], both[i, j])
        for i, j in combinations(range(len(named)), 2)
        if named[i][1] != named[j][1] and both[i, j]
    ]
    frame = pd.DataFrame(rows, columns=list(OF_RULES))
    return frame.astype({c: "str" if c.endswith(("segment", "reason")) else "int64" for c in OF_RULES})


def same_conditions(model: Segmentation, columns: Mapping[str, RuleColumn]) -> dict[tuple[str, str], str]:
    """Rules, as (segment, reason), with the same condition as an earlier rule, and that rule's reason.

    The order of the parts of `all`, `any` and `count` makes no difference.
    """
    first: dict[str, str] = {}
    found = {}
    for segment in model.segments:
        for rule in segment.rules:
            condition, words = compile_rule(_ordered(rule, columns), columns), describe(rule, columns)
            if condition in first:
                found[segment.name, words] = first[condition]
            first.setdefault(condition, words)
    return found


def _ordered(rule: Rule, columns: Mapping[str, RuleColumn]) -> Rule:
    """The rule with the parts of each of its groups in the order of their conditions."""
    if isinstance(rule, Not):
        return rule.model_copy(update={"negated": _ordered(rule.negated, columns)})
    if not isinstance(rule, All | AnyOf | Count):
        return rule
    [name] = {"all", "any", "count"} & set(type(rule).model_fields)
    parts = [_ordered(part, columns) for part in getattr(rule, name)]
    if len(parts) == 1 and name != "count":
        return parts[0]
    return rule.model_copy(update={name: tuple(sorted(parts, key=lambda part: compile_rule(part, columns)))})
