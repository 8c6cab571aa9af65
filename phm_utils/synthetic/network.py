"""Everything of one network, in the order in which it comes about."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from phm_utils.synthetic import days, geography
from phm_utils.synthetic.admissions import make_admissions
from phm_utils.synthetic.appointments import make_appointments, make_use
from phm_utils.synthetic.conditions import Health, make_health
from phm_utils.synthetic.contacts import make_community, make_mental_health, make_outpatients, make_social_care
from phm_utils.synthetic.draws import NULL, Coded, stream
from phm_utils.synthetic.emergency import attendance_rows, make_attendances
from phm_utils.synthetic.geography import Geography
from phm_utils.synthetic.gp_events import make_gp_events
from phm_utils.synthetic.identity import Identities, make_identities
from phm_utils.synthetic.lives import live
from phm_utils.synthetic.medicines import make_medicines
from phm_utils.synthetic.partners import make_partner_lists
from phm_utils.synthetic.people import NO_PLACE, People, make_people
from phm_utils.synthetic.programmes import enrolment_rows
from phm_utils.synthetic.registrations import make_deaths, make_registrations
from phm_utils.synthetic.rows import Dates, Rows
from phm_utils.synthetic.writing import FileFormat, write_rows
from phm_utils.tables import TABLES, Form

STALE_PRACTICE, STALE_FROM = "A99003", date(2024, 10, 31)  # its GP extract ends here, its registrations do not


@dataclass(frozen=True)
class Task:
    """What a worker is told."""

    root: Path
    seed: int
    pcn: int
    registered: int
    forms: tuple[Form, ...]
    file_format: FileFormat


@dataclass(frozen=True)
class Network:
    """One simulated network before its tables are drawn."""

    county: Geography
    people: People
    health: Health
    use: np.ndarray
    identities: Identities
    practices: np.ndarray  # codes, as `people.practice` counts them

    def gp_last(self) -> np.ndarray:
        """Last day that the GP extract holds of each person."""
        stale = np.append(self.practices == STALE_PRACTICE, False)
        mine = stale[np.minimum(self.people.practice, len(self.practices))]
        cut = np.where(mine, days.day(STALE_FROM), days.DAYS - 1)
        return np.minimum(self.people.last, cut).astype(np.int16)


def make_network(seed: int, pcn: int, registered: int) -> Network:
    """People with their homes, lives, health and identities."""
    county = geography.demoshire(seed)
    people = make_people(stream(seed, pcn, "people"), county, pcn, registered)
    live(stream(seed, pcn, "lives"), people, registered)
    health = make_health(stream(seed, pcn, "health"), people)
    use = make_use(stream(seed, pcn, "use"), people, health)
    identities = make_identities(stream(seed, pcn, "identities"), people, seed)
    return Network(county, people, health, use, identities, county.practice_code[county.practices_of(pcn)])


def make_tables(seed: int, network: Network) -> Iterator[tuple[str, Rows]]:
    """The tables one after another, so that only one is in memory."""
    people, health, use, last = network.people, network.health, network.use, network.gp_last()

    def rng(subject: str) -> np.random.Generator:
        return stream(seed, people.pcn, subject)

    yield "gp_registration", make_registrations(rng("gp_registration"), people, len(network.practices))
    yield "gp_event", make_gp_events(rng("gp_event"), people, health, use, last)
    yield "gp_medication", make_medicines(rng("gp_medication"), people, health, use, last)
    yield "gp_appointment", make_appointments(rng("gp_appointment"), people, use, last)
    attendances, enrolments = make_attendances(rng("ecds_attendance"), people, health)
    yield "ecds_attendance", attendance_rows(rng("ecds_rows"), people, health, attendances)
    yield "programme_enrolment", enrolment_rows(people, enrolments)
    yield "apc_episode", make_admissions(rng("apc_episode"), people, health, use, attendances)
    yield "op_attendance", make_outpatients(rng("op_attendance"), people, health, use)
    yield "csds_contact", make_community(rng("csds_contact"), people, health)
    yield "mhsds_contact", make_mental_health(rng("mhsds_contact"), people, health)
    yield "asc_event", make_social_care(rng("asc_event"), people, health)
    yield "partner_list", make_partner_lists(rng("partner_list"), people, health)
    yield "death", make_deaths(rng("death"), people, health)


def write_network(task: Task) -> dict:
    """Simulate one network and write its part of every table. Returns list sizes and row counts."""
    network = make_network(task.seed, task.pcn, task.registered)
    counts = {}
    for table, rows in make_tables(task.seed, network):
        counts[table] = len(rows)
        _place_practices(network, table, rows)
        for form in task.forms:
            whole = Rows(rows.who, rows.columns | pseudonymised(network, rows.who))
            part = geography.pcn_code(task.pcn)
            write_rows(task.root / form, table, part, form, whole, task.file_format)
    return {"pcn": task.pcn, "rows": counts, "list_sizes": _list_sizes(network)}


def _place_practices(network: Network, table: str, rows: Rows) -> None:
    """The practice of each row: of registration, or the one that the hospital wrote down."""
    words = tuple(network.practices)
    if table == "gp_registration":
        rows.columns["practice_code"] = Coded(rows.columns["practice_code"].index, words)
        return
    for name in ("practice_code", "gppract"):
        if any(column.name == name for column in TABLES[table].columns):
            index = network.people.practice[rows.who]
            unknown = "V81999" if name == "gppract" else ""
            rows.columns[name] = Coded(np.where(index == NULL, len(words), index).astype(np.uint8), (*words, unknown))


def pseudonymised(network: Network, who: np.ndarray) -> dict:
    """Who each row is about, as a national set tells it before arrival."""
    people, identities = network.people, network.identities
    month = days.first_of_month(people.birth) - days.EPOCH
    home = np.where(people.place[who] == NO_PLACE, -1, people.household[who])
    return {
        "token_person_id": Coded(who, identities.token),
        "sex": Coded(people.sex[who], ("1", "2")),
        "birth_month": Dates(month[who]),
        "lsoa": Coded(people.place[who], tuple(network.county.places)),
        "household_token": Coded(home, identities.household_token),
    }


def _list_sizes(network: Network) -> dict[str, int]:
    people = network.people
    current = people.registered & (people.last >= days.INDEX_DAY) & (people.first <= days.INDEX_DAY)
    sizes = np.bincount(people.practice[current], minlength=len(network.practices))
    return dict(zip(network.practices.tolist(), sizes.tolist(), strict=True))
