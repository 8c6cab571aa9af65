"""A linked run of a few people on disk: store, landing, vault, agreements, governance and a begun audit."""

import shutil
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml
from person_table import People

from phm_utils import engine
from phm_utils.engine import Model
from phm_utils.linkage.identities import SETTING, VAULT_FILE, seal_identities
from phm_utils.params import Workbook
from phm_utils.privacy.audit_log import AuditLog, begin
from phm_utils.privacy.audit_place import place_of
from phm_utils.privacy.pseudonyms import demo_key
from phm_utils.requests.terms import Ask
from phm_utils.runs import Store

SOURCE = Path(__file__).resolve().parents[1]
KEY, DAY = demo_key(0), date(2025, 4, 1)
STORED = {
    "person": "person_no",
    "person_event": "person_no",
    "event_concept": "concept_no",
    "person_left_out": "column_name",
    "person_follow_up": "person_id",
    "code_list": "list_name",
    "segment": "person_id",
}
COHORT = {
    "title": "People with diabetes",
    "short": "Diabetes",
    "question": "Who?",
    "use": "A review.",
    "source": "made up",
    "criteria": [{"says": "Diabetes recorded", "has": "diabetes"}],
}
ASK = Ask("tiny", "gp", "direct_care", "Dr Demo", practice="A99001", day=DAY)
REGISTRATION = {
    "practice_code": "A99001",
    "registered_from": "2020-01-01",
    "registered_to": "",
    "type_1_opt_out": "false",
    "national_data_opt_out": "false",
    "sensitive": "false",
}


def token(number: int) -> str:
    """The pseudonym of a person by their number, from 1."""
    return f"{number:032x}"


