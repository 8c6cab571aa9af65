"""A run in progress: its folder, its plan and the outcome of each step."""

import shutil
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from phm_utils.batch.keys import Fingerprints
from phm_utils.batch.manifest import Manifest
from phm_utils.batch.plan import Plan
from phm_utils.batch.progress import Progress
from phm_utils.batch.route import Route
from phm_utils.json_files import load_json
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
        self.manifest = Manifest.load(self.folder / "manifest.json")
        self.fingerprints = Fingerprints(self.folder / "fingerprints.json")
        self.store = Store(self.folder / "store")
        self.temp = self.folder / "temp"
        self.release = self.folder / "release"
        self.facts_path = self.folder / "run.json"

    def open_temp(self) -> None:
        """Make the run's temporary folders, and remove those of a run that was killed.

        Sockets are in the system's temporary folder, because a socket's path has at
        most 107 characters; the file `sockets` has that path.
        """
        self.close_temp()
        self.temp.mkdir(parents=True, mode=0o700)
        self.sockets = Path(tempfile.mkdtemp(prefix="phm-"))
        self._sockets_note.write_text(str(self.sockets), encoding="utf-8")

    def close_temp(self) -> None:
        """Remove the temporary folders."""
        if self._sockets_note.is_file():
            shutil.rmtree(self._sockets_note.read_text(encoding="utf-8"), ignore_errors=True)
        shutil.rmtree(self.temp, ignore_errors=True)

    @property
    def _sockets_note(self) -> Path:
        return self.temp / "sockets"

    def facts(self) -> dict[str, Any]:
        """The facts about the run that every report shows; empty before the first run gets there."""
        if not self.facts_path.exists():
            return {}
        return load_json(self.facts_path, "Remove it and run again: it is written anew.")

    @cached_property
    def steps(self) -> tuple[Stage, ...]:
        """The steps for the whole ICS, in order."""
        return self.route.steps(self.workbook)
