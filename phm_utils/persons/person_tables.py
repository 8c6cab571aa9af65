"""The tables that person.sql joins, made one by one, and the SQL of `person`."""

from collections.abc import Iterable

import pandas as pd

from phm_utils.engine import Workspace
from phm_utils.engine.sql_files import raw, sql_file
from phm_utils.persons.derivations import counts_of, score_sql
from phm_utils.persons.hospital_diagnoses import make_diagnoses
from phm_utils.persons.medicines import make_medicines
from phm_utils.persons.person_plan import Plan
from phm_utils.persons.windows import SOCIAL_CARE
from phm_utils.rules.columns import ACTIVITIES, RuleColumn
from phm_utils.rules.groups import FIVE_YEARS, ethnic_group_sql
from phm_utils.rules.months import months_before
from phm_utils.tables import TABLES

FAR_DAY = "9999-12-31"
INPUT_TABLES = (
    *("gp_event", "gp_medication", "gp_appointment", "apc_episode", "ecds_attendance", "op_attendance"),
    *(
        "csds_contact",
        "mhsds_contact",
        "asc_event",
        "partner_list",
        "address_list",
        "programme_enrolment",
        "death",
        "area",
    ),
)
TYPES = {"text": "VARCHAR", "int": "INTEGER", "float": "DOUBLE", "bool": "BOOLEAN", "date": "DATE"}


def make_empty_tables(work: Workspace, present: Iterable[str]) -> None:
    """Make an empty table for each input table that the run lacks, so that the SQL files can read it."""
    present = set(present)
    for name in INPUT_TABLES:
        if name not in present:
            work.make(name, TABLES[name].empty_sql(), view=True)


def make_people(work: Workspace, plan: Plan) -> None:
    """Everybody in follow-up, and their recorded concepts."""
    for name in ("registered", "current_household", "identity"):
        work.make(name, sql_file("persons", name, **plan.values))
    _register_codes(work, plan)
    _register_rules(work, plan)
    in_window = (
        "count(*) FILTER (WHERE gp_event.event_date >= code.counted_from)" if plan.recorded.of_kind("count") else "0"
    )
    values = {"converted": plan.units.sql(rounded=False), "rounded": plan.units.sql(rounded=True)}
    work.make("concept", sql_file("persons", "concept", **plan.values, **values, counted=raw(in_window)))


def _register_codes(work: Workspace, plan: Plan) -> None:
    """Tables `code` (one row per concept and SNOMED CT code) and `concept_name` (one row per concept)."""
    numbered = [(n, c) for n, c in enumerate(plan.known) if c.system == "snomed"]
    names = pd.DataFrame([(n, c.concept) for n, c in numbered], columns=["concept_no", "concept"])
    work.register("concept_name", names.astype({"concept_no": "int64", "concept": "str"}))
    rows = [
        (code, n, c.kind == "value", c.low or 0.0, c.high or 0.0,
         str(plan.recorded.first_day(c)) if c.kind == "count" else FAR_DAY)
        for n, c in numbered
        for code in plan.codes[c.codes_from]
    ]  # fmt: skip
    listed = pd.DataFrame(rows, columns=["code", "concept_no", "is_value", "low", "high", "counted"])
    work.register("code_text", listed.astype({"code": "str", "counted": "str"}))
    work.make(
        "code",
        "SELECT code, CAST(concept_no AS INTEGER) AS concept_no, is_value, low, high, "
        "CAST(counted AS DATE) AS counted_from FROM code_text",
    )


def _register_rules(work: Workspace, plan: Plan) -> None:
    """The rules of each concept: `condition_mark`, `resolution`, `value_rule`, `dated_concept`."""
    recorded = plan.recorded
    columns = ["concept_no", "recorded", *recorded.bit_columns]
    conditions = [
        (n, str(recorded.first_day(c)), *(recorded.bits[c.concept][1] * (recorded.bits[c.concept][0] == column)
                                          for column in recorded.bit_columns))
        for n, c in recorded.of_kind("condition")
    ]  # fmt: skip
    listed = {"condition": (conditions, columns)}
    listed["value"] = ([(n, str(recorded.first_day(c))) for n, c in recorded.of_kind("value")], columns[:2])
    for name, made in (("condition", "condition_mark"), ("value", "value_rule")):
        frame = pd.DataFrame(listed[name][0], columns=listed[name][1])
        work.register(f"{name}_text", frame.astype({c: "str" if c == "recorded" else "int64" for c in frame}))
        rest = "".join(f", {c}" for c in frame if c.startswith("mark_"))
        work.make(made, f"SELECT concept_no{rest}, CAST(recorded AS DATE) AS recorded_from FROM {name}_text")
    ends = [(recorded.number(end), n) for n, c in recorded.of_kind("condition") for end in c.resolved_by]
    work.register("resolution", pd.DataFrame(ends, columns=["concept_no", "condition_no"]).astype("int64"))
    work.register("dated_concept", pd.DataFrame({"concept_no": recorded.dated_concepts}).astype("int64"))


