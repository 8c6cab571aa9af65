"""An anchor: count and hash of an audit log on a day, which its auditor keeps where nobody can restore it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from phm_utils.errors import InputError
from phm_utils.json_files import load_json
from phm_utils.privacy.access import owner_only
from phm_utils.privacy.audit_place import Place
from phm_utils.privacy.audit_seal import Entry
from phm_utils.privacy.audit_state import Head

FORMAT = "phm audit anchor 1"
_NAMES = {"format": FORMAT, "log": "[0-9a-f]{16}", "hash": "[0-9a-f]{64}", "day": r"\d{4}-\d{2}-\d{2}"}


@dataclass(frozen=True)
class Anchor:
    """log: the log's id. count: entries on that day. hash: SHA-256 of the last of them."""

    log: str
    count: int
    hash: str
    day: str

    def text(self) -> str:
        """One line, to be kept as a file or on paper."""
        stated = {"format": FORMAT, "log": self.log, "count": self.count, "hash": self.hash, "day": self.day}
        return json.dumps(stated)


def anchor_of(head: Head, day: date) -> Anchor:
    """The anchor of a log whose head this is."""
    return Anchor(head.log, head.count, head.hash, day.isoformat())


def read_anchor(path: Path) -> Anchor:
    """An anchor that `phm audit anchor` wrote. Raises InputError where the file is none."""
    advice = "Give the file, or the line in a file, that `phm audit anchor` made."
    content = load_json(path, advice, most=10_000)
    sound = set(content) == {*_NAMES, "count"} and all(
        isinstance(content[name], str) and re.fullmatch(form, content[name]) for name, form in _NAMES.items()
    )
    if not sound or type(content["count"]) is not int or content["count"] < 1:
        raise InputError(f"{path.name} is no anchor of an audit log. {advice}")
    return Anchor(content["log"], content["count"], content["hash"], content["day"])


def write_anchor(anchor: Anchor, path: Path, place: Place) -> None:
    """Write an anchor into a new file, outside the log's own folders."""
    if place.holds(path):
        raise InputError(f"{path} lies beside the log that it is to check. Keep the anchor where nobody restores it.")
    try:
        with owner_only(), path.open("x", encoding="utf-8") as file:
            file.write(anchor.text() + "\n")
    except FileExistsError:
        raise InputError(f"{path} exists, and an anchor is never overwritten. Choose another name.") from None


def older_than(anchor: Anchor, entries: Sequence[Entry], hashes: Sequence[str]) -> tuple[int, str] | None:
    """The first entry that does not fit an anchor, and why; None where the log goes on from it."""
    log = entries[0].facts.get("log")
    if log != anchor.log:
        return 1, f"this is the log {log}, and the anchor of {anchor.day} is of {anchor.log}: replaced wholesale"
    if len(entries) < anchor.count:
        return len(entries) + 1, (
            f"it is gone: on {anchor.day} the log had {anchor.count} entries. Log, seal and head were set back together"
        )
    if hashes[anchor.count - 1] != anchor.hash:
        return anchor.count, f"it is not the one of the anchor of {anchor.day}: it or one before was written anew"
    return None