@dataclass
class World:
    """The run. people: registrations by person, of several a list; deaths: day by person; events: see `People.have`.

    lists, address_lists: rows of these tables of the landing: `home`, the household's pseudonym, `list_name`,
    `list_date`, and `value` of address lists. addresses: of the vault: pseudonym, source, list, UPRN and postcode.
    """

    root: Path
    workbook: Workbook
    people: dict[int, dict] = field(default_factory=lambda: {n: {} for n in range(1, 6)})
    deaths: dict[int, str] = field(default_factory=dict)
    events: list[dict] = field(default_factory=list)
    cohort: dict = field(default_factory=lambda: dict(COHORT))
    model: dict = field(default_factory=lambda: dict(MODEL))
    names: dict[int, dict] = field(default_factory=dict)
    lists: list[dict] = field(default_factory=list)
    address_lists: list[dict] = field(default_factory=list)
    addresses: list[tuple[str, str, str, str, str]] = field(default_factory=list)

    def make(self) -> "World":
        """Write it all."""
        self.write_definitions()
        self.write_store()
        self.write_landing()
        self.write_vault()
        return self

    def write_definitions(self) -> None:
        parts = {"cohorts/tiny": self.cohort, "vulnerability/cold": self.model, "social_domains": DOMAINS}
        for name, content in parts.items():
            (self.root / "parameters" / f"{name}.yml").write_text(yaml.safe_dump(content), encoding="utf-8")

    def agree(self, reference: str = "DC", **changed) -> None:
        """Change an agreement: by default DC, of the practices."""
        self._change("agreements.yml", lambda content: content["agreements"][reference].update(changed))

    def govern(self, source: str, **changed) -> None:
        """Change a source's entry, or make one like that of partner lists."""

        def change(content: dict) -> None:
            content["sources"].setdefault(source, dict(content["sources"]["partner_list"])).update(changed)

        self._change("governance.yml", change)

    def permit_household_facts(self) -> None:
        self._change(
            "governance.yml",
            lambda content: content.update(household_facts={"purposes": ["direct_care"], "reference": "made up"}),
        )

    def _change(self, file: str, change) -> None:
        path = self.root / "parameters" / file
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(yaml.safe_dump(content), encoding="utf-8")

    @property
    def store(self) -> Store:
        return Store(self.root / "outputs" / "tiny" / "store")

    @property
    def identified(self) -> Path:
        return self.root / "identified"

    @property
    def vault(self) -> Path:
        return self.identified / "linking" / "tiny_identified" / VAULT_FILE

    def registrations(self) -> list[dict]:
        rows = [(n, row) for n, given in self.people.items() for row in (given if isinstance(given, list) else [given])]
        return [
            {"registration_id": f"R{i}", "token_person_id": token(n)} | REGISTRATION | row
            for i, (n, row) in enumerate(rows)
        ]

    def write_landing(self) -> None:
        """`gp_registration`, `death` and `practice`, as linked."""
        folder = Path(self.workbook.landing)
        folder.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(self.registrations()).to_csv(folder / "gp_registration.csv", index=False)
        died = [
            {"death_id": f"D{n}", "token_person_id": token(n), "date_of_death": day} for n, day in self.deaths.items()
        ]
        columns = ["death_id", "token_person_id", "date_of_death"]
        pd.DataFrame(died, columns=columns).to_csv(folder / "death.csv", index=False)
        for name, rows in (("partner_list", self.lists), ("address_list", self.address_lists)):
            (folder / f"{name}.csv").unlink(missing_ok=True)
            if rows:
                whom = [{"token_person_id": token(900 + i)} if name == "partner_list" else {} for i in range(len(rows))]
                full = [
                    {"row_id": f"L{i}", "household_token": row["home"]} | whom[i] | row for i, row in enumerate(rows)
                ]
                pd.DataFrame(full).drop(columns="home").to_csv(folder / f"{name}.csv", index=False)

    def write_store(self) -> None:
        """The tables of the run. Everybody is a person of it, in the practice of the last registration."""
        with engine.session(self.root) as con:
            people = People(con, self.root)
            last = {n: (given[-1] if isinstance(given, list) else given) for n, given in self.people.items()}
            people.are(
                [
                    {"person_id": token(n), "practice_code": row.get("practice_code", "A99001")} | row.get("person", {})
                    for n, row in last.items()
                ]
            )
            events = self.events or [{"concept": "diabetes", "person": n, "day": "2024-05-01"} for n in self.people]
            people.have(events)
            con.execute("CREATE TABLE segment (person_id VARCHAR, segment VARCHAR)")
            con.execute(
                "CREATE TABLE practice_of AS SELECT * FROM (VALUES ('A99001', true), ('A99002', true), "
                "('B99001', false)) AS t (practice_code, of_ics)"
            )
            with self.store.stage("tables", "0" * 12) as writer:
                for name, key in STORED.items():
                    writer.add(con, Model(name, (key,), sql=f"SELECT * FROM main.{name}"))
                practice = (
                    "SELECT practice_code, of_ics, NULL::DATE AS close_date, NULL::VARCHAR AS successor_code, "
                    "practice_code AS practice_name, 'U99001' AS pcn_code FROM practice_of"
                )
                writer.add(con, Model("practice", ("practice_code",), sql=practice))
                days = "SELECT 'gp_registration' AS table_name, TIMESTAMP '2025-03-31' AS last_date"
                writer.add(con, Model("check_table", ("table_name",), sql=days))

    def write_vault(self, purpose: str = "population_health_management", key: bytes = KEY) -> None:
        """The vault, and its digest in the store."""
        rows = []
        for given in self.registrations():
            n = int(given["token_person_id"], 16)
            rows.append(
                {
                    "token": token(n),
                    "nhs_number": f"999000{n:04d}",
                    "surname": f"Surname{n}",
                    "forename": f"Name{n}",
                    "date_of_birth": date(1950, 1, n),
                    "sex": "2",
                    "postcode": "ZA1 1AA",
                    "contact_preference": "letter",
                    "practice_code": given["practice_code"],
                    "registered_from": given["registered_from"],
                    "registered_to": given["registered_to"] or None,
                    "unreadable": False,
                    "type_1_opt_out": given["type_1_opt_out"] == "true",
                    "national_data_opt_out": given["national_data_opt_out"] == "true",
                    "sensitive": given["sensitive"] == "true",
                    "date_of_death": self.deaths.get(n),
                }
                | self.names.get(n, {})
            )
        self.vault.parent.mkdir(parents=True, exist_ok=True)
        columns = ["token", "source", "list_name", "uprn", "postcode"]
        addresses = pd.DataFrame(self.addresses, columns=columns).astype("str")
        digest = seal_identities(self.vault, pd.DataFrame(rows), addresses, key, purpose)
        frame = pd.DataFrame({"name": [SETTING], "value": [digest]})
        with engine.session(self.root) as con, self.store.stage("link", "1" * 12) as writer:
            writer.add(con, Model("linkage_setting", ("name",), frame=frame))

    def log(self) -> AuditLog:
        return AuditLog.of(self.workbook)


