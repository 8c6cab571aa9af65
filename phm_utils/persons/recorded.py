"""Step two of the person table: concepts turned into columns.

The SQL is written from parameters/concepts.csv, so that a new concept is one
line there and one code list, and no change of code.
"""

from datetime import date, timedelta

from phm_utils.engine import quote
from phm_utils.persons.sources import months_before
from phm_utils.rules.columns import NOT_RECORDED, concept_columns, count_column, families, vaccinated_column
from phm_utils.rules.concepts import Concept

BITS = 62  # marks in one whole number of 64 bits
FACTS = ("first_months", "last_months", "first_age", "first", "last")
OTHER_SYSTEMS = ("bnf", "icd10")


def marks(known: tuple[Concept, ...]) -> dict[str, tuple[int, int]]:
    """Concepts that need no date, each with the number of its mark and its bit there."""
    plain = [c.concept for c in known if c.kind == "condition" and not c.resolved_by and c.window_months is None]
    return {name: (place // BITS + 1, 1 << place % BITS) for place, name in enumerate(plain)}


def mark_columns(known: tuple[Concept, ...]) -> list[str]:
    """The columns of `concept_name` that hold marks."""
    return sorted({f"mark_{number}" for number, _ in marks(known).values()})


def recorded_columns(known: tuple[Concept, ...], index_date: date, facts: set[str]) -> dict[str, str]:
    """SQL of every column that GP coded events give, by name, over a person's rows of `concept`.

    facts: the facts that registers and scores ask for; no others are made.
    """
    number = {c.concept: n for n, c in enumerate(known)}
    placed = marks(known)
    columns = {c.concept: _condition(c, number, placed, index_date) for c in known if c.kind == "condition"}
    long_term = [f"CAST({columns[c.concept]} AS INTEGER)" for c in known if c.long_term_condition]
    columns["n_conditions"] = " + ".join(long_term) or "0"
    columns |= {name: _status(members, number) for name, members in families(known).items()}
    for concept in known:
        if concept.kind == "value":
            columns[concept.concept] = _within(concept, number, index_date, _at(number[concept.concept], "latest_value"))
            months = _months_since(_last(concept, number), index_date)
            columns[f"{concept.concept}_months_ago"] = _within(concept, number, index_date, months)
        elif concept.kind == "count" and concept.system == "snomed":
            columns[count_column(concept)] = f"coalesce({_at(number[concept.concept], 'events_in_window')}, 0)"
        elif concept.kind == "vaccination":
            given = _within(concept, number, index_date, _last(concept, number))
            columns[vaccinated_column(concept.concept)] = f"({given}) IS NOT NULL"
            columns[f"{vaccinated_column(concept.concept)}_on"] = given
    made = {name: _fact(name, number, index_date) for name in sorted(facts) if name not in columns}
    return columns | {name: sql for name, sql in made.items() if sql}


def other_counts(known: tuple[Concept, ...], system: str) -> dict[str, int]:
    """Columns counted from medicines (bnf) or hospital diagnoses (icd10), with their concepts' numbers."""
    return {count_column(c): n for n, c in enumerate(known) if c.system == system}


def names_of(concept: Concept) -> list[str]:
    """The columns that one concept gives."""
    return [column.name for column in concept_columns(concept)]


def _at(number: int, column: str, aggregate: str = "max") -> str:
    return f"{aggregate}(concept.{column}) FILTER (WHERE concept.concept_no = {number})"


def _last(concept: Concept, number: dict[str, int]) -> str:
    return _at(number[concept.concept], "last_date")


def _condition(
    concept: Concept, number: dict[str, int], placed: dict[str, tuple[int, int]], index_date: date
) -> str:
    """Diagnosed in the window, and not resolved since: resolved on the day of the diagnosis is resolved."""
    if concept.concept in placed:
        mark, bit = placed[concept.concept]
        return f"((coalesce(bit_or(concept_name.mark_{mark}), 0) & {bit}) <> 0)"
    held = _within(concept, number, index_date, _last(concept, number))
    resolved = [_at(number[name], "last_date") for name in concept.resolved_by]
    if not resolved:
        return f"(({held}) IS NOT NULL)"
    return f"coalesce(({held}) > coalesce(greatest({', '.join(resolved)}, DATE '0001-01-01'), DATE '0001-01-01'), false)"


def _within(concept: Concept, number: dict[str, int], index_date: date, sql: str) -> str:
    """The expression, where the concept's last entry lies in its window."""
    if concept.window_months is None:
        return sql
    first_day = months_before(index_date, concept.window_months)
    return f"CASE WHEN {_last(concept, number)} >= DATE '{first_day}' THEN {sql} END"


def _months_since(day: str, index_date: date) -> str:
    """Completed months since a day: 0 in the month that ends with the index date."""
    end = index_date + timedelta(days=1)
    return (
        f"CAST(date_diff('month', {day}, DATE '{end}') AS INTEGER) - "
        f"CASE WHEN day({day}) >= {end.day} THEN 1 ELSE 0 END"
    )


def _status(members: list[Concept], number: dict[str, int]) -> str:
    """The word of the family's concept recorded last."""
    days = [(_last(c, number), str(c.word)) for c in members]
    latest = f"greatest({', '.join(day for day, _ in days)})" if len(days) > 1 else days[0][0]
    cases = " ".join(f"WHEN {day} = {latest} THEN {quote(word)}" for day, word in days)
    return f"CASE {cases} ELSE {quote(NOT_RECORDED)} END"


def _fact(name: str, number: dict[str, int], index_date: date) -> str | None:
    """SQL of a fact such as `depression_last`; None where it is of another system."""
    kind = next((kind for kind in FACTS if name.endswith(f"_{kind}")), None)
    concept = name.removesuffix(f"_{kind}")
    if kind is None or concept not in number:
        return None
    first, last = _at(number[concept], "first_date", "min"), _at(number[concept], "last_date")
    born = "max(registered.birth_month)"
    return {
        "first": first,
        "last": last,
        "first_months": _months_since(first, index_date),
        "last_months": _months_since(last, index_date),
        "first_age": f"CAST(date_diff('month', {born}, {first}) // 12 AS INTEGER)",
    }[kind]
