"""Small audit logs for tests, and a process that is killed while it writes into one."""

import subprocess
import sys
from pathlib import Path

from phm_utils.privacy.audit_log import AuditLog, begin
from phm_utils.privacy.audit_place import Place

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))  # the auditor's, and somebody else's
FACTS = {"requester": "Dr A", "role": "clinician", "recipient": "Elm team", "agreement": "elm_2025", "cohort": "frail"}


def new_log(folder: Path, key: bytes = KEY) -> Place:
    """A log just begun: one entry."""
    place = Place(folder / "identified" / "audit" / "demo", folder / "audit_head" / "demo")
    begin(place, key, root=folder / "identified", synthetic=False)
    return place


def open_log(place: Place) -> AuditLog:
    return AuditLog(place.folder, place.head_folder)


def written(place: Place, entries: int) -> list[bytes]:
    """The lines of a log, with their breaks, once it has so many entries: an intent and its outcome, in turn."""
    log = open_log(place)
    while len(lines_of(place)) + 2 <= entries:
        with log.recorded("reidentify", FACTS | {"people": 3}) as entry:
            entry.outcome({"granted": 2, "withheld": ["moved: 1"]})
    if len(lines_of(place)) < entries:
        log.attempt("request", FACTS, refused="the role is not permitted")
    return lines_of(place)


def lines_of(place: Place) -> list[bytes]:
    return place.log.read_bytes().splitlines(keepends=True)


def put(place: Place, lines: list[bytes]) -> None:
    place.log.write_bytes(b"".join(lines))


def in_process(script: str, place: Place, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own; `folder`, `head` and `arguments` are at hand in it."""
    head = "import sys\nfolder, head, *arguments = sys.argv[1:]\n"
    command = [sys.executable, "-c", head + script, str(place.folder), str(place.head_folder), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)
