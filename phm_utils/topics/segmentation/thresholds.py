"""The segments under other thresholds."""

from collections.abc import Iterator, Mapping

import duckdb
import pandas as pd

from phm_utils.engine import Model, quote, read_sql
from phm_utils.measures.definitions import AS_DEFINED
from phm_utils.measures.segments import ASSESSED, applicable, chosen, first_rule, rule_table
from phm_utils.methods.rates import with_shares
from phm_utils.params import Workbook
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.relations import AcrossAreas, AtMost, Parts
from phm_utils.privacy.release import AREA, PLACE, SHARES, Release, counts, keys
from phm_utils.rules.derived import columns_missing, person_columns

ALTERNATIVE = Release(
    "segment_alternative",
    "People by segment under other thresholds",
    (AREA, PLACE, *keys("alternative", "segment"), *counts("people", "registered"), *SHARES),
    relations=(
        *(AcrossAreas(("people", "registered")), Parts("people", ("segment",), "registered")),
        AtMost("people", "registered"),
    ),
    derive=with_shares,
    part="Segments under other thresholds",
    needs="what the rules with a threshold ask for",
)


def thresholds(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: `segment_alternative`, people by PCN and segment under each variant's rules; place 0 is as defined.

    A variant of a rule that cannot be assessed is left out: it would seem to change nothing.
    """
    model, columns, missing = chosen(workbook), person_columns(), columns_missing(con)
    defined = rule_table(model, columns, missing)
    assessed = set(defined.loc[defined["state"] == ASSESSED, "reason"])
    variants = {o.says: model.with_alternative(o) for o in model.alternatives if o.rule in assessed}
    if not variants or not applicable(defined):
        return
    variants = {AS_DEFINED: model} | variants
    rules = {words: rule_table(variant, columns, missing) for words, variant in variants.items()}
    yield Model("segment_alternative", ("place", "pcn_code", "segment"), sql=segment_alternatives_sql(rules))


def segment_alternatives_sql(variants: Mapping[str, pd.DataFrame]) -> str:
    """A SELECT of people by PCN and segment under each variant's rules: `place`, `alternative`, ..., `people`.

    variants: tables of rules that differ in their conditions alone.
    """
    return "\nUNION ALL\n".join(
        f"""SELECT {place} AS place, {quote(words)} AS alternative,
    placed.pcn_code, segment_rule.segment, count(*) AS people
FROM (SELECT pcn_code, {first_rule(rules)} AS place FROM person) AS placed
INNER JOIN segment_rule ON segment_rule.place = placed.place
GROUP BY placed.pcn_code, segment_rule.segment"""
        for place, (words, rules) in enumerate(variants.items())
    )


def alternatives(con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame) -> pd.DataFrame:
    """The true figures of ALTERNATIVE."""
    frame = counted(con, "SELECT alternative, pcn_code, segment, people FROM segment_alternative")
    variants = read_sql(con, "SELECT DISTINCT place, alternative FROM segment_alternative ORDER BY place")
    levels = variants[["alternative"]].merge(segments, how="cross")
    frame = by_area(frame, levels, areas)
    frame["registered"] = frame.groupby(["area_code", "alternative"])["people"].transform("sum")
    return frame
