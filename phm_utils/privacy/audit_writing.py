"""Adding an entry to the audit log, and setting right what a killed process left.

An entry is written in this order, each step on disk before the next: drafts of
head and seal (a full disk shows here), the line, the seal (from here on the
entry counts, and its key is gone), the head. `settled` finds the step at which
a process was killed: a line that holds is completed, one that is not whole is
set aside in a file of its own and said in an entry.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from phm_utils.errors import DiskFull, InputError, StepFailed
from phm_utils.full_disk import full_disk
from phm_utils.privacy import audit_disk as disk
from phm_utils.privacy.audit_facts import OWN, STATED, Facts, check_facts
from phm_utils.privacy.audit_place import Place
from phm_utils.privacy.audit_seal import RECOVERED, Entry, hash_of, now, read_entry, seal_holds, sealed_line
from phm_utils.privacy.audit_state import ASK, Head, Seal, read_head, read_seal

TAIL_BYTES = 1 << 18  # some of the longest entries


@dataclass(frozen=True)
class Settled:
    """Where a log that is in order goes on. seal: of the next entry. previous: hash of the last. size: in bytes."""

    seal: Seal
    previous: str
    size: int
    last: Entry | None = None


@contextmanager
def writing(place: Place) -> Iterator[None]:
    """Hold the log; a disk that is full or refuses is a StepFailed that says so."""
    try:
        with place.held():
            yield
    except OSError as error:
        kind = DiskFull if full_disk(error, place.folder) else StepFailed
        raise kind(
            f"The audit log cannot be written ({error.strerror}: {error.filename or place.folder}), and without it no "
            "list is given. Make room there, or get the right to write, then ask again."
        ) from None


def commit(place: Place, at: Settled, kind: str, action: str, facts: Facts) -> Settled:
    """Write one entry; it counts, on disk in all three places, when this returns. Call within `writing`."""
    check_facts(facts, STATED | OWN)
    entry = Entry(at.seal.number, now(), kind, action, facts, at.previous)
    line = sealed_line(entry, at.seal.key)
    head, seal = at.seal.head_of(line), at.seal.advanced()
    disk.draft(place.head, head.content())
    disk.draft(place.seal, seal.content())
    disk.append(place.log, line, at.size)
    try:
        disk.put(place.seal, wipe=True)
    except OSError:
        with suppress(OSError):
            if not place.seal.exists() or place.seal.read_bytes() != seal.content():  # it does not count yet
                disk.cut(place.log, at.size)
        raise
    disk.put(place.head)
    return Settled(seal, head.hash, at.size + len(line) + 1, entry)


def settled(place: Place) -> Settled:
    """Where the log goes on, once what a killed process left is completed or set aside. Call within `writing`.

    Only the end of the log is read. Raises InputError where log, seal and head do not fit together.
    """
    seal, head = read_seal(place), read_head(place)
    disk.remove_drafts(place.seal, place.head, place.torn)
    at, pending = _last_known(place, seal)
    _complete_head(place, at, head)
    if line := _whole(pending, at):
        at = _complete(place, at, line)
    elif pending:
        _set_aside(place, pending, at.size)
    return _said(place, at) if place.torn.exists() else at


def _last_known(place: Place, seal: Seal) -> tuple[Settled, bytes]:
    """The last entry that the seal knows of, and the bytes after it."""
    try:
        content, position = disk.tail(place.log, TAIL_BYTES)
    except FileNotFoundError:
        raise _not_whole(
            place, f"the seal knows of {seal.number - 1} entries, and there is no {place.log.name}"
        ) from None
    found = None
    end = content.rfind(b"\n") + 1
    while end and found is None:  # from the end: nearly always the last line
        begins = content.rfind(b"\n", 0, end - 1) + 1
        entry = read_entry(line := content[begins : end - 1])
        if entry and entry.number == seal.number - 1:
            found = Settled(seal, hash_of(line), position + end, entry)
        end = begins
    if found is None:
        raise _not_whole(place, f"entry {seal.number - 1}, the last that the seal knows of, is not at its end")
    with place.log.open("rb") as file:
        file.seek(found.size)
        return found, file.read()


def _complete_head(place: Place, at: Settled, head: Head) -> None:
    """Nothing where the head knows the last entry; where it knows the one before, complete it."""
    assert at.last is not None
    current = Head(at.seal.log, at.last.number, at.previous)
    if head == current:
        return
    if head != Head(at.seal.log, at.last.number - 1, at.last.previous):
        raise _not_whole(place, f"entry {at.last.number}, its last, is not the one of its head ({place.head})")
    disk.draft(place.head, current.content())
    disk.put(place.head)


def _whole(pending: bytes, at: Settled) -> bytes | None:
    """The line of the next entry, if that is what follows the last that counts."""
    line, end, more = pending.partition(b"\n")
    entry = read_entry(line) if end and not more else None
    fits = entry and entry.number == at.seal.number and entry.previous == at.previous
    return line if fits and seal_holds(line, at.seal.key) else None


def _complete(place: Place, at: Settled, line: bytes) -> Settled:
    head, seal = at.seal.head_of(line), at.seal.advanced()
    for path, content in ((place.head, head), (place.seal, seal)):
        disk.draft(path, content.content())
    disk.put(place.seal, wipe=True)
    disk.put(place.head)
    return Settled(seal, head.hash, at.size + len(line) + 1, read_entry(line))


def _set_aside(place: Place, pending: bytes, size: int) -> None:
    before = place.torn.read_bytes() if place.torn.exists() else b""
    if not before.endswith(pending):  # killed between the two steps below
        disk.draft(place.torn, before + pending)
        disk.put(place.torn)
    disk.cut(place.log, size)


def _said(place: Place, at: Settled) -> Settled:
    """An entry says what was set aside, and the file gets the entry's number."""
    content = place.torn.read_bytes()
    facts: dict[str, str | int] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    last = at.last
    if last is None or last.kind != RECOVERED or last.facts.get("sha256") != facts["sha256"]:
        at = commit(place, at, RECOVERED, "recover", facts | {"file": _name(at.seal.number)})
        last = at.last
    assert last is not None
    os.replace(place.torn, place.folder / _name(last.number))
    disk.sync_folder(place.folder)
    return at


def _name(number: int) -> str:
    return f"torn-{number:06d}"


def _not_whole(place: Place, why: str) -> InputError:
    return InputError(f"The audit log {place.folder} is not whole: {why}. {ASK}")
