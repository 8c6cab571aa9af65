"""The audit log: the intent is on disk before a list is opened, the outcome before it is given. No audit, no list.

`docs/AUDIT.md` says what the log protects against, and what not.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from phm_utils.errors import InputError, StepFailed
from phm_utils.params import Workbook
from phm_utils.privacy.audit_facts import OWN, Facts, check_facts, safe_words
from phm_utils.privacy.audit_place import Place, place_of
from phm_utils.privacy.audit_seal import (
    BEGIN,
    INTENT,
    OUTCOME,
    REFUSED,
    START,
    auditor_key_id,
    first_key,
    read_entry,
)
from phm_utils.privacy.audit_state import Seal
from phm_utils.privacy.audit_writing import Settled, commit, settled, writing
from phm_utils.privacy.pseudonyms import demo_key

DONE, FAILED = "done", "failed"
NO_OUTCOME = "the program stated no outcome"


class AuditLog:
    """An open log. Two processes may write into one log at once.

    Raises InputError where it was not begun, or its end, seal and head do not fit together. What lies before the
    end is looked at by `audit_verify.verify` alone.
    """

    def __init__(self, folder: Path | str, head_folder: Path | str) -> None:
        self.place = Place(Path(folder), Path(head_folder))
        if not self.place.exists:
            raise InputError(
                f"No audit log was begun in {folder}, and without one no list is made. The holder of the auditor's key "
                "begins it: `phm audit begin PARAMETERS --key-file FILE`."
            )
        with writing(self.place):
            settled(self.place)

    @classmethod
    def of(cls, workbook: Workbook) -> "AuditLog":
        """The log of a parameter file. Of real data, one begun with the demo's public key is refused."""
        place = place_of(workbook)
        log = cls(place.folder, place.head_folder)
        if not workbook.synthetic and key_of_log(place) == auditor_key_id(demo_key(0)):
            raise InputError(
                f"The audit log {place.folder} was begun with the demo's public key, so anybody could forge it. "
                "Begin another with the auditor's own: `phm audit begin PARAMETERS --key-file FILE`."
            )
        return log

    @contextmanager
    def recorded(self, action: str, facts: Facts) -> Iterator["Recorded"]:
        """A block that opens or gives out a list: its intent is on disk when it begins.

        action: such as "reidentify". The block calls `outcome` of what it gets, once, before anything is given out.
        One that ends with an error has the outcome "refused" (InputError, with its first line) or "failed" (with the
        error's class). Raises StepFailed where the intent or outcome cannot be written: nothing may be given out.
        """
        entry = Recorded(self, action, self._write(INTENT, action, facts))
        try:
            yield entry
        except BaseException as error:
            with suppress(StepFailed, InputError):  # the intent stands, without an outcome: the error itself is said
                entry.broken(error)
            raise
        if not entry.told:
            entry.end(FAILED, {"why": NO_OUTCOME})
            raise RuntimeError(f"audit: {action}: {NO_OUTCOME}")

    def attempt(self, action: str, facts: Facts, *, refused: str) -> None:
        """Record that something was asked for and refused before anything was opened. refused: why."""
        self._write(REFUSED, action, facts, {"refused": safe_words(refused)})

    def _write(self, kind: str, action: str, facts: Facts, own: Facts | None = None) -> int:
        """Write an entry; its number. own: facts that the log itself states."""
        check_facts(facts)
        check_facts({"action": action}, OWN)
        with writing(self.place):
            at = settled(self.place)
            commit(self.place, at, kind, action, {**facts, **(own or {})})
        return at.seal.number


class Recorded:
    """An intent that is on disk. number: of its entry. told: was an outcome recorded?"""

    def __init__(self, log: AuditLog, action: str, number: int) -> None:
        self._log, self._action = log, action
        self.number, self.told = number, False

    def outcome(self, facts: Facts) -> None:
        """Record what was given. Raises StepFailed where it cannot be written: then give nothing, or withdraw it."""
        if self.told:
            raise ValueError("audit: an outcome was recorded already.")
        self.end(DONE, {}, facts)

    def broken(self, error: BaseException) -> None:
        """Record that the block ended with an error."""
        refused = isinstance(error, InputError)
        self.end(REFUSED if refused else FAILED, {"why": safe_words(str(error)) if refused else type(error).__name__})

    def end(self, result: str, own: Facts, facts: Facts | None = None) -> None:
        """Record an outcome."""
        known: Facts = {"intent": self.number, "result": result, **own}
        self._log._write(OUTCOME, self._action, facts or {}, known)
        self.told = True


def begin(place: Place, auditor_key: bytes, *, root: Path, synthetic: bool) -> None:
    """Begin a log: its folders and first entry. Refused where a log, or part of one, is there.

    auditor_key: as `load_key` reads it; it is not kept. root: the identified root. Raises InputError, StepFailed.
    """
    _refuse_second(place)
    place.make(root, synthetic=synthetic)
    with writing(place):
        _refuse_second(place)
        log = secrets.token_hex(8)
        start = Settled(Seal(log, 1, first_key(auditor_key, log)), START, 0)
        commit(place, start, BEGIN, "begin", {"log": log, "key": auditor_key_id(auditor_key)})


def key_of_log(place: Place) -> str | None:
    """The id of the auditor's key that the first entry of a log states, if it can be read."""
    with suppress(OSError), place.log.open("rb") as file:
        entry = read_entry(file.readline().rstrip(b"\n"))
        return str(entry.facts.get("key")) if entry else None
    return None


def _refuse_second(place: Place) -> None:
    if place.exists:
        raise InputError(
            f"An audit log, or part of one, is in {place.folder} or {place.head_folder}: it is never begun again. "
            "For a new one name other folders in `audit`, and keep these with an anchor (`phm audit anchor`)."
        )
