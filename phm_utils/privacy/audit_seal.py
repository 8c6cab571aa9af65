"""An entry of the audit log, its seal, and the key that is gone when the entry is written.

An entry is one line of JSON: its number, when, its kind, the action, facts, the
SHA-256 of the line before, and last the seal: HMAC-SHA256 of all that stands
before it. The key of entry 1 comes by HKDF from the auditor's key and the log's
own id, and the key of each following entry from the one before. A writer holds
the key of the next entry alone. No key can be worked out from a later one, so
what was written can be sealed again by nobody but the auditor.

Sources: Bellare and Yee 1997, Forward integrity for secure audit logs (UC San
Diego); Schneier and Kelsey 1999, Secure audit logs to support computer
forensics, doi:10.1145/317087.317089; HKDF is RFC 5869.
"""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import TypeGuard

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from phm_utils.privacy.audit_facts import Facts
from phm_utils.privacy.pseudonyms import key_id, purpose_key

BEGIN, INTENT, OUTCOME, REFUSED, RECOVERED = KINDS = ("begin", "intent", "outcome", "refused", "recovered")
START = "0" * 64  # what entry 1 states as the hash of the line before
KEY_BYTES = 32
_END = re.compile(rb',"seal":"([0-9a-f]{64})"\}')
_END_BYTES = len(',"seal":""}') + 64
_LOG = re.compile("[0-9a-f]{16}")
_HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Entry:
    """An entry as it was read.

    number: from 1. when: UTC, such as 2025-03-31T09:14:07Z. kind: one of KINDS. action: what was asked for.
    previous: SHA-256 of the line before.
    """

    number: int
    when: str
    kind: str
    action: str
    facts: Facts
    previous: str


_NAMES = tuple(field.name for field in fields(Entry))


def is_log_id(value: object) -> TypeGuard[str]:
    """Can this be the id of a log: 16 hexadecimal digits?"""
    return isinstance(value, str) and bool(_LOG.fullmatch(value))


def first_key(auditor_key: bytes, log: str) -> bytes:
    """The key of entry 1. auditor_key: as `load_key` reads it. log: the log's id, so that no two logs share a key."""
    context = f"phm audit log {log} entry 1".encode()
    return HKDF(SHA256(), KEY_BYTES, None, context).derive(purpose_key(auditor_key, "audit"))


def next_key(key: bytes) -> bytes:
    """The key of the entry after the one that `key` seals."""
    return HKDF(SHA256(), KEY_BYTES, None, b"phm audit next entry").derive(key)


def key_of(number: int, first: bytes) -> bytes:
    """The key of an entry, from that of entry 1."""
    for _ in range(number - 1):
        first = next_key(first)
    return first


def auditor_key_id(auditor_key: bytes) -> str:
    """Eight hexadecimal digits by which the log names the auditor's key."""
    return key_id(purpose_key(auditor_key, "audit"))


def now() -> str:
    """This moment, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sealed_line(entry: Entry, key: bytes) -> bytes:
    """An entry as its line, without the line break; `key` is that entry's own."""
    stated = {
        "number": entry.number,
        "when": entry.when,
        "kind": entry.kind,
        "action": entry.action,
        "facts": dict(entry.facts),
        "previous": entry.previous,
    }
    body = json.dumps(stated, ensure_ascii=True, separators=(",", ":")).encode()[:-1]
    return body + b',"seal":"' + hmac.new(key, body, hashlib.sha256).hexdigest().encode() + b'"}'


def seal_holds(line: bytes, key: bytes) -> bool:
    """Was this line, without its break, sealed with `key`, and not changed since?"""
    if not (end := _END.fullmatch(line, max(len(line) - _END_BYTES, 0))):
        return False
    expected = hmac.new(key, line[:-_END_BYTES], hashlib.sha256).hexdigest().encode()
    return hmac.compare_digest(expected, end[1])


def hash_of(line: bytes) -> str:
    """SHA-256 of a line without its break, in hexadecimal digits: what the entry after it states."""
    return hashlib.sha256(line).hexdigest()


def read_entry(line: bytes) -> Entry | None:
    """The entry in a line; None where it is none. Its seal is not looked at.

    >>> read_entry(b'{"number": 1') is None
    True
    """
    if not _END.fullmatch(line, max(len(line) - _END_BYTES, 0)):
        return None
    try:
        content = json.loads(line)
        entry = Entry(*map(content.__getitem__, _NAMES))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return entry if _is_sound(entry) else None


def _is_sound(entry: Entry) -> bool:
    return (
        type(entry.number) is int
        and entry.number > 0
        and type(entry.when) is str
        and type(entry.kind) is str
        and type(entry.action) is str
        and type(entry.facts) is dict
        and type(entry.previous) is str
        and bool(_HASH.fullmatch(entry.previous))
    )
