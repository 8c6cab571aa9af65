"""The truth behind the extracts: who is who, what each person is like, and every planted effect."""

from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from phm_utils.synthetic import address_lists, care, days, medicines, shielding
from phm_utils.synthetic import published_registers as registers
from phm_utils.synthetic.added_rows import AddedRows
from phm_utils.synthetic.appointments import appointment_rate
from phm_utils.synthetic.contacts import social_care_rate
from phm_utils.synthetic.draws import NULL, Coded
from phm_utils.synthetic.emergency import attendance_rate
from phm_utils.synthetic.facts import ALCOHOL_RISKS, FRAILTIES, NAMES_OF_FACTS, NEVER
from phm_utils.synthetic.geography import PCNS
from phm_utils.synthetic.identity import uprns
from phm_utils.synthetic.lives import death_rate
from phm_utils.synthetic.network import Network
from phm_utils.synthetic.partners import LISTS, here_on
from phm_utils.synthetic.people import ETHNIC_CODES, NO_PLACE, UNREGISTERED
from phm_utils.synthetic.prevalence import CONDITIONS, NAMES
from phm_utils.synthetic.pseudonymised_columns import IDENTIFIER_ONLY, OF_ADDRESSES
from phm_utils.synthetic.rows import Column, Dates, Numbers, Rows
from phm_utils.synthetic.writing import to_arrow, write_table
from phm_utils.tables import CONTACT_PREFERENCES, TABLES


