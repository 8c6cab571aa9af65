"""The plan of the person table: its columns, windows and costs, and the columns that are null for everybody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

from phm_utils.persons.derivations import Derived, Recorded
from phm_utils.persons.essential import HOSPITAL_SCORES, MEDICINES, Essential, emptied, of_12_months, unusable
from phm_utils.persons.value_units import NO_VALUES, ValueUnits
from phm_utils.persons.windows import FOLLOW_MONTHS, Source, Window, windows
from phm_utils.rules.columns import ACTIVITIES, CONTACTS, COSTED, COSTS, RuleColumn, cost_column, count_column
from phm_utils.rules.concepts import Concept
from phm_utils.rules.derived import HOSPITAL_MONTHS, person_columns
from phm_utils.rules.event_concepts import event_concepts
from phm_utils.rules.months import months_before
from phm_utils.rules.unit_costs import price_values, unit_costs, unpriced
from phm_utils.schema import EMERGENCY_ADMIMETH

UNIT_COSTS, USABLE_VALUES = "unit_costs", "usable_values"  # what a column may lack other than an input table
EVENT_TABLES = ("gp_event", "gp_medication", *dict.fromkeys(c.table for c in event_concepts(()).values()))
# What follows where other sources have a part, so that no column is null: by what is lacking.
ABODE = ("accommodation_status",)
CONSEQUENCES = {
    "death": "people who died and are still on a practice's list are counted as registered",
    "accommodation": "signals of no fixed abode come from GP codes alone",
}


def missing_columns(
    columns: Mapping[str, RuleColumn],
    known: tuple[Concept, ...],
    sources: Mapping[str, Source],
    spans: Mapping[str, Window],
    index_date: date,
    costs: Mapping[str, int],
    derived: Derived,
    empty: tuple[Essential, ...] = (),
    no_values: frozenset[str] = frozenset(),
) -> dict[str, tuple[str, ...]]:
    """Every column that is null in this run, with what it lacks: a table, or a field as `table.field`.

    A column lacks a table that is absent, or that starts too late for a count over
    the column's window, and a field that is `empty`; that of a concept of `no_values`, most of whose values
    cannot be used, lacks USABLE_VALUES.
    """
    lost = unusable(sources, empty, {*CONTACTS, *(table for column in columns.values() for table in column.needs)})
    short = _too_short(known, sources, spans, index_date)
    short |= {column: USABLE_VALUES for name in sorted(no_values) for column in (name, f"{name}_months_ago")}
    short |= emptied(empty, known)
    for setting in unpriced(dict(costs)):
        short.setdefault(cost_column(setting), UNIT_COSTS)
    asked = derived.inputs_of()
    found: dict[str, tuple[str, ...]] = {}
    for name, column in columns.items():
        lacking = [lost[table] for table in column.needs if table in lost]
        lacking += [short[part] for part in (name, *sorted(asked.get(name, ()))) if part in short]
        if lacking:
            found[name] = tuple(dict.fromkeys(lacking))
    # Settings without a price are not in the total.
    priced = [cost_column(setting) for setting in COSTS if setting not in unpriced(dict(costs))]
    lacking = [table for name in priced for table in found.get(name, ())]
    found.pop("cost_pence_12m", None)
    if lacking:
        found["cost_pence_12m"] = tuple(dict.fromkeys(lacking))
    if "last_contact" in columns and all(table in lost for table in CONTACTS):
        found["last_contact"] = tuple(lost[table] for table in CONTACTS)
    return found


def _too_short(
    known: tuple[Concept, ...], sources: Mapping[str, Source], spans: Mapping[str, Window], index_date: date
) -> dict[str, str]:
    """Columns and facts whose table is present but starts too late, with that table."""
    short: dict[str, str] = {}
    for activity, span in spans.items():
        if not span.covers_prior:
            short[f"{activity}_prior_12m"] = span.source
        if not span.covers_12m:
            short |= dict.fromkeys(of_12_months(activity), span.source)
    hospital = spans.get("emergency_admissions")
    ends = {"bnf": index_date, "snomed": index_date, "icd10": hospital.to_date if hospital else index_date}
    tables = {"bnf": "gp_medication", "snomed": "gp_event", "icd10": "apc_episode"}
    for concept, months in [(c, c.window_months) for c in known if c.kind == "count" and c.window_months]:
        table = tables[concept.system]
        if table in sources and _begins_after(sources[table], months_before(ends[concept.system], months)):
            short[count_column(concept)] = table
    if hospital and _begins_after(sources[hospital.source], months_before(hospital.to_date, HOSPITAL_MONTHS)):
        short |= dict.fromkeys(HOSPITAL_SCORES, hospital.source)
    if "gp_medication" in sources and _begins_after(sources["gp_medication"], months_before(index_date, 3)):
        short |= dict.fromkeys(MEDICINES, "gp_medication")
    return short


def _begins_after(source: Source, first_day: date) -> bool:
    """Is the source's first record after the month in which a window begins?"""
    return source.first_date is not None and source.first_date.replace(day=1) > first_day


