"""Segments: everybody in one of them, each with the reason."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from phm_utils.engine import Model, guarded, read_sql
from phm_utils.measures.definitions import Segmentation, check_segmentation, load_segmentation
from phm_utils.params import Code, RunParams, Workbook, of_run
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.compile import compile_rule
from phm_utils.rules.derived import COLUMN_FILES, columns_missing, person_columns
from phm_utils.rules.describe import describe
from phm_utils.rules.tree import criteria
from phm_utils.runs import stamp_of
from phm_utils.topic import matching

ASSESSED, LEFT_OUT, NOT_YET = "assessed", "left out", "not yet assessed"
OTHERWISE = "true"  # condition of the segment for everybody to whom no rule applies
FEWEST_RULES = 0.5  # share of the rules: where fewer can be assessed, the segments would not be what they are called
NEEDED_RULES = "what at least half of the segmentation's rules ask for"


class SegmentChoice(RunParams):
    """The segmentation of the run: a parameter of 02_segmentation."""

    NOTEBOOK = "02_segmentation"

    segmentation: Code = of_run("snee", description="A rule file of parameters/segments")


def segments(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: `segment_rule`, one row per rule assessed or not, and `segment`, one row per person.

    Nobody is placed in a segment where most rules cannot be assessed: see `applicable`.
    Raises InputError for a rule file that cannot be applied, naming each rule.
    """
    rules = rule_counts(con, rule_table(chosen(workbook), person_columns(), columns_missing(con)))
    placed = applicable(rules)
    if not placed:
        rules = rules.assign(**dict.fromkeys(("people_meeting", "people_placed"), pd.Series(dtype="Int64")))
    yield Model("segment_rule", ("place",), frame=rules.drop(columns="condition"))
    if not placed:
        return
    yield Model("segment", ("practice_code", "segment", "reason", "person_id"), segment_sql(rules), None, "pcn_code")


def chosen(workbook: Workbook) -> Segmentation:
    """The segmentation that the parameter file names, with its rules checked."""
    name = SegmentChoice.run_values(workbook)["segmentation"]
    return _checked(name, stamp_of((f"parameters/segments/{name}.yml", *COLUMN_FILES)))


@lru_cache(maxsize=4)
def _checked(name: str, stamp: tuple[Any, ...]) -> Segmentation:
    """The segmentation of the files with a stamp: every cohort may ask for it."""
    model = load_segmentation(name)
    check_segmentation(model, person_columns(), f"{name}.yml")
    return model


def segment_files(workbook: Workbook) -> list[Path]:
    """The definition files for a stage that applies the chosen segmentation."""
    name = SegmentChoice.run_values(workbook)["segmentation"]
    return matching((f"parameters/segments/{name}.yml", *COLUMN_FILES))


def rule_table(model: Segmentation, columns: Mapping[str, RuleColumn], missing: Mapping[str, str]) -> pd.DataFrame:
    """One row per rule, in the order in which they apply.

    missing: columns that are null throughout this run, by the table that they need.
    Returns `place` (from 1; the last is `otherwise`), `segment`, `reason`,
    `state` (`assessed`; `left out` where a table is absent; `not yet
    assessed`), `needs` (the absent table), and `condition` (SQL, or empty).
    Raises InputError for a rule that uses an unknown column.
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


def applicable(rules: pd.DataFrame) -> bool:
    """Can at least half of a segmentation's rules be assessed?

    Of the others people are in a later segment than they should be; with most rules left out nearly everybody
    would be, up to the last, of people without need.
    rules: of `rule_table`; those that the workbook does not assess yet do not count.
    """
    asked = rules.loc[rules["state"] != NOT_YET, "state"].iloc[:-1]  # the last holds for everybody
    return bool((asked == ASSESSED).mean() >= FEWEST_RULES)


def segment_sql(rules: pd.DataFrame, people: str = "person") -> str:
    """A SELECT with everybody's segment: one row per person, by the first assessed rule that holds.

    people: the table to assign, with the columns of `person`.
    """
    return f"""
SELECT placed.person_id, placed.pcn_code, placed.practice_code, segment_rule.segment, segment_rule.reason
FROM (SELECT person_id, pcn_code, practice_code, {first_rule(rules)} AS place FROM {people}) AS placed
INNER JOIN segment_rule ON segment_rule.place = placed.place"""


def first_rule(rules: pd.DataFrame) -> str:
    """The place of the first assessed rule that holds, as SQL."""
    applied = rules[rules["state"] == ASSESSED]
    return "CASE " + "\n".join(f"WHEN {r.condition} THEN {r.place}" for r in applied.itertuples()) + " END"


def rule_counts(con: duckdb.DuckDBPyConnection, rules: pd.DataFrame) -> pd.DataFrame:
    """`rules` with the number of people for whom each assessed rule holds, and whom it assigns.

    people_meeting: people for whom it holds, even if an earlier rule holds too.
    people_placed: people for whom it is the first that holds.
    """
    applied = rules[rules["state"] == ASSESSED]
    met_any = " OR ".join(f"coalesce({c}, false)" for c in applied["condition"] if c != OTHERWISE)
    met = applied["condition"].replace(OTHERWISE, f"NOT ({met_any or 'false'})")
    counts = ", ".join(
        f"count(*) FILTER (WHERE {c}) AS p{place}" for place, c in zip(applied["place"], met, strict=True)
    )
    with guarded("Counting the people who meet each rule"):
        meeting = read_sql(con, f"SELECT {counts} FROM person").iloc[0]
        placed = read_sql(con, f"SELECT {first_rule(rules)} AS place, count(*) AS people FROM person GROUP BY place")
    people = placed.set_index("place")["people"].reindex(applied["place"], fill_value=0)
    meeting.index = applied.index
    people.index = applied.index
    return rules.assign(
        people_meeting=meeting.reindex(rules.index).astype("Int64"),
        people_placed=people.reindex(rules.index).astype("Int64"),
    )