def make_recorded(work: Workspace, plan: Plan) -> None:
    """Concepts as columns: `recorded`; the last day of each practice's data; and signals of no fixed abode."""
    recorded = plan.recorded
    bits = {column: f"bit_or(condition_mark.{column})" for column in recorded.bit_columns}
    latest = {
        c.concept: f"max(concept.latest) FILTER (WHERE concept.concept_no = {n})" for n, c in recorded.of_kind("value")
    }
    work.make("condition_bits", sql_file("persons", "condition_bits", marks=_more_columns(bits)), view=True)
    work.make("latest_values", sql_file("persons", "latest_values", values=_more_columns(latest)), view=True)
    work.make(
        "concept_dates", sql_file("persons", "concept_dates", dates=_more_columns(recorded.date_aggregates)), view=True
    )
    work.make("recorded", sql_file("persons", "recorded", columns=_more_columns(recorded.columns())), view=True)
    work.make("practice_data", sql_file("persons", "practice_data"))
    year = {"from_date": months_before(plan.index_date, 12)}
    work.make("no_fixed_abode", sql_file("persons", "no_fixed_abode", **plan.values, **year))


def make_activity(work: Workspace, plan: Plan) -> None:
    """Medicines, hospital spells, contacts, social care and partner lists of everybody in follow-up."""
    values = plan.values
    make_medicines(work, plan)
    for name in ("episode", "spell"):
        work.make(name, sql_file("persons", name, **values))
    make_diagnoses(work, plan)
    work.drop("episode")
    for system, made, counted in (("bnf", "medicine", "issues"), ("icd10", "spell", "spells")):
        counts = {
            name: f"max({counted}) FILTER (WHERE concept_no = {n})" for name, n in counts_of(plan.known, system).items()
        }
        work.make(f"{made}_columns", sql_file("persons", f"{made}_columns", counts=_more_columns(counts)), view=True)
    work.make("emergency_bed_days", sql_file("persons", "emergency_bed_days", **plan.days("emergency_admissions")))
    for activity in ACTIVITIES:
        work.make(activity, sql_file("persons", activity, **values), view=True)
        work.make(f"{activity}_person", sql_file("persons", "activity", contacts=raw(activity), **plan.days(activity)))
    work.make("social_care_service", sql_file("persons", "social_care_service", **values))
    work.make("social_care", sql_file("persons", "social_care", **plan.days(SOCIAL_CARE)))
    work.make("partner_lists", sql_file("persons", "partner_lists", **values))


def make_calendar(work: Workspace, plan: Plan) -> None:
    """The whole months of follow-up, and social care by month."""
    months = pd.period_range(plan.follow_from, plan.index_date, freq="M")
    rows = ", ".join(
        f"({m.year * 12 + m.month}, DATE '{m.start_time:%Y-%m-%d}', DATE '{min(m.end_time.date(), plan.index_date)}')"
        for m in months
        if m.start_time.date() >= plan.follow_from
    )
    work.make("calendar", f"SELECT month_no, month, month_end FROM (VALUES {rows}) AS t (month_no, month, month_end)")
    work.make("social_care_month", sql_file("persons", "social_care_month"))


def person_sql(plan: Plan) -> str:
    """The model `person`: exactly `plan.columns`, in their order, each of its own type."""
    recorded = [f"recorded.{name}," for name in plan.recorded.columns()]
    recorded += [
        f"coalesce({table}.{name}, 0) AS {name},"
        for system, table in (("bnf", "medicine_columns"), ("icd10", "spell_columns"))
        for name in counts_of(plan.known, system)
    ]
    scores = score_sql()
    columns = [
        f"CAST({'NULL' if name in plan.missing else scores.get(name, name)} AS {_type(column)}) AS {name}"
        for name, column in plan.columns.items()
    ]
    return sql_file(
        "persons",
        "person",
        age_band=raw(FIVE_YEARS.sql("registered.age")),
        ethnic_group=raw(ethnic_group_sql("registered.ethnicity")),
        recorded=raw("\n        ".join(recorded)),
        rules=raw(plan.derived.rules_sql()),
        columns=raw(",\n    ".join(columns)),
    )


def _type(column: RuleColumn) -> str:
    return "BIGINT" if column.unit == "pence" else TYPES[column.type]


def _more_columns(columns: dict[str, str]) -> str:
    """Further columns of a SELECT, after the first."""
    return raw("".join(f",\n    {sql} AS {name}" for name, sql in columns.items()))
