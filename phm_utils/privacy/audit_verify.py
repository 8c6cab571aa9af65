"""Is an audit log as it was written? The first bad entry, and why."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise

from phm_utils.errors import InputError
from phm_utils.privacy.audit_anchor import Anchor, older_than
from phm_utils.privacy.audit_chain import Bad, Chain, Lines, walk
from phm_utils.privacy.audit_place import Place
from phm_utils.privacy.audit_seal import INTENT, OUTCOME, RECOVERED, Entry, auditor_key_id, hash_of, read_entry
from phm_utils.privacy.audit_state import Head, Seal, read_head, read_seal

KILLED = "a command was killed while it wrote it, or is writing it; the next one completes it"


@dataclass(frozen=True)
class Verdict:
    """What was found. entries: those in order before the first bad one, `bad`; all, where that is None.

    key: id of the key under which the seals were checked; None where only the chain was. doubtful: what can be read
    from the bad one on, not to be relied on. notes: what is no fault, and is to be known.
    """

    entries: tuple[Entry, ...]
    bad: Bad | None = None
    key: str | None = None
    doubtful: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def open_intents(self) -> tuple[Entry, ...]:
        """Intents without an outcome: interrupted, or still at work."""
        ended = {str(e.facts.get("intent")) for e in self.entries if e.kind == OUTCOME}
        return tuple(e for e in self.entries if e.kind == INTENT and str(e.number) not in ended)


def verify(place: Place, auditor_key: bytes | None = None, anchor: Anchor | None = None) -> Verdict:
    """Read a whole log and compare it with its seals, seal file and head and, where given, an earlier anchor.

    auditor_key: without it only chain and head are looked at, and whoever can write both can forge both.
    Nothing is changed. Raises InputError where no log is there.
    """
    if not place.exists:
        raise InputError(f"No audit log was begun in {place.folder}. `phm audit begin` begins it.")
    lines, seal, head = _read(place)
    chain = walk(Lines(lines, auditor_key, tuple(state.log for state in (head, seal) if state)))
    bad, notes = (chain.bad, ()) if chain.bad else _ends(place, lines, chain, seal, head)
    if bad is None and anchor:
        bad = _older(anchor, lines, chain)
    sound = chain.entries[: bad.number - 1] if bad else chain.entries
    key = auditor_key_id(auditor_key) if auditor_key else None
    notes = (*notes, *_clock(sound), *_set_aside(place, sound))
    doubtful = (read_entry(line.rstrip(b"\n")) for line in lines[len(sound) :])
    return Verdict(sound, bad, key, tuple(entry for entry in doubtful if entry), notes)


def _read(place: Place) -> tuple[list[bytes], Seal | None, Head | None]:
    """The lines with their breaks, the seal and the head; None for one that is missing or cannot be read."""
    seal: Seal | None = None
    head: Head | None = None
    with ExitStack() as stack:
        with suppress(OSError):  # nobody is at work on a copy that cannot be written to
            stack.enter_context(place.held())
        lines = list(BytesIO(place.log.read_bytes())) if place.log.exists() else []
        with suppress(InputError):
            seal = read_seal(place)
        with suppress(InputError):
            head = read_head(place)
    return lines, seal, head


def _ends(
    place: Place, lines: list[bytes], chain: Chain, seal: Seal | None, head: Head | None
) -> tuple[Bad | None, tuple[str, ...]]:
    """Do head and seal fit entries that hold by themselves? And what is to be known where they do."""
    count = len(chain.entries)
    known = max(head.count if head else 0, seal.number - 1 if seal else 0)
    if known > count:
        return Bad(count + 1, f"it is gone: {known} entries were written, and the log was cut short after {count}"), ()
    if head is None or seal is None:
        missing = place.head if head is None else place.seal
        return Bad(max(count, 1), f"{missing} is missing or was edited, so the log may have been cut short here"), ()
    log = chain.entries[0].facts.get("log")
    for path, state in ((place.head, head), (place.seal, seal)):
        if state.log != log:
            return Bad(1, f"this is the log {log}, and {path} is of {state.log}: replaced wholesale"), ()
    if hash_of(lines[head.count - 1][:-1]) != head.hash:
        return Bad(head.count, f"the head ({place.head}) states another content of it: one of the two was replaced"), ()
    behind = count - min(head.count, seal.number - 1)
    if behind > 1 or head.count > seal.number - 1:
        known = min(head.count, seal.number - 1)
        return Bad(known + 1, "head or seal do not know it: they were set back, or it was added by somebody else"), ()
    if chain.keys and seal.key != chain.keys[seal.number - count]:
        return Bad(count, f"{place.seal} has another key than follows it: cut short after it, or that file changed"), ()
    return None, (f"Entry {count}: {KILLED}.",) if behind else ()


def _older(anchor: Anchor, lines: list[bytes], chain: Chain) -> Bad | None:
    fault = older_than(anchor, chain.entries, [hash_of(line[:-1]) for line in lines])
    return Bad(*fault) if fault else None


# What is no fault.


def _clock(entries: tuple[Entry, ...]) -> Iterator[str]:
    """The clock was set back: the first entry that shows it."""
    for before, entry in pairwise(entries):
        if entry.when < before.when:
            yield f"Entry {entry.number} says {entry.when}, and the one before {before.when}: the clock was set back."
            return


def _set_aside(place: Place, entries: tuple[Entry, ...]) -> Iterator[str]:
    """What was not written whole: where it is, or that it is gone."""
    for entry in entries:
        if entry.kind == RECOVERED:
            file = place.folder / str(entry.facts.get("file"))
            found = "is in" if file.is_file() else "was set aside, and is no more, in"
            yield f"Entry {entry.number}: what a killed command, or somebody else, left at the end {found} {file.name}."
