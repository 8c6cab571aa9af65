"""The lines of an audit log one after the other: which is the first that is not as it was written, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from phm_utils.privacy.audit_seal import (
    START,
    Entry,
    auditor_key_id,
    first_key,
    hash_of,
    is_log_id,
    key_of,
    next_key,
    read_entry,
    seal_holds,
)

NOT_WHOLE = "it was not written whole, or was cut or added to since"


@dataclass(frozen=True)
class Bad:
    """The first entry that is not as it was written. number: its place in the log, from 1. why: in words."""

    number: int
    why: str


@dataclass(frozen=True)
class Lines:
    """A log as it lies on disk. lines: with their breaks. auditor_key: None where only the chain is looked at.

    logs: the log's id as head and seal state it, for where the first line does not.
    """

    lines: Sequence[bytes]
    auditor_key: bytes | None
    logs: tuple[str, ...]

    def entry(self, number: int) -> Entry | None:
        """What stands at a place, if it is a whole entry."""
        line = self.lines[number - 1]
        return read_entry(line[:-1]) if line.endswith(b"\n") else None

    def key_of_first(self) -> bytes | None:
        """The key of entry 1, by the log's id that it states."""
        entry = self.entry(1) if self.lines else None
        log = entry.facts.get("log") if entry else None
        return first_key(self.auditor_key, log) if self.auditor_key and is_log_id(log) else None

    def is_genuine(self, number: int, entry: Entry) -> bool:
        """Was the line at a place sealed as the entry that it calls itself?"""
        if self.auditor_key is None or entry.number > 2 * len(self.lines) + 1_000:  # no use in a million keys
            return False
        keys = [first_key(self.auditor_key, log) for log in self.logs]
        return any(seal_holds(self.lines[number - 1][:-1], key_of(entry.number, key)) for key in keys)


@dataclass(frozen=True)
class Chain:
    """Entries in order up to the first bad one. keys: those of the last entry and of the one to follow."""

    entries: tuple[Entry, ...]
    bad: Bad | None
    keys: tuple[bytes, ...] = ()


def walk(log: Lines) -> Chain:
    """Follow a log from its first line, by numbers and hashes and, with the auditor's key, by seals."""
    key, last, previous = log.key_of_first(), b"", START
    entries: list[Entry] = []
    for number, line in enumerate(log.lines, 1):
        entry = log.entry(number)
        sealed = log.auditor_key is None or (key is not None and seal_holds(line[:-1], key))
        if entry is None or entry.number != number or entry.previous != previous or not sealed:
            return Chain(tuple(entries), _bad(log, number, entry, sealed))
        entries.append(entry)
        previous = hash_of(line[:-1])
        if key is not None:
            last, key = key, next_key(key)
    return Chain(tuple(entries), None, (last, key) if key else ())


def _bad(log: Lines, number: int, entry: Entry | None, sealed: bool) -> Bad:
    """What became of the entry whose place is `number`. sealed: does the seal of what stands there hold?"""
    if not log.lines[number - 1].endswith(b"\n"):
        return Bad(number, NOT_WHOLE)
    if entry is None:
        return Bad(number, "it was edited: its line is no entry any more")
    if entry.number != number and (log.auditor_key is None or log.is_genuine(number, entry)):
        return Bad(number, _moved(log, number, entry))
    if number == 1 and not sealed:
        return Bad(1, _first_not_sealed(log, entry))
    if not sealed:
        return Bad(number, "it was edited, or written by somebody without the key: its seal does not hold")
    if log.auditor_key is None and number > 1:  # which of the two was changed only the seals say
        return Bad(number - 1, f"it was edited: entry {number} was chained to another content of it")
    return Bad(number, "it was edited, or forged with the key of that entry: it is not chained to the one before")


def _first_not_sealed(log: Lines, entry: Entry) -> str:
    """The seal of the first line does not hold: was that line edited, or is it another log?"""
    assert log.auditor_key is not None
    given, stated = auditor_key_id(log.auditor_key), entry.facts.get("key")
    second = log.entry(2) if len(log.lines) > 1 else None
    if second and second.number == 2 and log.is_genuine(2, second):
        return "it was edited: its seal does not hold, and that of the next does"
    if stated != given:
        return (
            f"the log was begun with the key {stated}, and the key given is {given}: it was replaced wholesale, or "
            "this is the key of another log"
        )
    return "its seal does not hold: it was edited, or the log replaced wholesale"


def _moved(log: Lines, number: int, entry: Entry) -> str:
    """A true entry of this log stands where another belongs."""
    if entry.number < number:
        return f"entry {entry.number} stands in its place, where it was moved or copied: entries were reordered"
    later = (log.entry(place) for place in range(number + 1, len(log.lines) + 1))
    if any(other and other.number == number for other in later):
        return f"entry {entry.number} stands in its place, and it stands further down: entries were reordered"
    more = entry.number - number - 1
    others = f", with {more} after it" if more else ""
    return f"it was removed{others}: entry {entry.number} stands in its place"
