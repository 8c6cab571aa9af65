"""Step two of the person table: concepts turned into columns.

The SQL is written from parameters/concepts.csv, so that a new concept is one
line there and one code list, and no change of code. Conditions become bits of
whole numbers, because one maximum of bits costs as much as one column.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from phm_utils.engine import quote
from phm_utils.persons.sources import months_before
from phm_utils.rules.columns import NOT_RECORDED, count_column, families, vaccinated_column
from phm_utils.rules.concepts import Concept

BITS = 62  # of a whole number of 64
DAY_ONE, DAY_UNIT, VALUE_UNIT = date(1800, 1, 1), 10_000_000_000, 1_000  # how concept.sql packs a day and a value
FACTS = ("first_months", "last_months", "first_age", "first", "last")


@dataclass(frozen=True)
class Recorded:
    """The columns that GP coded events give, and the SQL behind each.

    facts: those that registers and scores ask for; no others are made.
    """

    known: tuple[Concept, ...]
    index_date: date
    facts: frozenset[str]

    def number(self, concept: str) -> int:
        """A concept's number: its place among all concepts."""
        return next(n for n, c in enumerate(self.known) if c.concept == concept)

    def of_kind(self, *kinds: str) -> list[tuple[int, Concept]]:
        """The SNOMED CT concepts of some kinds, with their numbers."""
        return [(n, c) for n, c in enumerate(self.known) if c.kind in kinds and c.system == "snomed"]

    def first_day(self, concept: Concept) -> date:
        """First day of a concept's look-back."""
        return date(1, 1, 1) if concept.window_months is None else months_before(self.index_date, concept.window_months)

    @property
    def marks(self) -> dict[str, tuple[str, int]]:
        """The column and the bit that hold each condition."""
        names = [c.concept for _, c in self.of_kind("condition")]
        return {name: (f"mark_{place // BITS + 1}", 1 << place % BITS) for place, name in enumerate(names)}

    @property
    def mark_columns(self) -> list[str]:
        """The columns that hold bits."""
        return sorted({column for column, _ in self.marks.values()})

    @property
    def dated(self) -> dict[str, str]:
        """Aggregates over a person's rows of `concept`, by the column of `dated` that they make."""
        found = {f"{c.concept}_last": _at(n, "last_date") for n, c in self.of_kind("status", "vaccination")}
        found |= {count_column(c): _at(n, "events_in_window") for n, c in self.of_kind("count")}
        for concept, kind in filter(None, map(self.fact, sorted(self.facts))):
            if kind.startswith("first"):
                found[f"{concept}_first"] = _at(self.number(concept), "first_date", "min")
            else:
                found[f"{concept}_last"] = _at(self.number(concept), "last_date")
        return found

    @property
    def dated_concepts(self) -> list[int]:
        """Numbers of the concepts that `dated` reads."""
        of_facts = {found[0] for found in map(self.fact, self.facts) if found}
        return [
            n for n, c in enumerate(self.known)
            if c.system == "snomed" and (c.kind in ("status", "vaccination", "count") or c.concept in of_facts)
        ]  # fmt: skip

    def fact(self, name: str) -> tuple[str, str] | None:
        """The concept and the kind of a fact such as `depression_last`; None for a column of another sort."""
        concepts = {c.concept for c in self.known}
        for kind in FACTS:
            concept = name.removesuffix(f"_{kind}")
            if concept != name and concept in concepts:
                return concept, kind
        return None

    def columns(self) -> dict[str, str]:
        """SQL of every column, by name, over `marked`, `valued` and `dated`."""
        made = {name: f"((coalesce(marked.{column}, 0) & {bit}) <> 0)" for name, (column, bit) in self.marks.items()}
        total = [f"CAST({made[c.concept]} AS INTEGER)" for c in self.known if c.long_term_condition]
        made["n_conditions"] = " + ".join(total) or "0"
        made |= {name: _status(members) for name, members in families(self.known).items()}
        for _, concept in self.of_kind("value"):
            packed = f"valued.{concept.concept}"
            day = f"(DATE '{DAY_ONE}' + CAST({packed} // {DAY_UNIT} AS INTEGER))"
            made[concept.concept] = f"CAST({packed} % {DAY_UNIT} AS DOUBLE) / {VALUE_UNIT}"
            made[f"{concept.concept}_months_ago"] = self._months_since(day)
        made |= {count_column(c): f"coalesce(dated.{count_column(c)}, 0)" for _, c in self.of_kind("count")}
        for _, concept in self.of_kind("vaccination"):
            last, name = f"dated.{concept.concept}_last", vaccinated_column(concept.concept)
            given = f"CASE WHEN {last} >= DATE '{self.first_day(concept)}' THEN {last} END"
            made |= {name: f"({given}) IS NOT NULL", f"{name}_on": given}
        return made | {name: self._fact_sql(*found) for name in sorted(self.facts) if (found := self.fact(name))}

    def _fact_sql(self, concept: str, kind: str) -> str:
        day = f"dated.{concept}_{kind.split('_')[0]}"
        if kind.endswith("_months"):
            return self._months_since(day)
        if kind == "first_age":
            return f"CAST(date_diff('month', registered.birth_month, {day}) // 12 AS INTEGER)"
        return day

    def _months_since(self, day: str) -> str:
        """Completed months since a day: 0 in the month that ends with the index date."""
        end = self.index_date + timedelta(days=1)
        return (
            f"CAST(date_diff('month', {day}, DATE '{end}') AS INTEGER) - "
            f"CASE WHEN day({day}) >= {end.day} THEN 1 ELSE 0 END"
        )


def counts_of(known: tuple[Concept, ...], system: str) -> dict[str, int]:
    """Columns counted from medicines (bnf) or hospital diagnoses (icd10), with their concepts' numbers."""
    return {count_column(c): n for n, c in enumerate(known) if c.system == system}


def _at(number: int, column: str, aggregate: str = "max") -> str:
    return f"{aggregate}(concept.{column}) FILTER (WHERE concept.concept_no = {number})"


def _status(members: list[Concept]) -> str:
    """The word of the family's concept recorded last; on one day, of the first in the file."""
    days = [(f"dated.{c.concept}_last", str(c.word)) for c in members]
    latest = f"greatest({', '.join(day for day, _ in days)})" if len(days) > 1 else days[0][0]
    cases = " ".join(f"WHEN {day} = {latest} THEN {quote(word)}" for day, word in days)
    return f"CASE {cases} ELSE {quote(NOT_RECORDED)} END"
