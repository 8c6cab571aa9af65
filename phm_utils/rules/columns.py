"""Columns that rules may use: names, types, units, allowed words, and the tables that each needs.

These come straight from the extracts and code lists; facts are for registers
and scores only. `derived` adds the columns of registers and scores.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from phm_utils.errors import InputError
from phm_utils.rules.concepts import SOURCE_TABLE, Concept
from phm_utils.rules.groups import AGE_BANDS, ETHNIC_GROUPS, SEXES
from phm_utils.tables import CONTACT_PREFERENCES

ColumnType = Literal["text", "int", "float", "bool", "date"]


@dataclass(frozen=True)
class RuleColumn:
    """One column of `person`, or one fact.

    needs: input tables without which the whole column is null.
    also_from: further tables whose content can change a value.
    words: every value of a text column, where there is a closed list.
    title: its name for a reader.
    concept: the concept whose records it is made from, if it is one.
    """

    name: str
    type: ColumnType
    title: str
    unit: str | None = None
    words: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    concept: str | None = None
    also_from: tuple[str, ...] = ()

    @property
    def draws_on(self) -> tuple[str, ...]:
        """Every table of the extract whose content can change a value: the registrations first.

        Who a row is about is taken as given: with `phm link` that rests on the identities of every source.
        """
        return tuple(dict.fromkeys(("gp_registration", *self.needs, *self.also_from)))


NOT_RECORDED = "Not recorded"
SETTINGS = ("Nursing", "Residential", "Community", "Short term", "None")
GP_CODES = ("gp_event",)
KEYS = ("person_id", "person_no")

# Activity and the table that it is counted from.
ACTIVITIES: dict[str, tuple[str, str]] = {
    "gp_appointments": ("GP appointments attended", "gp_appointment"),
    "ed_attendances": ("Emergency department attendances", "ecds_attendance"),
    "emergency_admissions": ("Emergency admissions", "apc_episode"),
    "other_admissions": ("Planned and other admissions", "apc_episode"),
    "op_attendances": ("Outpatient attendances", "op_attendance"),
    "community_contacts": ("Community care contacts", "csds_contact"),
    "mental_health_contacts": ("Mental health contacts", "mhsds_contact"),
}
# Cost by setting, and the tables that it is counted from. Their sum is cost_pence_12m.
COSTS: dict[str, tuple[str, str]] = {
    "gp": ("GP appointments", "gp_appointment"),
    "ed": ("Emergency departments", "ecds_attendance"),
    "emergency": ("Emergency admissions", "apc_episode"),
    "other_admissions": ("Planned and other admissions", "apc_episode"),
    "op": ("Outpatients", "op_attendance"),
    "community": ("Community care", "csds_contact"),
    "mental_health": ("Mental health care", "mhsds_contact"),
    "social_care": ("Adult social care", "asc_event"),
}
CONTACTS = tuple(dict.fromkeys(table for _, table in ACTIVITIES.values()))
COSTED = tuple(dict.fromkeys(table for _, table in COSTS.values()))
# Domains of council and voluntary-sector flags (partner_list.flag) that have a column of their own.
FLAGS: dict[str, str] = {
    "mobility": "flagged for mobility or isolation",
    "income": "flagged for low income",
    "housing": "flagged for housing need",
    "food": "flagged for food or fuel need",
    "caring": "flagged as a carer",
}

# A household is everybody of an address who is alive and registered in the ICS; what one of them is flagged for may
# hold for all.
HOUSEHOLD_FROM = ("death", "practice")
SHARED_FLAGS = ("income", "housing", "food")

_PLACE_COLUMNS = (
    RuleColumn("practice_code", "text", "GP practice"),
    RuleColumn("pcn_code", "text", "Primary Care Network", also_from=("practice",)),
    RuleColumn("lsoa", "text", "LSOA of residence"),
    RuleColumn("resident", "text", "Country of residence", words=("England", "Wales", "Not known")),
    RuleColumn("imd_decile", "int", "IMD decile, 1 most deprived", needs=("area",)),
    RuleColumn("imd_quintile", "int", "IMD quintile, 1 most deprived", needs=("area",)),
    RuleColumn("core20", "bool", "lives in the most deprived 20% of England", needs=("area",)),
    RuleColumn("rural_urban", "text", "Urban or rural", words=("Urban", "Rural"), needs=("area",)),
)
_PERSON_COLUMNS = (
    RuleColumn("sex", "text", "Sex", words=SEXES),
    RuleColumn("age", "int", "Age", unit="completed years"),
    RuleColumn("age_band", "text", "Age band", words=AGE_BANDS),
    RuleColumn("ethnic_group", "text", "Ethnic group", words=ETHNIC_GROUPS),
    RuleColumn("household_token", "text", "Household pseudonym"),
    RuleColumn("household_size", "int", "People in the household", unit="people", also_from=HOUSEHOLD_FROM),
    RuleColumn("probable_care_home", "bool", "lives in a probable care home", also_from=HOUSEHOLD_FROM),
    RuleColumn("no_fixed_abode", "bool", "signals of no fixed abode", needs=GP_CODES, also_from=("ecds_attendance",)),
    RuleColumn("registered_from", "date", "First day registered"),
    RuleColumn("contact_preference", "text", "How the person asks to be reached", words=CONTACT_PREFERENCES),
)


def concept_columns(concept: Concept) -> tuple[RuleColumn, ...]:
    """Columns of `person` that one concept gives, or facts where `in_person` is false. A status gives none.

    >>> asthma = Concept(concept="asthma", title="Asthma", kind="condition")
    >>> [column.name for column in concept_columns(asthma)]
    ['asthma']
    """
    needs, name = (SOURCE_TABLE[concept.system],), concept.concept
    title = concept.title
    match concept.kind:
        case "condition":
            return (RuleColumn(concept.concept, "bool", title, needs=needs, concept=name),)
        case "value":
            months = RuleColumn(
                f"{concept.concept}_months_ago",
                "int",
                f"{title}, completed months ago",
                "months",
                needs=needs,
                concept=name,
            )
            return RuleColumn(concept.concept, "float", title, concept.unit, needs=needs, concept=name), months
        case "count":
            window = f"{title}, {concept.window_months} months"
            return (RuleColumn(count_column(concept), "int", window, needs=needs, concept=name),)
        case "vaccination":
            given = RuleColumn(vaccinated_column(concept.concept), "bool", title, needs=needs, concept=name)
            return given, RuleColumn(f"{given.name}_on", "date", f"{title}, last given", needs=needs, concept=name)
    return ()


def count_column(concept: Concept) -> str:
    """The column of a count: lithium_medicines in 6 months becomes lithium_medicines_6m.

    >>> lithium = Concept(concept="lithium_medicines", title="Lithium", kind="count", system="bnf", window_months=6)
    >>> count_column(lithium)
    'lithium_medicines_6m'
    """
    return f"{concept.concept}_{concept.window_months}m"


def vaccinated_column(concept: str) -> str:
    """The column of a vaccination: covid_vaccination becomes covid_vaccinated.

    >>> vaccinated_column("covid_vaccination")
    'covid_vaccinated'
    """
    return concept.removesuffix("_vaccination") + "_vaccinated"


def status_families(known: tuple[Concept, ...]) -> dict[str, list[Concept]]:
    """The concepts of kind status by family, in the order of the file.

    >>> status = {"kind": "status", "family": "smoking_status", "word": "Current"}
    >>> list(status_families((Concept(concept="smoker", title="Smoker", **status),)))
    ['smoking_status']
    """
    found: dict[str, list[Concept]] = {}
    for concept in known:
        if concept.kind == "status":
            found.setdefault(str(concept.family), []).append(concept)
    return found


def recorded_columns(known: tuple[Concept, ...]) -> tuple[RuleColumn, ...]:
    """Every column of `person` that code lists give, and `n_conditions`.

    >>> asthma = Concept(concept="asthma", title="Asthma", kind="condition")
    >>> [column.name for column in recorded_columns((asthma,))]
    ['asthma', 'n_conditions']
    """
    kept = [c for c in known if c.in_person]
    conditions = [column for c in kept if c.kind == "condition" for column in concept_columns(c)]
    total = RuleColumn("n_conditions", "int", "Long-term conditions", "conditions", needs=GP_CODES)
    statuses = [
        RuleColumn(
            name,
            "text",
            name.replace("_", " ").capitalize(),
            words=(*dict.fromkeys(str(c.word) for c in members), NOT_RECORDED),
            needs=GP_CODES,
        )
        for name, members in status_families(known).items()
    ]
    others = [column for c in kept if c.kind != "condition" for column in concept_columns(c)]
    return (*conditions, total, *statuses, *others)


def fact_columns(known: tuple[Concept, ...]) -> dict[str, RuleColumn]:
    """Facts about concepts that registers and scores may use as well as the columns of `person`, by name.

    Days are those of the first and the last entry up to the index date; of
    gp_event alone. Months and years are completed ones.

    >>> asthma = Concept(concept="asthma", title="Asthma", kind="condition")
    >>> list(fact_columns((asthma,)))[:2]
    ['asthma_first', 'asthma_last']
    """
    found = [column for c in known if not c.in_person for column in concept_columns(c)]
    for concept in (c for c in known if c.system == "snomed" and c.kind != "value"):
        name, title = concept.concept, concept.title
        found += [
            RuleColumn(f"{name}_first", "date", f"{title}, first recorded", needs=GP_CODES),
            RuleColumn(f"{name}_last", "date", f"{title}, last recorded", needs=GP_CODES),
            RuleColumn(
                f"{name}_first_months", "int", f"{title}, months since first recorded", "months", needs=GP_CODES
            ),
            RuleColumn(f"{name}_last_months", "int", f"{title}, months since last recorded", "months", needs=GP_CODES),
            RuleColumn(f"{name}_first_age", "int", f"{title}, age when first recorded", "years", needs=GP_CODES),
        ]
    return by_name(found)


def _usage_columns() -> tuple[RuleColumn, ...]:
    counts = [
        RuleColumn(f"{name}{span}", "int", f"{title}, {words}", needs=(table,), concept=name)
        for name, (title, table) in ACTIVITIES.items()
        for span, words in (("_12m", "12 months"), ("_prior_12m", "the 12 months before"))
    ]
    costs = [
        RuleColumn(cost_column(name), "int", f"Cost of {_in_words(title)}, 12 months", "pence", needs=(table,))
        for name, (title, table) in COSTS.items()
    ]
    return (
        RuleColumn("repeat_medicines", "int", "Repeat medicines in 90 days", "substances", needs=("gp_medication",)),
        RuleColumn(
            "polypharmacy_medicines", "int", "Repeat medicines that count as polypharmacy", "substances",
            needs=("gp_medication",),
        ),
        RuleColumn("polypharmacy", "bool", "5 or more repeat medicines", needs=("gp_medication",)),
        RuleColumn("severe_polypharmacy", "bool", "10 or more repeat medicines", needs=("gp_medication",)),
        *counts,
        RuleColumn("emergency_bed_days_12m", "int", "Emergency bed days, 12 months", "nights", needs=("apc_episode",)),
        *costs,
        RuleColumn("cost_pence_12m", "int", "Cost of all settings, 12 months", "pence", needs=COSTED),
        RuleColumn("asc_open", "bool", "an adult social care service is open", needs=("asc_event",)),
        RuleColumn("asc_setting", "text", "Adult social care setting", words=SETTINGS, needs=("asc_event",)),
        RuleColumn("partner_lists", "int", "Partner lists naming the person", "lists", needs=("partner_list",)),
        *_flag_columns(),
        RuleColumn("last_contact", "date", "Last contact of any kind", also_from=CONTACTS),
        # Of everybody whom the practice had in the years of follow-up, those excepted who had died before.
        RuleColumn("gp_data_to", "date", "Last GP entry of the practice", needs=GP_CODES, also_from=("death",)),
    )  # fmt: skip


def _flag_columns() -> tuple[RuleColumn, ...]:
    listed = ("partner_list",)
    flags = (
        RuleColumn(
            f"flag_{name}", "bool", title, needs=listed, also_from=HOUSEHOLD_FROM if name in SHARED_FLAGS else ()
        )
        for name, title in FLAGS.items()
    )
    domains = RuleColumn(
        "flag_domains", "int", "Domains of partner flags", "domains", needs=listed, also_from=HOUSEHOLD_FROM
    )
    return (*flags, domains)


def _in_words(title: str) -> str:
    """A title within a sentence; an abbreviation keeps its capitals."""
    return title if title[:2].isupper() else title[0].lower() + title[1:]


def cost_column(setting: str) -> str:
    """The column of a setting's cost.

    >>> cost_column("gp")
    'cost_gp_pence_12m'
    """
    return f"cost_{setting}_pence_12m"


def base_columns(known: tuple[Concept, ...]) -> dict[str, RuleColumn]:
    """The columns of `person` that need no other column, by name, in the table's order.

    Raises InputError where a concept would make a column that already exists.

    >>> base_columns(())["age"].unit
    'completed years'
    """
    return by_name((*_PLACE_COLUMNS, *_PERSON_COLUMNS, *recorded_columns(known), *_usage_columns()))


def by_name(columns: Iterable[RuleColumn]) -> dict[str, RuleColumn]:
    """Columns by name, each name once: a second column of the same name is refused.

    >>> list(by_name([RuleColumn("age", "int", "Age"), RuleColumn("sex", "text", "Sex")]))
    ['age', 'sex']
    """
    found: dict[str, RuleColumn] = {}
    for column in columns:
        if column.name in found or column.name in KEYS:
            raise InputError(
                f"`{column.name}` ({column.title}) would be a column of `person` twice. Rename the concept in "
                "concepts.csv, its family, or the register."
            )
        found[column.name] = column
    return found