class NetworkTruth:
    """Collects the truth of one network from its tables, before errors are added."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.rows: dict[str, int] = {}
        self.records: list[tuple[str, np.ndarray, np.ndarray]] = []
        self.lists = np.zeros((len(network.people), len(LISTS)), bool)
        self.takes = {name: self._among([]) for name in medicines.TREATMENTS}
        self.recorded = {name: self._among([]) for name in (*care.YEARLY, *care.EVER)}
        self.addresses: Rows | None = None

    def add(self, table: str, rows: Rows, below: Rows | None = None) -> None:
        """Record the person of each row of a table, and of the rows added below it."""
        self.add_records(table, rows)
        if below:
            self.add_records(table, below)
        if table == "partner_list":
            self.lists[rows.who, rows.coded("list_name").index] = True
        if table == "address_list":
            self.addresses = rows
        if table == "gp_event":
            entries = rows.followed_by(below) if below else rows
            self.recorded = {name: self._among(who) for name, who in care.recorded(entries).items()}
        if table == "gp_medication":
            self.takes = {name: self._among(who) for name, who in medicines.takers(rows).items()}

    def add_records(self, table: str, rows: Rows) -> None:
        """Count rows of a table, and record the person of each where they are about people."""
        self.rows[table] = self.rows.get(table, 0) + len(rows)
        if table not in (*IDENTIFIER_ONLY, *OF_ADDRESSES):
            [key] = TABLES[table].key
            self.records.append((table, rows.numbers(key).values, rows.who))

    def write(self, folder: Path, part: str, added: AddedRows) -> None:
        """Write everything of this network; `outreach` where it has planted lists."""
        tables = {"person": self._person(added), "record": self._record()}
        if self.addresses:
            tables["address_list"] = self._addresses(self.addresses)
        if added.shielded and added.vulnerable:
            tables["shielded"] = self._of_people(added.shielded.truth())
            tables["vulnerable"] = self._of_people(added.vulnerable.truth())
        if added.follow_up:
            tables["outreach"] = self._of_people(added.follow_up.rows())
        for name, content in tables.items():
            write_table(folder / name / f"{part}.parquet", content, "parquet")

    def summary(self) -> dict:
        """Counts for `effects.json`, and nothing that takes space."""
        lists = self.lists.astype(float)  # whole numbers, and quicker so
        overlap = (lists.T @ lists).astype(np.int64)
        return {
            "rows": self.rows,
            "people": len(self.network.people),
            "list_overlap": overlap.tolist(),
            "on_any_list": int(self.lists.any(axis=1).sum()),
            "lists_not_registered": int((self.lists.any(axis=1) & ~self.network.people.registered).sum()),
            "ever_eligible": len(self.network.enrolments.ever_eligible),
            "enrolled": len(self.network.enrolments.who),
            "rising": self.network.care.counts(),
            "registers": registers.counts(self.network.people, self._registers, self.network.practices),
        }

    @cached_property
    def _registers(self) -> dict[str, np.ndarray]:
        """Who is on each register, once the medicines have been seen."""
        return registers.on_registers(self.network.people, self.network.facts, self.takes)

    def _record(self) -> pa.Table:
        """One row per record of each table with columns of identity."""
        names = tuple(table for table, _, _ in self.records)
        size = [len(who) for _, _, who in self.records]
        table = Coded(np.repeat(np.arange(len(names), dtype=np.uint8), size), names)
        record = np.concatenate([ids for _, ids, _ in self.records])
        who = np.concatenate([who for _, _, who in self.records])
        return pa.table(
            {"table_name": to_arrow(table), "record_id": record, "person": self.network.people.numbers()[who]}
        )

    def _addresses(self, rows: Rows) -> pa.Table:
        """One row per address and list, as it should be: who lives there, and whether it is rightly on it."""
        people, tokens = self.network.people, self.network.identities.address_token
        home = here_on(people, days.day(address_lists.LIST_DATE)) & (people.place != NO_PLACE)
        known = uprns(people.pcn, len(tokens)).astype(str)
        columns: dict[str, Column] = {"household_token": Coded(rows.who, tokens), "uprn": Coded(rows.who, known)}
        columns |= {name: rows.columns[name] for name in ("row_id", "list_name", "value", "right")}
        for name, which in (("residents", home), ("registered", home & people.registered)):
            columns[name] = Numbers(np.bincount(people.household[which], minlength=len(tokens))[rows.who])
        return pa.table({name: to_arrow(column) for name, column in columns.items()})

    def _of_people(self, rows: Rows) -> pa.Table:
        """The rows, each with the number, pseudonym and NHS number of its person."""
        identities = self.network.identities
        who: dict[str, Column] = {
            "person": Numbers(self.network.people.numbers()[rows.who]),
            "token_person_id": Coded(rows.who, identities.token),
            "nhs_number": Coded(rows.who, identities.nhs_number.astype(str)),
        }
        return pa.table({name: to_arrow(column) for name, column in (who | rows.columns).items()})

    def _among(self, who: np.ndarray | list[int]) -> np.ndarray:
        """True for the given people."""
        found = np.zeros(len(self.network.people), bool)
        found[np.asarray(who, int)] = True
        return found

    def _person(self, added: AddedRows) -> pa.Table:
        """One row per person, with everything that was planted."""
        people, health = self.network.people, self.network.health
        practices = (*self.network.practices.tolist(), "")
        practice = np.where(people.practice == UNREGISTERED, 255, people.practice).astype(np.uint8)
        identities = self.network.identities
        place, numbered = np.arange(len(people), dtype=np.int32), people.pcn <= PCNS
        columns: dict[str, Column] = {
            "person": Numbers(people.numbers()),
            "token_person_id": Coded(place, identities.token),
            "nhs_number": Coded(np.where(numbered, place, -1), identities.nhs_number.astype(str)),
            "household_token": Coded(people.household, identities.household_token),
            "practice_code": Coded(practice, practices),
            "registered": Numbers(people.registered),
            "sex": Coded(people.sex, ("1", "2")),
            "date_of_birth": Dates(people.birth - days.EPOCH),
            "age": Numbers(people.age),
            "ethnicity": Coded(people.ethnicity, ETHNIC_CODES),
            "lsoa": Coded(people.place, tuple(self.network.county.places)),
            "communal": Coded(people.communal.astype(np.uint8), ("private", "care home", "hostel")),
            "twin": Numbers(people.twin),
            "deprivation": Numbers(people.deprivation),
            "frailty": Numbers(people.frailty),
            "need": Numbers(people.need),
            "bmi": Numbers(health.bmi),
            "smoking": Coded(health.smoking, ("never", "ex", "current")),
            "gp_use": Numbers(self.network.use.astype(np.float32)),
            "joined": Dates(people.joined),
            "left": Dates(people.left),
            "died": Dates(people.died),
            "first_seen": Dates(people.first),
            "last_seen": Dates(people.last),
            "type_1_opt_out": Numbers(people.type_1),
            "national_data_opt_out": Numbers(people.opted_out),
            "sensitive": Numbers(self.network.notes.sensitive),
            "contact_preference": Coded(self.network.notes.preference, CONTACT_PREFERENCES),
            "ever_eligible": Numbers(self._among(self.network.enrolments.ever_eligible)),
            "enrolled": Numbers(self._among(self.network.enrolments.who)),
            "ed_rate": Numbers(attendance_rate(people, health).astype(np.float32)),
            "appointment_rate": Numbers(appointment_rate(people, self.network.use).astype(np.float32)),
            "mental_health_rise": Numbers(self.network.care.ratios(len(people))),
            "death_rate": Numbers(death_rate(people).astype(np.float32)),
            "social_care_chance": Numbers(social_care_rate(people, health).astype(np.float32)),
        }
        columns |= {f"has_{name}": Numbers(health.has[:, place]) for place, name in enumerate(NAMES)}
        columns |= self._facts()
        columns |= {f"on_{one.name}": Numbers(self.lists[:, place]) for place, one in enumerate(LISTS)}
        columns[f"on_{shielding.NAME}"] = Numbers(self._among(added.shielded.listed if added.shielded else []))
        return pa.table({name: to_arrow(column) for name, column in columns.items()})

    def _facts(self) -> dict[str, Column]:
        """Facts other than long-term conditions, resolved conditions, medicines taken, and registers."""
        facts = self.network.facts
        kinds = ("", "Type 1", "Type 2")
        columns: dict[str, Column] = {
            f"has_{name}": Numbers(facts.has[:, place]) for place, name in enumerate(NAMES_OF_FACTS)
        }
        columns["has_pregnancy"] = Numbers(facts.pregnancies.of_late(len(facts.has)))
        for place, condition in enumerate(CONDITIONS):
            if condition.resolved:
                day = facts.resolved[:, place]
                columns[f"resolved_{condition.concept}"] = Dates.some(day, day != NEVER)
        columns |= {f"takes_{name}": Numbers(member) for name, member in self.takes.items()}
        columns |= {f"recorded_{name}": Numbers(member) for name, member in self.recorded.items()}
        columns |= {
            "deficits": Numbers(facts.deficits),
            "diabetes_type": Coded(np.where(facts.diabetes_type, facts.diabetes_type, NULL).astype(np.uint8), kinds),
            "alcohol_risk": Coded(facts.alcohol, ALCOHOL_RISKS),
            "frailty_coded": Coded(facts.frailty, FRAILTIES),
            "takes_pneumococcal_vaccination": Numbers(facts.pneumococcal),
        }
        return columns | {f"register_{name}": Numbers(member) for name, member in self._registers.items()}
