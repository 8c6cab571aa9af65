"""The outcome of each step of a run: `manifest.json` of the run's folder."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from phm_utils.runs import write_atomically

Status = Literal["done", "failed", "not run"]


@dataclass
class Manifest:
    """Steps by name, written after each one, so that a killed run continues from there.

    Each step has `key`, `status`, `seconds`, `finished`, and where it failed
    `error`: a type and a place, or the message of an InputError, never a
    library's message, which may quote a row.
    """

    path: Path
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    head: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, dict[str, str]] = field(default_factory=dict)
    updated: set[str] = field(default_factory=set)  # steps entered by this command

    @classmethod
    def load(cls, path: Path) -> "Manifest":
        """The manifest of an earlier run, or an empty one."""
        if not path.exists():
            return cls(path)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            steps, head, inputs = (dict(content.get(part, {})) for part in ("steps", "head", "inputs"))
            return cls(path, steps, head, inputs)
        except (ValueError, TypeError, AttributeError, RecursionError):
            return cls(path)  # cut short by a full disk, or edited: every step is checked again

    def done(self, step: str, key: str) -> bool:
        """Was this step finished, with everything it depends on as it is now?"""
        entry = self.steps.get(step, {})
        return entry.get("status") == "done" and entry.get("key") == key

    def record(self, step: str, status: Status, key: str | None = None, **facts: Any) -> None:
        """Enter a step's outcome and save."""
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        self.steps[step] = {"status": status, "key": key, "finished": finished, **facts}
        self.updated.add(step)
        self.save()

    def save(self) -> None:
        content = {"head": self.head, "inputs": self.inputs, "steps": self.steps}
        write_atomically(self.path, json.dumps(content, indent=1, sort_keys=True, default=str) + "\n")
