"""Step two of the person table: concepts turned into columns.

The SQL is written from parameters/concepts.csv, so that a new concept is one
line there and one code list, and no change of code.
"""

from datetime import date, timedelta

from phm_utils.persons.sources import months_before
from phm_utils.rules.columns import event_column
from phm_utils.rules.concepts import Concept

# Of two smoking codes on one day, the first of these counts.
SMOKING_ORDER = (("smoking_current", "Current"), ("smoking_ex", "Ex"), ("smoking_never", "Never"))


def recorded_sql(known: tuple[Concept, ...], index_date: date, available: bool) -> str:
    """A SELECT with one row per current person (`person_no`) and one column per concept.

    known: the concepts, numbered in `concept` by their place.
    available: False where there are no GP events: every column is null then.
    """
    number = {c.concept: n for n, c in enumerate(known)}
    columns = {c.concept: _condition(c, number) for c in known if c.kind == "condition"}
    long_term = [f"CAST({columns[c.concept]} AS INTEGER)" for c in known if c.long_term_condition]
    columns["n_conditions"] = " + ".join(long_term) or "0"
    for concept in (c for c in known if c.kind == "value"):
        columns[concept.concept] = _value(concept, number, index_date)
        columns[f"{concept.concept}_months_ago"] = _months_ago(concept, number, index_date)
    columns["smoking_status"] = _smoking(number)
    columns |= {event_column(c.concept): _event(c, number, index_date) for c in known if c.kind == "event"}
    if not available:
        columns = {name: f"CAST(NULL AS {_type(name, known)})" for name in columns}
    lines = [f"    {sql} AS {name}" for name, sql in columns.items()]
    return (
        "SELECT\n    registered.person_no,\n"
        + ",\n".join(lines)
        + "\nFROM registered\nLEFT JOIN concept ON concept.person_no = registered.person_no"
        + "\nWHERE registered.is_current\nGROUP BY registered.person_no"
    )


def _at(number: int, column: str) -> str:
    return f"max(concept.{column}) FILTER (WHERE concept.concept_no = {number})"


def _condition(concept: Concept, number: dict[str, int]) -> str:
    """Ever diagnosed, and not resolved since: resolved on the day of the diagnosis is resolved."""
    last = _at(number[concept.concept], "last_date")
    if concept.resolved_by is None:
        return f"({last} IS NOT NULL)"
    resolved = _at(number[concept.resolved_by], "last_date")
    return f"coalesce({last} > coalesce({resolved}, DATE '0001-01-01'), false)"


def _months_ago(concept: Concept, number: dict[str, int], index_date: date) -> str:
    """Completed months since the value in use: 0 in the month that ends with the index date."""
    last, end = _at(number[concept.concept], "last_date"), f"DATE '{index_date + timedelta(days=1)}'"
    months = f"date_diff('month', {last}, {end}) - CAST(day({last}) >= day({end}) AS INTEGER)"
    if concept.window_months is None:
        return months
    return f"CASE WHEN {_recent(concept, number, index_date)} THEN {months} END"


def _value(concept: Concept, number: dict[str, int], index_date: date) -> str:
    value = _at(number[concept.concept], "latest_value")
    if concept.window_months is None:
        return value
    return f"CASE WHEN {_recent(concept, number, index_date)} THEN {value} END"


def _event(concept: Concept, number: dict[str, int], index_date: date) -> str:
    if concept.window_months is None:
        return f"({_at(number[concept.concept], 'last_date')} IS NOT NULL)"
    return f"coalesce({_recent(concept, number, index_date)}, false)"


def _recent(concept: Concept, number: dict[str, int], index_date: date) -> str:
    first_day = months_before(index_date, concept.window_months)
    return f"{_at(number[concept.concept], 'last_date')} >= DATE '{first_day}'"


def _smoking(number: dict[str, int]) -> str:
    """The most recent of the three codes."""
    known = [(_at(number[name], "last_date"), word) for name, word in SMOKING_ORDER if name in number]
    if not known:
        return "'Not recorded'"
    latest = f"greatest({', '.join(last for last, _ in known)})"  # DuckDB's greatest passes over nulls
    cases = " ".join(f"WHEN {last} = {latest} THEN '{word}'" for last, word in known)
    return f"CASE {cases} ELSE 'Not recorded' END"


def _type(name: str, known: tuple[Concept, ...]) -> str:
    if name in {c.concept for c in known if c.kind == "value"}:
        return "DOUBLE"
    if name.endswith("_months_ago"):
        return "BIGINT"
    return {"n_conditions": "INTEGER", "smoking_status": "VARCHAR"}.get(name, "BOOLEAN")
