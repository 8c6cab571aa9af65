"""The columns of the `person` table: what a rule may ask about, and what each needs.

One home for their names, types, units and allowed words: the persons stage
makes exactly these, the rule compiler knows no others, and the table of what
was left out follows `needs`.
"""

from dataclasses import dataclass
from typing import Literal

from phm_utils.rules.codelists import Concept, concepts

ColumnType = Literal["text", "int", "float", "bool", "date"]


@dataclass(frozen=True)
class RuleColumn:
    """One column of `person`.

    needs: input tables without which the whole column is null.
    words: every value of a text column that has a closed list of them.
    title: how a reader would name it.
    """

    name: str
    type: ColumnType
    title: str
    unit: str | None = None
    words: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


AGE_BANDS = (*(f"{low}-{low + 4}" for low in range(0, 90, 5)), "90+")
ETHNIC_GROUPS = ("White", "Mixed", "Asian", "Black", "Other", "Not stated", "Not known")
SEXES = ("Male", "Female", "Other or not known")
SMOKING = ("Current", "Ex", "Never", "Not recorded")
GP_CODES = ("gp_event",)

# Activity and the table that it is counted from.
ACTIVITIES: dict[str, tuple[str, str]] = {
    "gp_appointments": ("GP appointments attended", "gp_appointment"),
    "ed_attendances": ("Emergency department attendances", "ecds_attendance"),
    "emergency_admissions": ("Emergency admissions", "apc_episode"),
    "op_attendances": ("Outpatient attendances", "op_attendance"),
    "community_contacts": ("Community care contacts", "csds_contact"),
    "mental_health_contacts": ("Mental health contacts", "mhsds_contact"),
}
COSTED = ("gp_appointment", "ecds_attendance", "apc_episode", "csds_contact", "mhsds_contact")

_PLACE = (
    RuleColumn("practice_code", "text", "GP practice"),
    RuleColumn("pcn_code", "text", "Primary Care Network"),
    RuleColumn("lsoa", "text", "LSOA of residence"),
    RuleColumn("resident", "text", "Country of residence", words=("England", "Wales", "Not known")),
    RuleColumn("imd_decile", "int", "IMD decile, 1 most deprived", needs=("area",)),
    RuleColumn("imd_quintile", "int", "IMD quintile, 1 most deprived", needs=("area",)),
    RuleColumn("core20", "bool", "lives in the most deprived 20% of England", needs=("area",)),
    RuleColumn("rural_urban", "text", "Urban or rural", words=("Urban", "Rural"), needs=("area",)),
)
_WHO = (
    RuleColumn("sex", "text", "Sex", words=SEXES),
    RuleColumn("age", "int", "Age", unit="completed years"),
    RuleColumn("age_band", "text", "Age band", words=AGE_BANDS),
    RuleColumn("ethnic_group", "text", "Ethnic group", words=ETHNIC_GROUPS),
    RuleColumn("household_token", "text", "Household pseudonym"),
    RuleColumn("household_size", "int", "People in the household", unit="people"),
    RuleColumn("probable_care_home", "bool", "lives in a probable care home"),
    RuleColumn("no_fixed_abode", "bool", "signals of no fixed abode", needs=GP_CODES),
    RuleColumn("registered_from", "date", "First day registered"),
)


def condition_columns(known: tuple[Concept, ...]) -> tuple[RuleColumn, ...]:
    """One yes-or-no column for each concept of kind condition."""
    return tuple(RuleColumn(c.concept, "bool", c.title, needs=GP_CODES) for c in known if c.kind == "condition")


def _measured(known: tuple[Concept, ...]) -> tuple[RuleColumn, ...]:
    values = [
        column
        for c in known
        if c.kind == "value"
        for column in (
            RuleColumn(c.concept, "float", c.title, c.unit, needs=GP_CODES),
            RuleColumn(f"{c.concept}_months_ago", "int", f"{c.title}, completed months ago", "months", needs=GP_CODES),
        )
    ]
    events = [RuleColumn(event_column(c.concept), "bool", c.title, needs=GP_CODES) for c in known if c.kind == "event"]
    smoking = RuleColumn("smoking_status", "text", "Smoking status", words=SMOKING, needs=GP_CODES)
    return (*values, smoking, *events)


def event_column(concept: str) -> str:
    """The column of an event concept: covid_vaccination becomes covid_vaccinated."""
    return concept.removesuffix("_vaccination") + "_vaccinated" if concept.endswith("_vaccination") else concept


def _used() -> tuple[RuleColumn, ...]:
    counts = [
        RuleColumn(f"{name}{span}", "int", f"{title}, {words}", needs=(table,))
        for name, (title, table) in ACTIVITIES.items()
        for span, words in (("_12m", "12 months"), ("_prior_12m", "the 12 months before"))
    ]
    return (
        RuleColumn("repeat_medicines", "int", "Repeat medicines in 90 days", "substances", needs=("gp_medication",)),
        *counts,
        RuleColumn("emergency_bed_days_12m", "int", "Emergency bed days, 12 months", "nights", needs=("apc_episode",)),
        RuleColumn("cost_pence_12m", "int", "Cost, 12 months", "pence", needs=COSTED),
        RuleColumn("partner_lists", "int", "Partner lists naming the person", "lists", needs=("partner_list",)),
        RuleColumn("asc_open", "bool", "an adult social care service is open", needs=("asc_event",)),
    )


def person_columns(known: tuple[Concept, ...] | None = None) -> dict[str, RuleColumn]:
    """Every column of `person` besides person_id, by name, in the table's order.

    known: the concepts; those of parameters/concepts.csv by default.
    """
    known = concepts() if known is None else known
    total = RuleColumn("n_conditions", "int", "Long-term conditions", "conditions", needs=GP_CODES)
    columns = (*_PLACE, *_WHO, *condition_columns(known), total, *_measured(known), *_used())
    return {c.name: c for c in columns}
