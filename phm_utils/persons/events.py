"""`person_event`: every event that a rule can ask for, ordered by concept, person and day; and what it comes from.

A query for one concept reads that concept's rows only, and for one PCN those of its people, who are numbered together.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd

from phm_utils.engine import Model, Workspace
from phm_utils.engine.sql_files import raw, sql_file
from phm_utils.persons.person_plan import Plan
from phm_utils.rules.columns import ACTIVITIES, count_column
from phm_utils.rules.data_files import rows_by
from phm_utils.rules.event_concepts import BORN, EventConcept, event_concepts
from phm_utils.runs import project_root

EVENT_KEY = ("concept_no", "person_no", "day", "value", "code")
EVENT_BYTES = 50  # of memory for an event while it is sorted: measured
SHARE_OF_MEMORY = 0.75  # a sort that needs more spills
STAYS = ("emergency_admissions", "other_admissions")
ADMITTED = "CAST(date_diff('day', day, discharged) AS DOUBLE)"  # nights
CONCEPT_COLUMNS = ("concept_no", "concept", "source", "first_date", "to_date", "silent", "lacks")


def homeless_types(path: Path | None = None) -> tuple[str, ...]:
    """The national codes of MHSDS ACCOMMODATION TYPE that count as homeless."""
    path = path or project_root() / "parameters" / "reference" / "accommodation_types.csv"
    rows = rows_by(path, "the types of accommodation", "code", ("code", "homeless"))
    return tuple(code for code, row in rows.items() if row["homeless"] == "true")


def event_concept_table(plan: Plan) -> pd.DataFrame:
    """One row per kind of event: where it comes from in this run.

    concept_no: its place. source: the input table. first_date: first day of the source's data, empty where events
    are of any age. to_date: last day counted. silent: first days of its silent months, parted by blanks.
    lacks: the table or field without which the run does not know of such events, or empty.
    """
    rows = [
        (number, c.name, c.table, _first_date(plan, c), _to_date(plan, c), _silent(plan, c.table), _lacks(plan, c))
        for number, c in enumerate(event_concepts(plan.known).values())
    ]
    frame = pd.DataFrame(rows, columns=CONCEPT_COLUMNS)
    days = dict.fromkeys(("first_date", "to_date"), "datetime64[s]")
    texts = dict.fromkeys(("concept", "source", "silent", "lacks"), "str")
    return frame.astype({"concept_no": "int16"} | days | texts)


def _first_date(plan: Plan, concept: EventConcept) -> date | None:
    source = plan.sources.get(concept.table)
    if concept.name == BORN or source is None or source.first_date is None:
        return None
    if _is_stay(plan, concept):  # of diagnoses, the months that scores look back are read
        return max(source.first_date, plan.values["diagnoses_from"])
    return max(source.first_date, plan.values["first_day"]) if concept.name in ACTIVITIES else source.first_date


def _is_stay(plan: Plan, concept: EventConcept) -> bool:
    return any(c.concept == concept.name and c.system == "icd10" for c in plan.known)


def _to_date(plan: Plan, concept: EventConcept) -> date:
    if concept.name in ACTIVITIES:
        return plan.days(concept.name)["to_date"]
    return plan.stays_to if _is_stay(plan, concept) else plan.index_date


def _silent(plan: Plan, table: str) -> str:
    return " ".join(str(day) for day in plan.sources[table].silent) if table in plan.sources else ""


def _lacks(plan: Plan, concept: EventConcept) -> str:
    """What the run lacks for a concept, as in `person_left_out`."""
    if concept.table in plan.lost:
        return plan.lost[concept.table]
    coded = next((c for c in plan.known if c.concept == concept.name), None)
    names = [concept.name, f"{concept.name}_12m"]
    if coded and coded.kind == "count":
        names.append(count_column(coded))
    if coded and coded.kind == "value" and concept.name in plan.units.unusable:
        return "usable_values"
    return next((plan.emptied[name] for name in names if name in plan.emptied), "")


def make_events(work: Workspace, plan: Plan, memory: int) -> Iterator[Model]:
    """The models `event_concept` and, in parts, `person_event`; after `make_people` and `make_activity`.

    memory: bytes that DuckDB may use. GP entries are sorted by ranges of concepts that fit into it.
    """
    concepts = event_concept_table(plan)
    work.register("event_name", concepts[["concept_no", "concept"]])
    yield Model("event_concept", ("concept_no",), frame=concepts)
    most = memory * SHARE_OF_MEMORY / EVENT_BYTES
    converted = {"converted": plan.units.sql(rounded=False), "rounded": plan.units.sql(rounded=True)}
    for part, (first, last) in enumerate(_ranges(work, len(concepts), most), start=1):
        values = plan.values | converted | {"first_concept": first, "last_concept": last}
        yield _part(work, f"gp_{part}", sql_file("persons", "event_gp", **values))
    for name in ("medicine", "stay"):
        yield _part(work, name, sql_file("persons", f"event_{name}", **plan.values))
    others = {"contacts": raw("\n    UNION ALL\n    ".join(_contacts())), "homeless_types": homeless_types()}
    yield _part(work, "other", sql_file("persons", "event_other", **plan.values, **others))


def _part(work: Workspace, part: str, sql: str) -> Model:
    return Model("person_event", EVENT_KEY, sql=work.result(sql), part=part)


def _ranges(work: Workspace, concepts: int, most: float) -> list[tuple[int, int]]:
    """Ranges of concept numbers with at most so many entries each; a concept is in one of them."""
    counts = work.read("SELECT concept_no, CAST(sum(events) AS BIGINT) AS events FROM concept GROUP BY concept_no")
    events = dict(zip(counts["concept_no"].astype(int), counts["events"].astype(float), strict=True))
    ranges, total = [[0, 0]], 0.0
    for number in range(concepts):
        if total and total + events.get(number, 0) > most:
            ranges.append([number, number])
            total = 0
        ranges[-1][1] = number
        total += events.get(number, 0)
    return [(first, last) for first, last in ranges]


def _contacts() -> list[str]:
    """A SELECT for each activity. Its table has the day and, of an admission, the discharge."""
    return [
        f"SELECT '{name}' AS concept, person_no, day, "
        f"{ADMITTED if name in STAYS else 'CAST(NULL AS DOUBLE)'} AS value, CAST(NULL AS VARCHAR) AS code FROM {name}"
        for name in ACTIVITIES
    ]
