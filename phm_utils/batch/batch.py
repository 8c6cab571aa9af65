"""A run in hand: its folder, its plan, and what became of each step."""

import json
import shutil
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from phm_utils.batch.keys import Fingerprints
from phm_utils.batch.manifest import Ledger
from phm_utils.batch.plan import Plan
from phm_utils.batch.progress import Progress
from phm_utils.batch.route import Route
from phm_utils.params import Workbook
from phm_utils.runs import Store, project_root
from phm_utils.topic import Stage


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

    def open_temp(self) -> None:
        """Make the folders of what a run needs for its own length, and remove those of a run that was killed.

        Sockets stand in the system's folder, because the path of one may
        have 107 characters; a note here says where.
        """
        self.close_temp()
        self.temp.mkdir(parents=True, mode=0o700)
        self.sockets = Path(tempfile.mkdtemp(prefix="phm-"))
        self._sockets_note.write_text(str(self.sockets), encoding="utf-8")

    def close_temp(self) -> None:
        """Remove them."""
        if self._sockets_note.is_file():
            shutil.rmtree(self._sockets_note.read_text(encoding="utf-8"), ignore_errors=True)
        shutil.rmtree(self.temp, ignore_errors=True)

    @property
    def _sockets_note(self) -> Path:
        return self.temp / "sockets"

    def facts(self) -> dict[str, Any]:
        """What every report says about the run; empty where no run came so far."""
        return json.loads(self.facts_path.read_text(encoding="utf-8")) if self.facts_path.exists() else {}

    @cached_property
    def steps(self) -> tuple[Stage, ...]:
        """The steps for the whole ICS, in order."""
        return self.route.steps(self.workbook)
