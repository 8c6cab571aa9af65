"""What can be asked of a run: columns and kinds of events, their meaning and values, how complete each practice is."""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.measures.cohort_run import RunWords
from phm_utils.rules.columns import RuleColumn
from phm_utils.rules.vocabulary import Vocabulary

COLUMN, EVENTS, SEGMENT, LIST, ADDRESS = "column", "events", "segment", "list", "address"
PROGRAMME, COHORT = "programme", "cohort"
COLUMNS = ("name", "kind", "title", "type", "unit", "values", "needs")


def askable(words: Vocabulary, word: str | None = None) -> pd.DataFrame:
    """One row per thing that a rule can ask, those whose name or title has `word` in it.

    Columns: `name`; `kind`, the key of the rule that asks it; `title`; `type` and `unit` of its value; `values`, where
    there is a closed list of them; `needs`, the input tables without which it is not known.
    """
    rows = [*_columns(words), *_events(words)]
    named = {SEGMENT: words.segments, LIST: words.lists, ADDRESS: words.addresses, PROGRAMME: words.programmes}
    for kind, names in named.items():
        rows += [(name, kind, name, "", "", "", "") for name in names or ()]
    rows += [(name, COHORT, name.replace("_", " "), "", "", "", "") for name in words.cohorts]
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype("str")
    if word:
        text = frame["name"].str.replace("_", " ") + " " + frame["name"] + " " + frame["title"]
        frame = frame[text.str.casefold().str.contains(word.casefold(), regex=False)]
    return frame.reset_index(drop=True)


def _columns(words: Vocabulary) -> Iterator[tuple[str, ...]]:
    for column in words.columns.values():
        yield (column.name, COLUMN, column.title, column.type, column.unit or "", _values(column),
               ", ".join(column.needs))  # fmt: skip


def _values(column: RuleColumn) -> str:
    return "true, false" if column.type == "bool" else ", ".join(column.words)


def _events(words: Vocabulary) -> Iterator[tuple[str, ...]]:
    for concept in words.concepts.values():
        kind = "float" if concept.value else ""
        yield concept.name, EVENTS, concept.title, kind, concept.value, "", concept.table


def completeness(con: duckdb.DuckDBPyConnection, run: RunWords, name: str, kind: str) -> pd.DataFrame:
    """One row per practice: people `registered`, and the share `known` of them.

    Known is a value that is not null or, of a yes or no, `yes`; of events, an entry of any day.
    """
    known, joined, given = f'person."{name}" IS NOT NULL', "", {}
    if kind == EVENTS:
        known, given = "found.person_no IS NOT NULL", {"name": name}
        joined = (
            "LEFT JOIN (SELECT DISTINCT person_no FROM person_event WHERE concept = $name) AS found USING (person_no)"
        )
    elif run.words.columns[name].type == "bool":
        known = f'person."{name}"'
    sql = (
        "SELECT practice_code AS practice, count(*) AS registered, "
        f"count(*) FILTER (WHERE {known}) / count(*) AS known FROM person {joined} "
        "GROUP BY practice_code ORDER BY practice_code"
    )
    return read_sql(con, sql, given)