AGREEMENTS = {
    "DC": {
        "recipient": "Practices",
        "kind": "practice",
        "practices": ["A99001", "A99002", "B99001"],
        "roles": ["gp"],
        "purposes": ["direct_care"],
        "fields": [
            "nhs_number",
            "surname",
            "forename",
            "date_of_birth",
            "sex",
            "practice_code",
            "why",
            "last_contact",
            "contact_preference",
        ],
        "signed": "2024-04-01",
        "expires": "2026-03-31",
    },
    "TEAM": {
        "recipient": "The team",
        "kind": "team",
        "practices": ["A99001", "A99002"],
        "roles": ["gp"],
        "purposes": ["direct_care"],
        "fields": ["surname", "why"],
        "signed": "2024-04-01",
        "expires": "2026-03-31",
    },
    "GW": {
        "recipient": "The council",
        "kind": "other",
        "practices": ["A99001"],
        "roles": ["adviser"],
        "purposes": ["public_health"],
        "cohorts": ["tiny"],
        "fields": ["surname", "postcode"],
        "gateway": {"law": "An Act, section 6", "expires": "2025-12-31"},
        "signed": "2024-04-01",
        "expires": "2026-03-31",
    },
    "HUB": {
        "recipient": "The hub",
        "kind": "other",
        "practices": ["A99001"],
        "roles": ["hub_manager"],
        "purposes": ["public_health"],
        "models": ["cold"],
        "own_lists": ["tax_support", "parking_badge", "ramp"],
        "signed": "2024-04-01",
        "expires": "2026-03-31",
    },
}


@pytest.fixture
def world(tmp_path, monkeypatch) -> World:
    """A run of five people with diabetes, all of practice A99001; change it, then `make` it."""
    shutil.copytree(SOURCE / "parameters", tmp_path / "parameters")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("PHM_ROOT", str(tmp_path))
    text = yaml.safe_dump({"agreements": AGREEMENTS})
    (tmp_path / "parameters" / "agreements.yml").write_text(text, encoding="utf-8")
    workbook = Workbook(
        name="tiny",
        title="Tiny",
        ics_code="QZZ",
        synthetic=True,
        index_date="2025-03-31",
        landing=str(tmp_path / "identified" / "landing" / "tiny_identified" / "linked"),
        identified_root=str(tmp_path / "identified"),
        outputs=str(tmp_path / "outputs"),
        agreements="parameters/agreements.yml",
        audit={"log": str(tmp_path / "identified" / "audit"), "head": str(tmp_path / "head")},
    )
    begin(place_of(workbook), KEY, root=tmp_path / "identified", synthetic=True)
    return World(tmp_path, workbook)


MODEL = {
    "title": "Cold weather",
    "short": "Cold",
    "threat": "Cold spells",
    "question": "Who?",
    "use": "A call.",
    "source": "made up",
    "neutral_title": "Offer of help",
    "neutral_reason": "Listed for an offer of help",
    "bands": {
        "high": {"title": "High", "rule": {"says": "Diabetes recorded", "has": "diabetes"}},
        "medium": {"title": "Medium", "rule": {"says": "Asthma recorded", "has": "asthma"}},
        "lower": {
            "title": "Lower",
            "rule": {"says": "Aged 65 or over", "column": "age", "op": "at least", "value": 65},
        },
    },
    "domains": ["income", "mobility", "alone_70"],
}
TAX, BADGE, SHIELDED, CHARITY = "tax_support", "parking_badge", "official_patients", "warm homes charity"  # of no file
DOMAINS = {
    "income": {
        "title": "Low income",
        "records": [
            {"attaches": "household", "rule": {"says": "Council tax reduction", "list": TAX, "within": {"months": 24}}},
            {"attaches": "household", "rule": {"says": "Charity", "list": CHARITY}},
        ],
    },
    "mobility": {
        "title": "Moves with difficulty",
        "records": [
            {"attaches": "person", "rule": {"says": "Blue badge", "list": BADGE, "within": {"months": 36}}},
            {"attaches": "household", "rule": {"says": "Step-free home", "address": ["ramp/yes", "lift"]}},
            {"attaches": "person", "rule": {"says": "Housebound", "column": "housebound", "op": "is", "value": True}},
        ],
    },
    "alone_70": {
        "title": "Alone at 70 or over",
        "records": [
            {
                "attaches": "person",
                "rule": {
                    "says": "Lives alone at 70 or over",
                    "all": [
                        {"column": "age", "op": "at least", "value": 70},
                        {"column": "household_size", "op": "is", "value": 1},
                    ],
                },
            }
        ],
    },
}