@dataclass(frozen=True)
class Plan:
    """Everything that decides the columns of `person`.

    missing: columns that are null for everybody, with the tables and fields that they lack.
    codes: the codes of each list, in the order of its file.
    units: what becomes of values by their unit.
    uncounted: activities, and costs of settings, that are not known at all, of any month.
    partly: of CONSEQUENCES, those of this run, with the table or field that it lacks.
    sources: the input tables of the run. lost: those that it cannot use or lacks, with what is lacking.
    emptied: columns, facts and signals that rest on a field without values, with the field.
    """

    index_date: date
    known: tuple[Concept, ...]
    columns: Mapping[str, RuleColumn]
    spans: Mapping[str, Window]
    costs: Mapping[str, int]
    derived: Derived
    missing: Mapping[str, tuple[str, ...]]
    codes: Mapping[str, tuple[str, ...]]
    units: ValueUnits
    uncounted: frozenset[str] = frozenset()
    partly: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)
    emptied: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def at(
        cls,
        index_date: date,
        known: tuple[Concept, ...],
        sources: Mapping[str, Source],
        codes: Mapping[str, tuple[str, ...]],
        empty: tuple[Essential, ...] = (),
        units: ValueUnits = NO_VALUES,
    ) -> "Plan":
        """From the files of `parameters`, the sources of the run, and the fields of them that are `empty`."""
        costs = unit_costs()
        columns, derived = person_columns(known), Derived.load(known)
        asked = (*COSTED, *EVENT_TABLES, "death")
        lost, without = unusable(sources, empty, asked), emptied(empty, known)
        spans = windows({name: source for name, source in sources.items() if name not in lost}, index_date)
        missing = missing_columns(columns, known, sources, spans, index_date, costs, derived, empty, units.unusable)
        uncounted = {a for a, (_, table) in ACTIVITIES.items() if table in lost or f"{a}_12m" in without}
        uncounted |= {cost_column(s) for s, (_, table) in COSTS.items() if table in lost or cost_column(s) in without}
        partly = {"death": lost["death"]} if "death" in lost else {}
        abode = [lost["ecds_attendance"]] if "ecds_attendance" in lost else [e.name for e in empty if e.fields == ABODE]
        if abode and "no_fixed_abode" not in missing:
            partly["accommodation"] = abode[0]
        return cls(
            index_date, known, columns, spans, costs, derived, missing, codes, units, frozenset(uncounted), partly,
            sources, lost, without,
        )  # fmt: skip

    @cached_property
    def recorded(self) -> Recorded:
        """The columns that GP coded events give."""
        asked = {name for names in self.derived.inputs_of().values() for name in names}
        return Recorded(self.known, self.index_date, frozenset(asked - set(self.columns)))

    def days(self, activity: str) -> dict[str, date]:
        """A window's days; where the source is absent, days over an empty table."""
        span = self.spans.get(activity)
        if span is None:
            return dict.fromkeys(("from_date", "to_date", "prior_from"), self.index_date)
        return {"from_date": span.from_date, "to_date": span.to_date, "prior_from": span.prior_from}

    @property
    def stays_to(self) -> date:
        """The last day up to which hospital spells are counted."""
        return self.days("emergency_admissions")["to_date"]

    @property
    def deaths_known(self) -> bool:
        """Does the run know who died?"""
        return "death" not in self.partly

    @property
    def follow_from(self) -> date:
        """First day of the months of follow-up."""
        return months_before(self.index_date, FOLLOW_MONTHS)

    @property
    def values(self) -> dict[str, Any]:
        """The named values of the SQL files."""
        hospital = [c.window_months for c in self.known if c.system == "icd10" and c.window_months]
        return {
            "index_date": self.index_date,
            "follow_from": self.follow_from,
            "first_day": min([self.follow_from, *(w.prior_from for w in self.spans.values())]),
            "emergency_admimeth": EMERGENCY_ADMIMETH,
            "stays_to": self.stays_to,
            "scored_from": months_before(self.stays_to, HOSPITAL_MONTHS),
            "diagnoses_from": months_before(self.stays_to, max([HOSPITAL_MONTHS, *hospital])),
            "deaths_known": self.deaths_known,
            **{f"{activity}_known": activity not in self.uncounted for activity in ACTIVITIES},
            "costs_known": not {cost_column(s) for s in COSTS if s not in unpriced(dict(self.costs))} & self.uncounted,
            **price_values(dict(self.costs)),
        }

    def left_out(self) -> pd.DataFrame:
        """One row per table or field that is lacking, and column of `person` that is null for it.

        Columns `table_name` (of a field, `table.field`), `column_name`, `what` (in a reader's words).
        Where only part of a column is lacking, `column_name` is empty and `what` is the consequence.
        """
        rows = [(lack, name, self.columns[name].title) for name, lacking in self.missing.items() for lack in lacking]
        rows += [(lack, "", CONSEQUENCES[part]) for part, lack in self.partly.items()]
        return pd.DataFrame(rows, columns=["table_name", "column_name", "what"]).astype("str")
