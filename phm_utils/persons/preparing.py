"""What person.sql and its neighbours join, made table by table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from phm_utils.engine import Workspace
from phm_utils.errors import InputError
from phm_utils.persons.derived import Derived, score_sql
from phm_utils.persons.models import model_sql, raw
from phm_utils.persons.prices import price_values
from phm_utils.persons.recorded import mark_columns, marks, names_of, other_counts, recorded_columns
from phm_utils.persons.sources import FOLLOW_MONTHS, Window, empty_table, months_before
from phm_utils.rules.codelists import load
from phm_utils.rules.columns import ACTIVITIES, RuleColumn
from phm_utils.rules.concepts import Concept
from phm_utils.rules.scores import HOSPITAL_MONTHS
from phm_utils.runs import project_root
from phm_utils.tables import EMERGENCY_ADMIMETH

SUBSTANCE = 9  # characters of a BNF code that name the chemical substance
NEVER = date(9999, 12, 31)
USED = (
    *("gp_event", "gp_medication", "gp_appointment", "apc_episode", "ecds_attendance", "op_attendance"),
    *("csds_contact", "mhsds_contact", "asc_event", "partner_list", "death", "area"),
)
TYPES = {"text": "VARCHAR", "int": "INTEGER", "float": "DOUBLE", "bool": "BOOLEAN", "date": "DATE"}


@dataclass(frozen=True)
class Plan:
    """Everything that decides what `person` is made of: no data.

    missing: columns that are null for everybody, with the tables that they lack.
    """

    index_date: date
    known: tuple[Concept, ...]
    columns: Mapping[str, RuleColumn]
    spans: Mapping[str, Window]
    costs: Mapping[str, int]
    derived: Derived
    missing: Mapping[str, tuple[str, ...]]

    def days(self, activity: str) -> dict[str, date]:
        """A window's days; where the source is absent, days over an empty table."""
        span = self.spans.get(activity)
        if span is None:
            return dict.fromkeys(("from_date", "to_date", "prior_from"), self.index_date)
        return {"from_date": span.from_date, "to_date": span.to_date, "prior_from": span.prior_from}

    @property
    def follow_from(self) -> date:
        """First day of the months of follow-up."""
        return months_before(self.index_date, FOLLOW_MONTHS)

    @property
    def values(self) -> dict[str, Any]:
        """What the SQL files call by name."""
        stays_to = self.days("emergency_admissions")["to_date"]
        hospital = [c.window_months for c in self.known if c.system == "icd10" and c.window_months]
        longest = max([HOSPITAL_MONTHS, *hospital])
        return {
            "index_date": self.index_date,
            "follow_from": self.follow_from,
            "first_day": min([self.follow_from, *(w.prior_from for w in self.spans.values())]),
            "emergency_admimeth": EMERGENCY_ADMIMETH,
            "stays_to": stays_to,
            "scored_from": months_before(stays_to, HOSPITAL_MONTHS),
            "diagnoses_from": months_before(stays_to, longest),
            **price_values(dict(self.costs)),
        }


def stand_in(work: Workspace, present: Iterable[str]) -> None:
    """Let the SQL files read an empty table where the run has none."""
    present = set(present)
    for name in USED:
        if name not in present:
            work.make(name, empty_table(name), view=True)


def prepare(work: Workspace, plan: Plan) -> None:
    """Make every table that the stage's models join."""
    values = plan.values
    for name in ("registered", "household_now", "identity"):
        work.make(name, model_sql(name, **values))
    _register_codes(work, plan)
    for name in ("concept", "practice_data"):
        work.make(name, model_sql(name, **values))
    work.make("recorded", _recorded_sql(plan))
    work.make(
        "no_fixed_abode", model_sql("no_fixed_abode", **values, from_date=months_before(plan.index_date, 12))
    )
    _medicines(work, plan, values)
    _hospital(work, plan, values)
    _activities(work, plan, values)
    work.make("partner_lists", model_sql("partner_lists", **values))


