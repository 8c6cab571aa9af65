"""The plan of the person table: its columns, windows and costs, and the columns that are null for everybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

from phm_utils.persons.derivations import Derived, Recorded
from phm_utils.persons.value_units import NO_VALUES, ValueUnits
from phm_utils.persons.windows import FOLLOW_MONTHS, SOCIAL_CARE, Source, Window, months_before, windows
from phm_utils.rules.columns import (
    ACTIVITIES,
    COSTS,
    FLAGS,
    RuleColumn,
    cost_column,
    count_column,
    fact_columns,
    recorded_columns,
)
from phm_utils.rules.concepts import Concept
from phm_utils.rules.derived import HOSPITAL_MONTHS, person_columns
from phm_utils.rules.unit_costs import price_values, unit_costs, unpriced
from phm_utils.schema import EMERGENCY_ADMIMETH

UNIT_COSTS, USABLE_VALUES = "unit_costs", "usable_values"  # what a column may lack other than an input table
DEATHS = "people who died and are still on a practice's list are counted as registered"
HOSPITAL_SCORES = ("hfrs", "hfrs_category", "charlson")
MEDICINES = ("repeat_medicines", "polypharmacy_medicines", "polypharmacy", "severe_polypharmacy")


def missing_columns(
    columns: Mapping[str, RuleColumn],
    known: tuple[Concept, ...],
    sources: Mapping[str, Source],
    spans: Mapping[str, Window],
    index_date: date,
    costs: Mapping[str, int],
    derived: Derived,
    empty: frozenset[tuple[str, str]] = frozenset(),
    unusable: frozenset[str] = frozenset(),
) -> dict[str, tuple[str, ...]]:
    """Every column that is null in this run, with the tables that it lacks.

    A column lacks a table that is absent, that starts too late for a count over
    the column's window, or whose essential column is `empty`; that of a concept most of whose values are
    `unusable` lacks USABLE_VALUES.
    """
    short = _too_short(known, sources, spans, index_date)
    short |= {column: USABLE_VALUES for name in sorted(unusable) for column in (name, f"{name}_months_ago")}
    short |= _without_values(known, empty)
    for setting in unpriced(dict(costs)):
        short.setdefault(cost_column(setting), UNIT_COSTS)
    asked = derived.inputs_of()
    found: dict[str, tuple[str, ...]] = {}
    for name, column in columns.items():
        lacking = [table for table in column.needs if table not in sources]
        lacking += [short[part] for part in (name, *sorted(asked.get(name, ()))) if part in short]
        if lacking:
            found[name] = tuple(dict.fromkeys(lacking))
    # Settings without a price are not in the total.
    priced = [cost_column(setting) for setting in COSTS if setting not in unpriced(dict(costs))]
    lacking = [table for name in priced for table in found.get(name, ())]
    found.pop("cost_pence_12m", None)
    if lacking:
        found["cost_pence_12m"] = tuple(dict.fromkeys(lacking))
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
            short |= dict.fromkeys(_of_12_months(activity), span.source)
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


def _without_values(known: tuple[Concept, ...], empty: frozenset[tuple[str, str]]) -> dict[str, str]:
    """Columns that need an essential column without any value, with its table."""
    return {name: table for table, column in sorted(empty) for name in _columns_decided_by(table, column, known)}


def _columns_decided_by(table: str, column: str, known: tuple[Concept, ...]) -> list[str]:
    """The columns of `person`, and facts, that need an essential column."""
    match column:
        case "snomed_code":
            coded = (*recorded_columns(known), *fact_columns(known).values())
            return [c.name for c in coded if table in c.needs] + ["no_fixed_abode", "gp_data_to"]
        case "diag_01":
            return [count_column(c) for c in known if c.system == "icd10"] + [*HOSPITAL_SCORES]
        case "bnf_code":
            return [count_column(c) for c in known if c.system == "bnf"] + [*MEDICINES]
        case "is_repeat":
            return [*MEDICINES]
        case "event_type":
            return ["asc_open", "asc_setting", cost_column("social_care")]
        case "flag":
            return [f"flag_{name}" for name in (*FLAGS, "domains")]
    counted = [a for a, (_, source) in ACTIVITIES.items() if source == table]
    emergencies = [count_column(c) for c in known if "emergency" in c.only] if column == "admimeth" else []
    return [name for a in counted for name in (*_of_12_months(a), f"{a}_prior_12m")] + emergencies


def _of_12_months(activity: str) -> list[str]:
    """The columns that count an activity's last 12 months."""
    setting = {
        "gp_appointments": "gp", "ed_attendances": "ed", "emergency_admissions": "emergency",
        "other_admissions": "other_admissions", "op_attendances": "op", "community_contacts": "community",
        "mental_health_contacts": "mental_health", SOCIAL_CARE: "social_care",
    }[activity]  # fmt: skip
    if activity == SOCIAL_CARE:
        return [cost_column(setting)]
    nights = ["emergency_bed_days_12m"] if activity == "emergency_admissions" else []
    return [f"{activity}_12m", cost_column(setting), *nights]


def _begins_after(source: Source, first_day: date) -> bool:
    """Is the source's first record after the month in which a window begins?"""
    return source.first_date is not None and source.first_date.replace(day=1) > first_day


def left_out(
    missing: Mapping[str, tuple[str, ...]], columns: Mapping[str, RuleColumn], sources: Mapping[str, Source]
) -> pd.DataFrame:
    """One row per lacking table and column of `person` that is null for it.

    Columns `table_name`, `column_name`, `what` (in a reader's words). Where
    deaths are absent, a row gives the consequence.
    """
    rows = [(table, name, columns[name].title) for name, tables in missing.items() for table in tables]
    if "death" not in sources:
        rows.append(("death", "", DEATHS))
    return pd.DataFrame(rows, columns=["table_name", "column_name", "what"]).astype("str")


@dataclass(frozen=True)
class Plan:
    """Everything that decides the columns of `person`.

    missing: columns that are null for everybody, with the tables that they lack.
    codes: the codes of each list, in the order of its file.
    units: what becomes of values by their unit.
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

    @classmethod
    def at(
        cls,
        index_date: date,
        known: tuple[Concept, ...],
        sources: Mapping[str, Source],
        codes: Mapping[str, tuple[str, ...]],
        empty: frozenset[tuple[str, str]] = frozenset(),
        units: ValueUnits = NO_VALUES,
    ) -> "Plan":
        """From the files of `parameters` and the sources of the run; `empty` columns have no value at all."""
        spans, costs = windows(sources, index_date), unit_costs()
        columns, derived = person_columns(known), Derived.load(known)
        missing = missing_columns(columns, known, sources, spans, index_date, costs, derived, empty, units.unusable)
        return cls(index_date, known, columns, spans, costs, derived, missing, codes, units)

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
            **price_values(dict(self.costs)),
        }
