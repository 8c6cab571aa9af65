"""The file of encoded records that a council sends: two columns and a block of settings.

`record_id` and `clk`: the record's Bloom filter, encrypted. Unencrypted filters
are the weak point of this method: without the key, bits that often occur
together can be matched to the commonest names (frequency, pattern-mining and
graph-matching attacks; hardening by folding, balancing or noise only slows
them, and costs links). Only a holder of the key compares filters, so each is
encrypted and authenticated with AES-SIV (RFC
5297), bound to its record id and to the settings: without the key a file is
noise, equal people differ in it, and any change is detected.

Remaining risk: a holder of the key can encode a guessed person and test whether
a record is theirs; no linkable encoding prevents that. So only the council and
the linking team have the key; unlinked people are not tried against other
lists; file and key are sent separately; and an agreement covers all of it. The
number of records is visible.

Settings: how the filters were made. A file with other settings or another key is refused.
"""

import base64
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from phm_utils.errors import InputError
from phm_utils.linkage.bloom import FIELDS, FILTER_BITS
from phm_utils.privacy.pseudonyms import key_id, purpose_key

SCHEMA = 2  # raise it whenever the same person would get another filter: fields, tokens, cleaning
ENDINGS = (".parquet", ".csv")
COLUMNS = ["record_id", "clk"]
_METADATA = b"phm_encoding"
_COMMENT = "# "
_SEALED_BYTES = 16 + FILTER_BITS // 8


def encoding_key(key: bytes) -> bytes:
    """The key of encoding, from the key that council and NHS share; further keys are derived from it."""
    return purpose_key(key, "encode")


def settings(key: bytes, national: str) -> dict:
    """The settings of a file: schema, cleaning, lengths, hashes, and the key's id."""
    fields = {field.name: {"bits": field.bits, "hashes": field.hashes} for field in FIELDS}
    made = {"schema": SCHEMA, "bits": FILTER_BITS, "fields": fields, "cleaning": national}
    return {**made, "key_id": key_id(encoding_key(key))}


def write_encoded(path: Path, record_ids: list[str], filters: np.ndarray, key: bytes, national: str) -> None:
    """Write the file, complete or not at all; its rows in the order of `record_ids`.

    path: ends with .parquet (settings in the file's metadata) or .csv
        (settings in its first line, a comment).
    """
    text = _as_text(settings(key, national))
    rows = pd.DataFrame({"record_id": record_ids, "clk": _seal(record_ids, filters, key, text)}, dtype="string")
    draft = draft_of(path)
    try:
        if writable(path) == ".parquet":
            table = pa.table({column: pa.array(rows[column], pa.string()) for column in COLUMNS})
            pq.write_table(table.replace_schema_metadata({_METADATA: text}), draft)
        else:
            draft.write_text(
                _COMMENT + text + "\n" + rows.to_csv(index=False, lineterminator="\n"), "utf-8", newline=""
            )
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def draft_of(path: Path) -> Path:
    """Where this process drafts a file."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def read_encoded(path: Path, key: bytes, national: str) -> tuple[list[str], np.ndarray]:
    """The record ids of an encoded file, and their filters: one row of 16 words each.

    national: how the list must have been cleaned, see `scheme.Scheme`.
    Raises InputError for a file not written by `phm encode`, of another
    schema, cleaning or key, or changed since.
    """
    found, rows = _read(path)
    _check(path, found, settings(key, national))
    return list(rows["record_id"]), _open(path, rows, key, _as_text(found))


def writable(path: Path) -> str:
    """The ending of an encoded file's name; refused where it is neither of the two."""
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"{path.name}: an encoded file's name ends with .parquet or .csv. Choose one of the two.")
    return path.suffix.lower()


def _as_text(found: dict) -> str:
    return json.dumps(found, sort_keys=True)


def _cipher(key: bytes) -> AESSIV:
    encoding = encoding_key(key)
    return AESSIV(purpose_key(encoding, "seal, first half") + purpose_key(encoding, "seal, second half"))


def _seal(record_ids: list[str], filters: np.ndarray, key: bytes, text: str) -> list[str]:
    cipher, bound = _cipher(key), text.encode()
    return [
        base64.b64encode(cipher.encrypt(row.tobytes(), [bound, record_id.encode()])).decode()
        for record_id, row in zip(record_ids, filters, strict=True)
    ]


def _open(path: Path, rows: pd.DataFrame, key: bytes, text: str) -> np.ndarray:
    cipher, bound = _cipher(key), text.encode()
    opened, broken = bytearray(), 0
    for record_id, sealed in rows.itertuples(index=False):
        try:
            data = base64.b64decode(sealed, validate=True)
            opened += cipher.decrypt(data, [bound, record_id.encode()]) if len(data) == _SEALED_BYTES else b""
            broken += len(data) != _SEALED_BYTES
        except (ValueError, InvalidTag):
            broken += 1
    if broken:
        raise InputError(
            f"{path.name}: {broken} of {len(rows)} encodings are not as `phm encode` wrote them with this key. "
            "Were rows or record ids edited? Ask for the file again."
        )
    return np.frombuffer(bytes(opened), dtype=np.uint64).reshape(len(rows), -1)


def _read(path: Path) -> tuple[dict, pd.DataFrame]:
    """The settings and rows of a file, unchecked."""
    refusal = InputError(
        f"{path.name} is not an encoded list: it lacks the settings that `phm encode` writes. "
        "Ask the council to encode its list again; do not open and save the file with another program."
    )
    try:
        if writable(path) == ".parquet":
            table = pq.read_table(path)
            text, rows = (table.schema.metadata or {}).get(_METADATA, b"").decode(), table.to_pandas()
        else:
            with path.open(encoding="utf-8") as file:
                text = file.readline().removeprefix(_COMMENT)
                rows = pd.read_csv(file, dtype=str, keep_default_na=False)
        found = json.loads(text)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist. Give the path of the encoded list.") from None
    except (ValueError, RecursionError, pa.ArrowException, pd.errors.ParserError):  # their messages could quote a row
        raise refusal from None
    if list(rows.columns) != COLUMNS or rows.isna().any(axis=None) or not isinstance(found, dict):
        raise refusal
    return found, rows


def _check(path: Path, found: dict, ours: dict) -> None:
    """Refuse settings that differ from ours, with the most likely reason."""
    if found.get("schema") != SCHEMA:
        raise InputError(
            f"{path.name} was encoded by schema {found.get('schema')} and this version reads schema {SCHEMA}. "
            "Council and NHS need the same version of the workbook: update the older, and encode again."
        )
    if found.get("key_id") != ours["key_id"]:
        raise InputError(
            f"{path.name} was encoded with key {found.get('key_id')} and the key given is {ours['key_id']}. "
            "Give the key file that this council and the NHS share for this agreement."
        )
    if found != ours:
        raise InputError(
            f"{path.name} was cleaned or encoded by other rules than ours. "
            "Council and NHS need the same version of the workbook: update the older, and encode again."
        )
