"""One network: its people, their lives and health, and their tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from phm_utils.synthetic import days, geography
from phm_utils.synthetic.address_lists import make_address_lists
from phm_utils.synthetic.admissions import make_admissions
from phm_utils.synthetic.appointments import make_appointments, make_use
from phm_utils.synthetic.conditions import Health, make_health
from phm_utils.synthetic.contact_notes import ContactNotes, make_contact_notes
from phm_utils.synthetic.contacts import make_community, make_mental_health, make_outpatients, make_social_care
from phm_utils.synthetic.continuing_care import ContinuingCare, make_continuing_care
from phm_utils.synthetic.draws import stream
from phm_utils.synthetic.emergency import Attendances, attendance_rows, make_attendances
from phm_utils.synthetic.facts import Facts, make_facts
from phm_utils.synthetic.geography import Geography
from phm_utils.synthetic.gp_events import make_gp_events
from phm_utils.synthetic.identity import Identities, make_identities
from phm_utils.synthetic.lives import add_life_events
from phm_utils.synthetic.medicines import make_medicines
from phm_utils.synthetic.names import Names, make_names
from phm_utils.synthetic.partners import make_partner_lists
from phm_utils.synthetic.people import People, make_people
from phm_utils.synthetic.programmes import Enrolments, enrolment_rows
from phm_utils.synthetic.registrations import make_deaths, make_registrations
from phm_utils.synthetic.rows import Rows

STALE_PRACTICE, STALE_FROM = "A99003", date(2024, 10, 31)  # its GP extract ends here, its registrations do not


@dataclass(frozen=True)
class Network:
    """One simulated network before its tables are drawn."""

    county: Geography
    people: People
    health: Health
    facts: Facts
    use: np.ndarray
    identities: Identities
    attendances: Attendances
    enrolments: Enrolments
    care: ContinuingCare
    notes: ContactNotes
    names: Names | None  # only where an identified extract is asked for
    practices: np.ndarray  # codes, as `people.practice` counts them

    def gp_last(self) -> np.ndarray:
        """Last day of each person in the GP extract."""
        stale = np.append(self.practices == STALE_PRACTICE, False)
        mine = stale[np.minimum(self.people.practice, len(self.practices))]
        cut = np.where(mine, days.day(STALE_FROM), days.DAYS - 1)
        return np.minimum(self.people.last, cut).astype(np.int16)

    def list_sizes(self) -> dict[str, int]:
        """People registered with each practice on the index date."""
        people = self.people
        current = people.registered & (people.last >= days.INDEX_DAY) & (people.first <= days.INDEX_DAY)
        sizes = np.bincount(people.practice[current], minlength=len(self.practices))
        return dict(zip(self.practices.tolist(), sizes.tolist(), strict=True))


def make_network(seed: int, pcn: int, registered: int, *, named: bool = False) -> Network:
    """People with their homes, lives, health, identities and emergencies; with names where `named`."""
    county = geography.geography(seed, pcn)
    people = make_people(stream(seed, pcn, "people"), county, pcn, registered)
    add_life_events(stream(seed, pcn, "lives"), people, registered)
    health = make_health(stream(seed, pcn, "health"), people)
    facts = make_facts(stream(seed, pcn, "facts"), people, health)
    use = make_use(stream(seed, pcn, "use"), people, health)
    identities = make_identities(stream(seed, pcn, "identities"), people, seed)
    attendances, enrolments = make_attendances(stream(seed, pcn, "ecds_attendance"), people, health)
    care = make_continuing_care(stream(seed, pcn, "continuing_care"), people, health)
    notes = make_contact_notes(stream(seed, pcn, "contact_notes"), people, health)
    names = make_names(stream(seed, pcn, "names"), people) if named else None
    practices = county.practice_code[county.practices_of(pcn)]
    return Network(
        county, people, health, facts, use, identities, attendances, enrolments, care, notes, names, practices
    )


def make_tables(seed: int, network: Network) -> Iterator[tuple[str, Rows]]:
    """The tables one after another, so that only one is in memory."""
    people, health, facts, use, last = network.people, network.health, network.facts, network.use, network.gp_last()

    def rng(subject: str) -> np.random.Generator:
        return stream(seed, people.pcn, subject)

    registrations = make_registrations(rng("gp_registration"), people, len(network.practices))
    network.notes.add_to(registrations)
    yield "gp_registration", registrations
    yield "gp_event", make_gp_events(rng("gp_event"), people, facts, use, last)
    yield "gp_medication", make_medicines(rng("gp_medication"), people, facts, use, last)
    yield "gp_appointment", make_appointments(rng("gp_appointment"), people, use, last)
    yield "ecds_attendance", attendance_rows(rng("ecds_rows"), people, health, network.attendances)
    yield "programme_enrolment", enrolment_rows(people, network.enrolments)
    yield "apc_episode", make_admissions(rng("apc_episode"), rng("diagnoses"), people, facts, use, network.attendances)
    yield "op_attendance", make_outpatients(rng("op_attendance"), people, health, use)
    yield "csds_contact", make_community(rng("csds_contact"), people, health)
    yield (
        "mhsds_contact",
        make_mental_health(rng("mhsds_contact"), rng("continuing_contacts"), people, health, network.care),
    )
    yield "asc_event", make_social_care(rng("asc_event"), people, health)
    yield "partner_list", make_partner_lists(rng("partner_list"), people, health)
    addresses = len(network.identities.address_token)
    yield "address_list", make_address_lists(rng("address_list"), people, facts, network.county, addresses)
    yield "death", make_deaths(rng("death"), people, health)
