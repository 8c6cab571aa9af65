"""What rules can ask of events: concepts of code lists, activities, signals, partners' lists and programmes."""

from dataclasses import dataclass

from phm_utils.rules.columns import ACTIVITIES
from phm_utils.rules.concepts import SOURCE_TABLE, Concept
from phm_utils.rules.event_windows import BORN

PARTNER_LIST, ADDRESS_LIST, PROGRAMME = "partner_list", "address_list", "programme"


@dataclass(frozen=True)
class EventConcept:
    """One kind of event in `person_event`.

    value: what an event's value is, in words with its unit; empty where it has none.
    amount: can values be added? They are whole numbers then. coded: do events have a code?
    also_from: tables besides `table` that say whose event it is.
    """

    name: str
    title: str
    table: str
    value: str = ""
    amount: bool = False
    coded: bool = True
    also_from: tuple[str, ...] = ()

    @property
    def draws_on(self) -> tuple[str, ...]:
        """Every table whose content decides on the events."""
        return self.table, *self.also_from


# Signals of no fixed abode that other sources than GP codes give, and the events that come with a person.
_SIGNALS = (
    EventConcept(
        "no_fixed_abode_address", "Registered with the postcode of no fixed abode", "gp_registration", coded=False
    ),
    EventConcept("no_fixed_abode_ecds", "No fixed abode at an emergency department", "ecds_attendance"),
    EventConcept("no_fixed_abode_mhsds", "Homeless or of no fixed abode in mental health care", "mhsds_contact"),
)
_OTHERS = (
    EventConcept(PARTNER_LIST, "On a partner's list", "partner_list"),
    # Of everybody who lives there, by the addresses of the practices.
    EventConcept(ADDRESS_LIST, "At an address on a list", "address_list", also_from=("gp_registration",)),
    EventConcept(PROGRAMME, "Enrolled in a programme", "programme_enrolment"),
    EventConcept(BORN, "Month of birth", "gp_registration", coded=False),
)
NIGHTS = {"emergency_admissions": "nights in hospital", "other_admissions": "nights in hospital"}
VALUES = {"snomed": "", "bnf": "days supplied", "icd10": "nights in hospital"}


def event_concepts(known: tuple[Concept, ...]) -> dict[str, EventConcept]:
    """Every kind of event by name, in the order: code lists, activities, signals, others.

    >>> asthma = Concept(concept="asthma", title="Asthma", kind="condition")
    >>> list(event_concepts((asthma,)))[:2]
    ['asthma', 'gp_appointments']
    """
    coded = [
        EventConcept(
            c.concept,
            c.title,
            SOURCE_TABLE[c.system],
            (c.unit or "value") if c.kind == "value" else VALUES[c.system],
            c.system in ("bnf", "icd10"),
        )
        for c in known
    ]
    activities = [
        EventConcept(n, title, table, NIGHTS.get(n, ""), n in NIGHTS, coded=False)
        for n, (title, table) in ACTIVITIES.items()
    ]
    return {c.name: c for c in (*coded, *activities, *_SIGNALS, *_OTHERS)}
