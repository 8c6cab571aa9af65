"""Registers, scores and recorded concepts as SQL over the extracts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from phm_utils.engine import quote
from phm_utils.errors import InputError
from phm_utils.rules.columns import NOT_RECORDED, RuleColumn, count_column, status_families, vaccinated_column
from phm_utils.rules.compile import compile_rule
from phm_utils.rules.concepts import Concept
from phm_utils.rules.derived import (
    EFI_BANDS,
    EFI_DEFICITS,
    FRAILTY_AGE,
    HFRS_BANDS,
    HUNDREDTHS,
    Registers,
    WeightedScore,
    load_registers,
    load_score,
    usable_columns,
)
from phm_utils.rules.months import months_before
from phm_utils.rules.tree import criteria

TENTHS = 10


@dataclass(frozen=True)
class Derived:
    """The registers and scores of a run, and the columns that they may use."""

    usable: Mapping[str, RuleColumn]
    registers: Registers
    efi: WeightedScore
    cms: WeightedScore

    @classmethod
    def load(cls, known: tuple[Concept, ...]) -> "Derived":
        """As the files of parameters/registers and parameters/scores define them.

        Raises InputError that names the file and the register or item whose rule is not usable.
        """
        found = cls(usable_columns(known), load_registers(), load_score("efi"), load_score("cms"))
        rules = [(f"qof.yml, register {r.name}", r.rule) for r in found.registers.registers]
        for name, score in (("efi", found.efi), ("cms", found.cms)):
            rules += [(f"{name}.yml, {item.item}", item.rule) for item in score.items]
        for where, rule in rules:
            try:
                compile_rule(rule, found.usable)
            except InputError as error:
                raise InputError(f"{where}: {error}") from None
        return found

    def inputs_of(self) -> dict[str, set[str]]:
        """By column of `person`: the columns and facts that it is computed from."""
        made = {r.column: {c.column for c in criteria(r.rule)} for r in self.registers.registers}
        efi, cms = ({c.column for item in score.items for c in criteria(item.rule)} for score in (self.efi, self.cms))
        return made | dict.fromkeys(("efi_deficits", "efi", "efi_category"), efi) | {"cms": cms}

    def rules_sql(self) -> str:
        """The lines of `scored` in person.sql: registers, and whole-number sums of the scores.

        People not known to meet a register's rule are not on it.
        """
        lines = [
            f"coalesce({compile_rule(r.rule, self.usable)}, false) AS {r.column}" for r in self.registers.registers
        ]
        lines.append(f"{self._sum(self.efi)} AS efi_hundredths")
        lines.append(f"{self._sum(self.cms)} AS cms_hundredths")
        return ",\n        ".join(lines)

    def _sum(self, score: WeightedScore) -> str:
        terms = [
            f"CASE WHEN {compile_rule(item.rule, self.usable)} THEN {item.hundredths} ELSE 0 END"
            for item in score.items
        ]
        return "(" + "\n        + ".join(terms) + ")"


def score_sql() -> dict[str, str]:
    """SQL of the score columns by name, over `scored` in person.sql."""
    efi = f"CAST(efi_hundredths // {HUNDREDTHS} AS DOUBLE) / {EFI_DEFICITS}"
    efi_cases = " ".join(f"WHEN {efi} <= {edge} THEN '{name}'" for name, edge in EFI_BANDS)
    (low, low_edge), (middle, high_edge), (high, _) = HFRS_BANDS
    hfrs_cases = (
        f"WHEN hfrs_tenths < {low_edge * TENTHS} THEN '{low}' "
        f"WHEN hfrs_tenths <= {high_edge * TENTHS} THEN '{middle}' ELSE '{high}'"
    )
    return {
        "efi_deficits": f"efi_hundredths // {HUNDREDTHS}",
        "efi": efi,
        "efi_category": f"CASE WHEN age >= {FRAILTY_AGE} THEN CASE {efi_cases} END END",
        "hfrs": f"CAST(hfrs_tenths AS DOUBLE) / {TENTHS}",
        "hfrs_category": f"CASE WHEN age >= {FRAILTY_AGE} THEN CASE {hfrs_cases} END END",
        "cms": f"CAST(cms_hundredths AS DOUBLE) / {HUNDREDTHS}",
    }


BITS = 62  # of a whole number of 64
DAY_ONE, DAY_UNIT, VALUE_UNIT = date(1800, 1, 1), 10_000_000_000, 1_000  # how concept.sql packs a day and a value
FACTS = ("first_months", "last_months", "first_age", "first", "last")


@dataclass(frozen=True)
class Recorded:
    """The columns that GP coded events give, and the SQL behind each.

    facts: those that registers and scores use; no others are made.
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
    def bits(self) -> dict[str, tuple[str, int]]:
        """The column and the bit that hold each condition."""
        names = [c.concept for _, c in self.of_kind("condition")]
        return {name: (f"mark_{place // BITS + 1}", 1 << place % BITS) for place, name in enumerate(names)}

    @property
    def bit_columns(self) -> list[str]:
        """The columns that hold bits."""
        return sorted({column for column, _ in self.bits.values()})

    @property
    def date_aggregates(self) -> dict[str, str]:
        """Aggregates over a person's rows of `concept`, by the column of `concept_dates` that they make."""
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
        """Numbers of the concepts that `concept_dates` reads."""
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
        """SQL of every column, by name, over `condition_bits`, `latest_values` and `concept_dates`."""
        made = {
            name: f"((coalesce(condition_bits.{column}, 0) & {bit}) <> 0)" for name, (column, bit) in self.bits.items()
        }
        total = [f"CAST({made[c.concept]} AS INTEGER)" for c in self.known if c.long_term_condition]
        made["n_conditions"] = " + ".join(total) or "0"
        made |= {name: _status(members) for name, members in status_families(self.known).items()}
        for _, concept in self.of_kind("value"):
            packed = f"latest_values.{concept.concept}"
            day = f"(DATE '{DAY_ONE}' + CAST({packed} // {DAY_UNIT} AS INTEGER))"
            made[concept.concept] = f"CAST({packed} % {DAY_UNIT} AS DOUBLE) / {VALUE_UNIT}"
            made[f"{concept.concept}_months_ago"] = self._months_since(day)
        made |= {count_column(c): f"coalesce(concept_dates.{count_column(c)}, 0)" for _, c in self.of_kind("count")}
        for _, concept in self.of_kind("vaccination"):
            last, name = f"concept_dates.{concept.concept}_last", vaccinated_column(concept.concept)
            given = f"CASE WHEN {last} >= DATE '{self.first_day(concept)}' THEN {last} END"
            made |= {name: f"({given}) IS NOT NULL", f"{name}_on": given}
        return made | {name: self._fact_sql(*found) for name in sorted(self.facts) if (found := self.fact(name))}

    def _fact_sql(self, concept: str, kind: str) -> str:
        day = f"concept_dates.{concept}_{kind.split('_')[0]}"
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
    days = [(f"concept_dates.{c.concept}_last", str(c.word)) for c in members]
    latest = f"greatest({', '.join(day for day, _ in days)})" if len(days) > 1 else days[0][0]
    cases = " ".join(f"WHEN {day} = {latest} THEN {quote(word)}" for day, word in days)
    return f"CASE {cases} ELSE {quote(NOT_RECORDED)} END"