def _register_codes(work: Workspace, plan: Plan) -> None:
    """Tables `code` (one row per concept and SNOMED CT code) and `concept_name` (one row per concept)."""
    placed, names = marks(plan.known), mark_columns(plan.known)
    rows, codes = [], []
    for number, concept in enumerate(plan.known):
        if concept.system != "snomed":
            continue
        mark, bit = placed.get(concept.concept, (0, 0))
        rows.append((number, concept.concept, *(bit if name == f"mark_{mark}" else 0 for name in names)))
        counted = months_before(plan.index_date, concept.window_months) if concept.kind == "count" else NEVER
        low, high = (concept.low or 0.0, concept.high or 0.0)
        listed = load(concept.codes_from, system=concept.system)
        codes += [(code, number, concept.kind == "value", low, high, str(counted)) for code in listed]
    frame = pd.DataFrame(rows, columns=["concept_no", "concept", *names])
    work.register("concept_name", frame.astype({"concept": "str"}))
    listed = pd.DataFrame(codes, columns=["code", "concept_no", "is_value", "low", "high", "counted"])
    work.register("code_listed", listed.astype({"code": "str", "counted": "str"}))
    work.make(
        "code",
        "SELECT code, CAST(concept_no AS SMALLINT) AS concept_no, is_value, low, high, "
        "CAST(counted AS DATE) AS counted_from FROM code_listed",
    )


def _recorded_sql(plan: Plan) -> str:
    facts = {name for asked in plan.derived.asked().values() for name in asked} - set(plan.columns)
    columns = recorded_columns(plan.known, plan.index_date, facts)
    return model_sql("recorded", columns=raw("".join(f",\n    {sql} AS {name}" for name, sql in columns.items())))


def _medicines(work: Workspace, plan: Plan, values: Mapping[str, Any]) -> None:
    """Issues by concept, and repeat medicines."""
    coded = work.read(
        "SELECT DISTINCT bnf_code FROM gp_medication WHERE bnf_code IS NOT NULL "
        f"AND issue_date <= DATE '{plan.index_date}'"
    )["bnf_code"].astype(str)
    lists = {
        number: load(c.codes_from, system="bnf") for number, c in enumerate(plan.known) if c.system == "bnf"
    }
    from_day = {n: months_before(plan.index_date, plan.known[n].window_months or 1) for n in lists}
    rows = [(code, n, str(from_day[n])) for code in sorted(coded) for n in lists if code.startswith(tuple(lists[n]))]
    frame = pd.DataFrame(rows, columns=["bnf_code", "concept_no", "counted"])
    work.register("medicine_listed", frame.astype({"bnf_code": "str", "concept_no": "int64", "counted": "str"}))
    work.make(
        "medicine_code",
        "SELECT bnf_code, CAST(concept_no AS SMALLINT) AS concept_no, CAST(counted AS DATE) AS counted_from "
        "FROM medicine_listed",
    )
    whole = sorted(code for code in coded if len(code) >= SUBSTANCE)
    scope = polypharmacy_scope()
    substances = [(code, code[:SUBSTANCE], in_scope(code, scope)) for code in whole]
    named = pd.DataFrame(substances, columns=["bnf_code", "substance", "in_scope"])
    work.register("substance", named.astype({"bnf_code": "str", "substance": "str", "in_scope": "bool"}))
    for name in ("issued", "medicines"):
        work.make(name, model_sql(name, **values))
    work.make("issued_person", model_sql("issued_person", counts=_pivot(plan.known, "bnf", "issues")))


def _pivot(known: tuple[Concept, ...], system: str, column: str) -> Any:
    counts = other_counts(known, system)
    return raw(
        "".join(f",\n    max({column}) FILTER (WHERE concept_no = {n}) AS {name}" for name, n in counts.items())
    )


def polypharmacy_scope(path: Path | None = None) -> dict[str, bool]:
    """By beginning of a BNF code: does it count as polypharmacy? The longest beginning decides; without one, yes.

    Source: NHS North Central London ICB's exclusions (OGL v3).
    """
    path = path or project_root() / "parameters" / "reference" / "polypharmacy_scope.csv"
    frame = pd.read_csv(path, dtype=str)
    if not frame["in_scope"].isin(["true", "false"]).all() or frame["bnf"].duplicated().any():
        raise InputError(f"{path.name}: one line per beginning of a BNF code, with `in_scope` true or false.")
    return dict(zip(frame["bnf"], frame["in_scope"] == "true", strict=True))


