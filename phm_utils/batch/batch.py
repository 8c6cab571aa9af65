"""A run in hand: its folder, its plan, and what became of each step."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phm_utils.batch.keys import Fingerprints, key_of
from phm_utils.batch.ledger import Ledger
from phm_utils.batch.plan import Plan
from phm_utils.batch.progress import Progress
from phm_utils.batch.stages import Route
from phm_utils.params import Workbook
from phm_utils.runs import Store, project_root

# Settings that change no number: where files stand and how fast the work goes.
# A notebook's own parameters are in the keys of those who use them.
NEUTRAL = {"title", "landing", "identified_root", "outputs", "resources", "notebooks", "downloads"}


@dataclass
class Batch:
    """One command's work on one run's folder. Made under the folder's lock."""

    workbook: Workbook
    route: Route
    plan: Plan
    folder: Path
    progress: Progress
    root: Path = field(default_factory=project_root)

    def __post_init__(self) -> None:
        self.ledger = Ledger.load(self.folder / "manifest.json")
        self.fingerprints = Fingerprints(self.folder / "fingerprints.json")
        self.store = Store(self.folder / "store")
        self.temp = self.folder / "temp"
        self.release = self.folder / "release"
        self.facts_path = self.folder / "run.json"

    @property
    def settings(self) -> dict[str, Any]:
        """The parameters on which every step's numbers may depend."""
        return self.workbook.model_dump(mode="json", exclude=NEUTRAL)

    def content(self, stage: str) -> str:
        """Hash of what a stage made: its tables' own bytes, so that a rerun with the same result changes nothing."""
        tables = self.store.manifest()["stages"].get(stage, {}).get("tables", {})
        return key_of(tables={name: sorted(table["files"].items()) for name, table in tables.items()})

    def table_content(self, table: str) -> str:
        """Hash of one table of the store, '' where it is absent."""
        for stage in self.store.manifest()["stages"].values():
            if table in stage["tables"]:
                return key_of(files=sorted(stage["tables"][table]["files"].items()))
        return ""
