"""Pseudonyms: keyed hashes of persons and households, and their keys.

A pseudonym is HMAC-SHA256 of the value (RFC 2104), cut to 32 hexadecimal
digits (128 bits: among a million people the chance that any two share one is
below 1e-26). Each purpose has its own key, derived by HKDF (RFC 5869), so
two data sets made for two purposes cannot be joined on their pseudonyms.
There is no default key. The demo's key is public: it carries a mark, and
`require_secret` refuses it for real data.
"""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pandas as pd
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from phm_utils.errors import InputError
from phm_utils.privacy.access import warn_if_open
from phm_utils.runs import project_root

MIN_KEY_BYTES = 32
PSEUDONYM_DIGITS = 32
DEMO_MARK = b"SYNTHETIC DATA ONLY "
_BLOCK_BYTES = 64  # of SHA-256, which HMAC pads its key to
_HEX = re.compile(rb"[0-9A-Fa-f\s]+")
_NEW_KEY = "Make one with `phm key FILE`."


def demo_key(seed: int) -> bytes:
    """The key of a synthetic data set, from its seed. Marked, so that `require_secret` recognises it."""
    return DEMO_MARK + hashlib.sha256(f"phm demo key {seed}".encode()).digest()


def is_demo_key(key: bytes) -> bool:
    """Whether this key was made by `demo_key`."""
    return key.startswith(DEMO_MARK)


def require_secret(key: bytes, *, synthetic: bool) -> bytes:
    """`key` itself; InputError where it would not keep real people's pseudonyms secret."""
    if is_demo_key(key) and not synthetic:
        raise InputError(
            "The demo's key is public and the data are not synthetic: anybody could recompute every pseudonym. "
            f"Use your own key, kept outside the workbook's folder. {_NEW_KEY}"
        )
    if len(key) < MIN_KEY_BYTES:
        raise InputError(f"A key of {len(key)} bytes is too short: {MIN_KEY_BYTES} or more are needed. {_NEW_KEY}")
    return key


def make_key(path: Path | str) -> None:
    """Write a new random key as hexadecimal text, readable by its owner alone; never over an old one."""
    path = _outside_workbook(path)
    warn_if_open(path.parent)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputError(f"{path} exists: an overwritten key cannot be recovered. Choose another name.") from None
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror}). Choose a folder that you can write to."
        ) from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(MIN_KEY_BYTES) + "\n")


def load_key(path: Path | str) -> bytes:
    """Read a key file: hexadecimal text (as `make_key` writes), or the bytes themselves.

    Refused: a file inside the workbook's folder, where it would be shared
    with the notebooks; fewer than 32 bytes; a typed sentence, which is
    guessable at any length.
    """
    path = _outside_workbook(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"Key file {path} cannot be read ({error.strerror}). {_NEW_KEY}") from None
    if _HEX.fullmatch(content):
        digits = b"".join(content.split()).decode()
        if len(digits) % 2:
            raise InputError(f"Key file {path} has {len(digits)} hexadecimal digits: one is missing. {_NEW_KEY}")
        content = bytes.fromhex(digits)
    elif all(32 <= byte < 127 or byte in b"\r\n\t" for byte in content):
        raise InputError(f"Key file {path} has typed text, which can be guessed. {_NEW_KEY}")
    if len(content) < MIN_KEY_BYTES:
        raise InputError(f"Key file {path} has {len(content)} bytes, not {MIN_KEY_BYTES} or more. {_NEW_KEY}")
    return content


def purpose_key(key: bytes, purpose: str) -> bytes:
    """The key of 32 bytes for one purpose: HKDF-SHA256, no salt, the purpose as context."""
    return HKDF(algorithm=SHA256(), length=MIN_KEY_BYTES, salt=None, info=f"phm purpose {purpose}".encode()).derive(key)


def key_id(key: bytes) -> str:
    """Identifier of a key for manifests: eight hexadecimal digits from which the key cannot be derived."""
    return HKDF(algorithm=SHA256(), length=4, salt=None, info=b"phm key id").derive(key).hex()


def pseudonym(value: str, key: bytes) -> str:
    """The pseudonym of one value under one purpose's key: 32 hexadecimal digits."""
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:PSEUDONYM_DIGITS]


def pseudonyms(values: Iterable[str | None], key: bytes) -> list[str | None]:
    """`pseudonym` of every value, in their order; a missing value stays missing.

    Written as two SHA-256 over padded keys (the definition of HMAC) and run
    by DuckDB with the pads bound as parameters, so that the key is never
    part of a query's text: about a second for a million values.
    """
    column = pd.Series(list(values), dtype="string").rename("v")
    with duckdb.connect(":memory:", config={"threads": 1}) as con:
        con.register("given", column.reset_index().set_axis(["i", "v"], axis=1))
        rows = con.execute(f"SELECT {_hmac('v')} FROM given ORDER BY i", _pads(key)).fetchall()
    return [made for (made,) in rows]


def make_pseudonyms(con: duckdb.DuckDBPyConnection, table: str, name: str, sql: str, key: bytes) -> None:
    """Make the temporary table of `name` and `token` from a query of `name` and `value`, in `con` itself.

    token: `pseudonym` of `value` under one purpose's key. As `pseudonyms`, for millions of values.
    """
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {name}, {_hmac('value')} AS token FROM ({sql})", _pads(key)
    )


def _hmac(value: str) -> str:
    """SQL for the pseudonym of a text, with `_pads` bound."""
    return f"left(sha256($outer_pad::BLOB || unhex(sha256($inner_pad::BLOB || encode({value})))), {PSEUDONYM_DIGITS})"


def _pads(key: bytes) -> dict[str, bytes]:
    """The inner and outer padded keys of RFC 2104, by the names under which `_hmac` binds them."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK_BYTES else key).ljust(_BLOCK_BYTES, b"\0")
    return {"inner_pad": bytes(b ^ 0x36 for b in block), "outer_pad": bytes(b ^ 0x5C for b in block)}


def _outside_workbook(path: Path | str) -> Path:
    path = Path(path).expanduser().resolve()
    if path.is_relative_to(project_root().resolve()):
        raise InputError(
            f"Key file {path.name} lies inside the workbook's folder, which is copied and shared. "
            "Keep keys in a separate folder, readable by you alone."
        )
    return path
