"""What the SQL of the rule language says of each person of a small run, and the same tables for the oracle."""

from datetime import date

import pandas as pd
from cohort_oracle import World
from person_table import People
from small_runs import COLUMNS, IDS, PLACES

from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.measures.cohort_query import CohortQuery
from phm_utils.measures.cohort_run import run_words
from phm_utils.rules.tree import parse

INDEX = date(2025, 3, 31)
# The cohort `other`, to which rules refer.
OTHER = [
    {"any": [{"has": "diabetes"}, {"column": "bmi", "op": "at least", "value": 30}]},
    {"has not": "ed_attendances"},
]


def make(tables: People, run: dict) -> None:
    """Make the tables of a run; of `person`, the columns that the rules here ask for."""
    con = tables.con
    tables.workbook = tables.workbook.model_copy(update={"index_date": run["index_date"]})
    con.register("_people", pd.DataFrame(run["people"]).astype(object))
    types = {name: kind for name, (kind, _) in COLUMNS.items()} | PLACES
    typed = ", ".join(f"CAST(CAST({name} AS VARCHAR) AS {kind}) AS {name}" for name, kind in types.items())
    con.execute(f"CREATE OR REPLACE TABLE person AS SELECT {typed} FROM _people")
    tables.have(run["events"], sources=run["sources"])
    segments = ["Ill", "Well", None]
    people = [(person["person_id"], segments[n % 3]) for n, person in enumerate(run["people"])]
    frame = pd.DataFrame([row for row in people if row[1]], columns=["person_id", "segment"]).astype("str")
    con.register("_segments", frame)
    con.execute("CREATE OR REPLACE TABLE segment AS SELECT * FROM _segments")


def world_of(tables: People) -> World:
    """The same tables, for the oracle."""
    con = tables.con
    segment = con.execute("SELECT * FROM segment").df().set_index("person_id")["segment"]
    return World(
        con.execute("SELECT * FROM person").df(),
        con.execute("SELECT * FROM person_event").df(),
        con.execute("SELECT * FROM event_concept").df(),
        pd.Timestamp(tables.workbook.index_date),
        segment,
        {"other": OTHER},
        {IDS: {"person-0000", "person-0001"}},
    )


def query_of(tables: People) -> CohortQuery:
    other = cohort_of(OTHER)
    return CohortQuery(tables.con, run_words(tables.con, tables.workbook, {"other": other}))


def cohort_of(contents: list[dict]) -> Cohort:
    words = {"title": "T", "short": "S", "question": "Q?", "use": "U", "source": "S"}
    neutral = {"neutral_title": "N", "neutral_reason": "R"}
    return Cohort(criteria=tuple(parse(content) for content in contents), **words, **neutral)


def by_sql(query: CohortQuery, content: dict) -> list[bool | None]:
    """What the SQL says of each person, by number."""
    compiler, [condition] = query.conditions([parse(content)])
    sql = compiler.select(["person_no", condition.as_("held")]).sql("duckdb")
    return [held for _, held in sorted(query.con.execute(sql).fetchall())]


def asked(tables: People, content: dict, *events: tuple, index_date: date = INDEX, **sources: dict) -> bool | None:
    """What a rule says of one woman, by SQL. events: concept, day, and value. sources: by table, see `have`."""
    plain = dict.fromkeys(COLUMNS) | dict.fromkeys(PLACES) | {"person_id": "person-0000", "person_no": 1}
    rows = [
        {"concept": concept, "person": 1, "day": day, "value": value[0] if value else None}
        for concept, day, *value in events
    ]
    make(tables, {"index_date": index_date, "people": [plain], "events": rows, "sources": sources})
    [answer] = by_sql(query_of(tables), content)
    return answer
