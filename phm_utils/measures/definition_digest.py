"""Whether a cohort's definition is the same in two runs: a hash of what decides who meets its criteria."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import duckdb

from phm_utils.engine import read_sql
from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.measures.id_files import ids_path
from phm_utils.measures.segments import SegmentChoice
from phm_utils.params import Workbook
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.concepts import Concept, concepts
from phm_utils.rules.derived import person_columns
from phm_utils.rules.forms import Criterion, InSegment, Leaf, OfIds, concepts_of, windows_of
from phm_utils.rules.tree import leaves
from phm_utils.runs import resolve, sha256_file

WORDS = "says"  # what a criterion is called: changed, it is the same criterion
NOT_ASKED = {"title", "long_term_condition", "in_person"}  # of a concept: nobody meets a criterion by them


def definition_digest(con: duckdb.DuckDBPyConnection, workbook: Workbook, cohorts: Mapping[str, Cohort]) -> str:
    """A hash of a cohort's criteria and those of cohorts that it refers to, in their order and without their words.

    With the code lists of the concepts that they name, the files of people, and the segmentation where they ask
    for segments. A change behind a column that is made of several concepts (registers, scores, number of
    conditions) or of a reference table (deprivation) is not seen.

    cohorts: by name, the cohort and those that it refers to. con: reads `code_list`.
    """
    found = [leaf for cohort in cohorts.values() for rule in cohort.criteria for leaf in leaves(rule)]
    asked = _concepts(found, concepts(), person_columns())
    content = {
        "criteria": {name: [_plain(rule) for rule in cohort.criteria] for name, cohort in cohorts.items()},
        "concepts": {c.concept: c.model_dump(mode="json", exclude=NOT_ASKED, exclude_defaults=True) for c in asked},
        "codes": _codes(con, {c.codes_from for c in asked}),
        "people": {leaf.ids: sha256_file(ids_path(leaf.ids)) for leaf in found if isinstance(leaf, OfIds)},
        "segments": _segmentation(workbook) if any(isinstance(leaf, InSegment) for leaf in found) else "",
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _plain(rule: Any) -> Any:
    """A rule as it is written, without its words and without what is the same when left out."""
    return _without_words(rule.model_dump(mode="json", by_alias=True, exclude_defaults=True))


def _without_words(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _without_words(part) for name, part in content.items() if name != WORDS}
    return [_without_words(part) for part in content] if isinstance(content, list) else content


def _concepts(
    asked: Iterable[Leaf], known: Iterable[Concept], columns: Mapping[str, RuleColumn]
) -> tuple[Concept, ...]:
    """The concepts that criteria name, as events or as columns, and those that end them."""
    names: set[str | None] = set()
    for leaf in asked:
        names |= {*concepts_of(leaf), *(window.anchor for window in windows_of(leaf))}
        if isinstance(leaf, Criterion) and leaf.column in columns:
            names |= {columns[leaf.column].concept, leaf.column}
    named = [c for c in known if c.concept in names or (c.family and c.family in names)]
    ends = {end for c in named for end in c.resolved_by}
    return tuple(c for c in known if c in named or c.concept in ends)


def _codes(con: duckdb.DuckDBPyConnection, lists: set[str]) -> dict[str, str]:
    """A hash of the codes of each list."""
    sql = (
        "SELECT list_name, sha256(string_agg(code, ',' ORDER BY code)) AS digest FROM code_list "
        "WHERE list_contains($lists, list_name) GROUP BY list_name"
    )
    frame = read_sql(con, sql, {"lists": sorted(lists)})
    return dict(zip(frame["list_name"], frame["digest"], strict=True))


def _segmentation(workbook: Workbook) -> str:
    name = SegmentChoice.run_values(workbook)["segmentation"]
    return sha256_file(resolve(f"parameters/segments/{name}.yml"))
