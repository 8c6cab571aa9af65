"""A landing folder of a few rows, and the check stage run on it."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from phm_utils import engine
from phm_utils.inputs.check import check
from phm_utils.params import Workbook
from phm_utils.runs import Store

TODAY = date(2025, 5, 1)
REPOSITORY = Path(__file__).resolve().parents[2]
PRACTICE = {
    "practice_code": "A99001", "practice_name": "Demo Alder", "pcn_code": "U99001", "pcn_name": "Northgate",
    "icb_code": "QZZ", "open_date": "1990-01-01", "close_date": None, "published_list_size": 2,
}  # fmt: skip
AREA = {
    "lsoa": "E01999001", "lsoa_name": "Demo 001A", "lsoa_vintage": 2021, "imd_version": "IoD2025", "imd_rank": 5,
    "imd_decile": 1, "rural_urban": "Urban", "population": 1500,
}  # fmt: skip
REGISTRATION = {
    "registration_id": "r1", "token_person_id": "token-1", "sex": "1", "birth_month": "1980-02-01",
    "lsoa": "E01999001", "household_token": "house-1", "ethnicity": "A", "practice_code": "A99001",
    "registered_from": "2010-01-01", "registered_to": None, "type_1_opt_out": "false",
    "national_data_opt_out": "false", "no_fixed_abode": "false",
    "sensitive": "false", "contact_preference": "letter",
}  # fmt: skip
EVENT = {
    "event_id": "e1", "token_person_id": "token-1", "event_date": "2024-06-01", "snomed_code": "44054006",
    "value_num": None, "unit": None, "practice_code": "A99001",
}  # fmt: skip
EPISODE = {
    "epikey": "1", "token_person_id": "token-1", "sex": "1", "birth_month": "1980-02-01", "lsoa": "E01999001",
    "admidate": "2024-03-01", "disdate": "2024-03-05", "epistart": "2024-03-01", "epiend": "2024-03-05",
    "epiorder": "1", "admimeth": "21", "classpat": "1", "diag_01": "I500", "gppract": "A99001",
}  # fmt: skip


@dataclass
class Landing:
    """A landing folder, its workbook, and what the check made of it."""

    folder: Path
    root: Path

    def put(self, table: str, *rows: dict, file: str | None = None) -> "Landing":
        """Write rows, given as changes of a first row, to a CSV; file: another name, .parquet or .csv."""
        path = self.folder / (file or f"{table}.csv")
        path.parent.mkdir(parents=True, exist_ok=True)
        frame = pd.DataFrame(rows)
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)
        return self

    def workbook(self, **changes) -> Workbook:
        return Workbook(**{
            "name": "tiny", "title": "Tiny ICS", "ics_code": "QZZ", "synthetic": True, "index_date": "2025-03-31",
            "landing": str(self.folder), "governance": str(REPOSITORY / "parameters/governance.yml"), **changes,
        })  # fmt: skip

    def mapped(self, text: str) -> Workbook:
        (self.root / "mapping.yml").write_text(text, encoding="utf-8")
        return self.workbook(mapping=str(self.root / "mapping.yml"))

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    def checked(
        self, workbook: Workbook | None = None, store: str = "store", today: date = TODAY,
        before: pd.DataFrame | None = None,
    ) -> Store:  # fmt: skip
        store = Store(self.root / store)
        with engine.session(self.root / "spill") as con, store.stage("check", "0" * 12) as writer:
            check(con, workbook or self.workbook(), writer, self.quarantine, today, before)
        return store

    def rejected_rows(self, table: str) -> pd.DataFrame:
        return pd.read_parquet(self.quarantine / f"{table}.parquet")


@pytest.fixture
def landing(tmp_path):
    """An empty landing folder."""
    (tmp_path / "landing").mkdir()
    return Landing(tmp_path / "landing", tmp_path)


@pytest.fixture
def small(landing):
    """One practice, one area, one registration."""
    return landing.put("practice", PRACTICE).put("area", AREA).put("gp_registration", REGISTRATION)


@pytest.fixture
def rows():
    """The first rows that tests change: `rows["gp_event"] | {"event_id": "e2"}`."""
    return {"practice": PRACTICE, "area": AREA, "gp_registration": REGISTRATION, "gp_event": EVENT,
            "apc_episode": EPISODE}  # fmt: skip