def in_scope(bnf_code: str, scope: Mapping[str, bool]) -> bool:
    """Does a medicine count as polypharmacy?"""
    for length in range(len(bnf_code), 1, -1):
        if bnf_code[:length] in scope:
            return scope[bnf_code[:length]]
    return True


def _hospital(work: Workspace, plan: Plan, values: Mapping[str, Any]) -> None:
    """Episodes as spells, and what their diagnoses say."""
    from phm_utils.persons.diagnoses import charlson_graver, diagnosis_codes

    for name in ("episode", "spell"):
        work.make(name, model_sql(name, **values))
    places = ", ".join(f"({n})" for n in range(1, 21))
    work.make("place", f"SELECT n FROM (VALUES {places}) AS t (n)")
    columns = [f"SELECT DISTINCT diag_{n:02d} AS icd10 FROM episode" for n in range(1, 21)]
    coded = work.read("\nUNION\n".join(columns))["icd10"].dropna().astype(str)
    work.register("diagnosis_code", diagnosis_codes(sorted(coded), plan.known))
    work.register("charlson_graver", charlson_graver())
    rules = [
        (n, "primary" in c.only, "emergency" in c.only, str(months_before(values["stays_to"], c.window_months or 1)))
        for n, c in enumerate(plan.known)
        if c.system == "icd10"
    ]
    frame = pd.DataFrame(rules, columns=["concept_no", "main_only", "emergency_only", "counted"])
    work.register("stay_listed", frame.astype({"counted": "str"}))
    work.make(
        "stay_rule",
        "SELECT concept_no, main_only, emergency_only, CAST(counted AS DATE) AS counted_from FROM stay_listed",
    )
    for name in ("diagnosis", "stayed", "hospital_score"):
        work.make(name, model_sql(name, **values))
    work.make("stayed_person", model_sql("stayed_person", counts=_pivot(plan.known, "icd10", "spells")))
    work.make("emergency_stay", model_sql("emergency_stay", **plan.days("emergency_admissions")))
    work.drop("diagnosis")
    work.drop("episode")


def _activities(work: Workspace, plan: Plan, values: Mapping[str, Any]) -> None:
    """Each activity by person and month, and by person; and adult social care."""
    for activity in ACTIVITIES:
        work.make(activity, model_sql(activity, **values), view=True)
        days = plan.days(activity)
        work.make(f"{activity}_month", model_sql("activity", contacts=raw(activity), **days))
        work.make(f"{activity}_person", model_sql("activity_person", activity=raw(f"{activity}_month")))
    work.make("social_care_service", model_sql("social_care_service", **values))
    year = {"from_date": months_before(plan.index_date, 12), "to_date": plan.index_date}
    work.make("social_care", model_sql("social_care", **year))
    months = pd.period_range(plan.follow_from, plan.index_date, freq="M")
    rows = ", ".join(
        f"(DATE '{m.start_time:%Y-%m-%d}', DATE '{min(m.end_time.date(), plan.index_date)}')" for m in months
    )
    work.make("calendar", f"SELECT month, month_end FROM (VALUES {rows}) AS t (month, month_end)")
    work.make("social_care_month", model_sql("social_care_month"))


def person_sql(plan: Plan) -> str:
    """The model `person`: exactly `plan.columns`, in their order, each of its own type."""
    recorded = [
        f"recorded.{name},"
        for name in recorded_columns(
            plan.known, plan.index_date,
            {name for asked in plan.derived.asked().values() for name in asked} - set(plan.columns),
        )
    ]  # fmt: skip
    recorded += [
        f"coalesce({table}.{name}, 0) AS {name},"
        for system, table in (("bnf", "issued_person"), ("icd10", "stayed_person"))
        for name in other_counts(plan.known, system)
    ]
    scores = score_sql()
    columns = [
        f"CAST({'NULL' if name in plan.missing else scores.get(name, name)} AS {_type(column)}) AS {name}"
        for name, column in plan.columns.items()
    ]
    return model_sql(
        "person",
        recorded=raw("\n        ".join(recorded)),
        rules=raw(plan.derived.rules_sql()),
        columns=raw(",\n    ".join(columns)),
    )


def _type(column: RuleColumn) -> str:
    return "BIGINT" if column.unit == "pence" else TYPES[column.type]
