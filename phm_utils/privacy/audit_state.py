"""The two small files beside a log: the head, which counts its entries, and the seal, the key of the next entry."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from phm_utils.errors import InputError
from phm_utils.json_files import load_json
from phm_utils.privacy.audit_place import Place
from phm_utils.privacy.audit_seal import hash_of, is_log_id, next_key

HEAD, SEAL = "phm audit head 1", "phm audit seal 1"
ASK = "Nothing was recorded. Tell the holder of the auditor's key: `phm audit verify` says what is wrong."
_HASH = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Head:
    """How many entries a log has, and the SHA-256 of the last. log: the log's id."""

    log: str
    count: int
    hash: str

    def content(self) -> bytes:
        return _written({"format": HEAD, "log": self.log, "count": self.count, "hash": self.hash})


@dataclass(frozen=True)
class Seal:
    """The number of the next entry and its key. log: the log's id."""

    log: str
    number: int
    key: bytes

    def __repr__(self) -> str:  # a key stands in no error text
        return f"Seal({self.log!r}, {self.number})"

    def content(self) -> bytes:
        return _written({"format": SEAL, "log": self.log, "next": self.number, "key": self.key.hex()})

    def advanced(self) -> "Seal":
        """That of the entry after."""
        return Seal(self.log, self.number + 1, next_key(self.key))

    def head_of(self, line: bytes) -> Head:
        """The head once `line`, sealed with this key, is the last."""
        return Head(self.log, self.number, hash_of(line))


def read_head(place: Place) -> Head:
    """The head on disk. Raises InputError where it is missing or not as the log wrote it."""
    content = _read(place.head, HEAD, ("log", "count", "hash"))
    head = Head(content["log"], content["count"], content["hash"])
    if not (_is_count(head.count) and is_log_id(head.log) and _is(_HASH, head.hash)):
        raise InputError(f"{place.head} is not as the audit log wrote it. {ASK}")
    return head


def read_seal(place: Place) -> Seal:
    """The seal on disk. Raises InputError as `read_head`."""
    content = _read(place.seal, SEAL, ("log", "next", "key"))
    if not (_is_count(content["next"]) and is_log_id(content["log"]) and _is(_HASH, content["key"])):
        raise InputError(f"{place.seal} is not as the audit log wrote it. {ASK}")
    return Seal(content["log"], content["next"], bytes.fromhex(content["key"]))


def _read(path: Path, form: str, names: tuple[str, ...]) -> dict[str, Any]:
    content = load_json(path, ASK, most=10_000)
    if set(content) != {"format", *names} or content["format"] != form:
        raise InputError(f"{path} is not as the audit log wrote it. {ASK}")
    return content


def _is(form: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and bool(form.fullmatch(value))


def _is_count(value: object) -> bool:
    return type(value) is int and value > 0


def _written(content: dict[str, Any]) -> bytes:
    return (json.dumps(content) + "\n").encode()
