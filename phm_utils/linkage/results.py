"""The results of one `phm link PARAMETERS`: drafted in its working folder, and published together."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.json_files import load_json
from phm_utils.linkage.ledger_stamp import Record
from phm_utils.linkage.review import KEY_FILE, PAIRS_FILE
from phm_utils.privacy.pseudonyms import key_id
from phm_utils.privacy.workplace import Workplace

DRAFTS = "results"
SETTINGS_FILE = "linkage_setting.parquet"


@dataclass
class Results:
    """Drafts, and their places below the identified root.

    name: of the parameter file. place: the command's working folder.
    """

    root: Path
    name: str
    place: Workplace
    _places: list[Path] = field(default_factory=list)

    @property
    def landing(self) -> Path:
        return self.root / "landing" / self.name / "linked"

    @property
    def stamp_file(self) -> Path:
        """The last stamp of the ledger, kept where the landing may be taken away."""
        return self.root / "stamps" / f"{self.name}.json"

    def new(self, result: Path) -> Path:
        """Where to write the draft of a result; its parent folder is made."""
        self._places.append(result)
        draft = self._draft(result)
        draft.parent.mkdir(parents=True, exist_ok=True)
        return draft

    def record(self, key: bytes, stamp: str, purpose: str) -> None:
        """Draft the record of the ledger's stamp."""
        text = json.dumps({"purpose": purpose, "key": key_id(key), "ledger": stamp}, indent=1, sort_keys=True)
        self.new(self.stamp_file).write_text(text + "\n", encoding="utf-8")

    def records(self) -> list[Record]:
        """The stamps recorded so far; of a landing by an earlier version none.

        Raises InputError where a record cannot be read.
        """
        found = []
        for file, read in ((self.stamp_file, _of_json), (self.landing / SETTINGS_FILE, _of_settings)):
            if not file.is_file():
                continue
            try:
                values = read(file)
            except (InputError, ValueError, OSError, duckdb.Error):
                raise InputError(
                    f"{file} cannot be read, so the ledger of identities cannot be compared with it. Restore it from a "
                    "backup, or remove it if it is damaged."
                ) from None
            if isinstance(values.get("ledger"), str):
                where = file if file == self.stamp_file else self.landing
                found.append(Record(where, str(values.get("purpose")), str(values.get("key")), values["ledger"]))
        return found

    def publish(self) -> None:
        """Put every draft that was written into its place, with the quarantine of the check: all or none."""
        results = self.place.quarantine(self.name) if (self.place.folder / "checked").is_dir() else {}
        for result in self._places:
            draft = self._draft(result)
            if draft == self._draft(self.root / "linking" / self.name):  # of a review: two files, not the whole folder
                results |= {draft / file: result / file for file in (KEY_FILE, PAIRS_FILE)}
            elif draft.exists():  # an unchanged ledger is not written again
                results[draft] = result
        self.place.publish(results)

    def _draft(self, result: Path) -> Path:
        return self.place.folder / DRAFTS / result.relative_to(self.root)


def _of_json(file: Path) -> dict:
    return dict(load_json(file, ""))


def _of_settings(file: Path) -> dict:
    frame = pd.read_parquet(file)
    return dict(zip(frame["name"], frame["value"], strict=True))
