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
from itertools import pairwise
from pathlib import Path

import duckdb
import pandas as pd
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from phm_utils.engine import session
from phm_utils.errors import InputError
from phm_utils.privacy.access import refuse_if_open, warn_if_open
from phm_utils.runs import project_root

MIN_KEY_BYTES = 32
PSEUDONYM_DIGITS = 32
MIN_DIFFERENT_BYTES = 16  # of 32 random bytes about 30 differ; fewer than 16 do once in 10^15 keys
DEMO_MARK = b"SYNTHETIC DATA ONLY "
_BLOCK_BYTES = 64  # of SHA-256, which HMAC pads its key to
_HEX = re.compile(rb"[0-9A-Fa-f\s]+")
_ENCODINGS = {"utf-8": "with a byte-order mark", "utf-16": "in UTF-16", "utf-16-le": "in UTF-16",
              "utf-16-be": "in UTF-16", "utf-32": "in UTF-32"}  # fmt: skip
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
    if not synthetic and (weakness := _weakness(key)):
        raise InputError(f"The key can be guessed: {weakness}. {_NEW_KEY}")
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
    with the notebooks, or one that others may read; digits with a byte-order
    mark or in UTF-16, whose bytes would be another key; fewer than 32 bytes;
    what can be guessed at any length: typed text, also as digits, few different
    bytes, bytes in equal steps, or a short block repeated.
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
    elif encoding := _text_encoding(content):
        raise InputError(f"Key file {path} has {encoding}. {_NEW_KEY}")
    if len(content) < MIN_KEY_BYTES:
        raise InputError(f"Key file {path} has {len(content)} bytes, not {MIN_KEY_BYTES} or more. {_NEW_KEY}")
    if weakness := _weakness(content):
        raise InputError(f"Key file {path} can be guessed: {weakness}. {_NEW_KEY}")
    refuse_if_open(path, "Key file")
    return content


def _text_encoding(content: bytes) -> str | None:
    """What to say of a key file that is text and not plain hexadecimal digits; None for random bytes."""
    for encoding, words in _ENCODINGS.items():
        try:
            text = content.decode(encoding).strip("\ufeff")
        except UnicodeError:
            continue
        if not text or not all(sign.isprintable() or sign in "\r\n\t" for sign in text):
            continue
        if re.fullmatch(r"[0-9A-Fa-f\s]+", text):
            return f"its hexadecimal digits {words}, and would be read as another key: save it as plain text (ASCII)"
        if encoding == "utf-8" or text.isascii():
            return "typed text, which can be guessed"
    return None


def _weakness(key: bytes) -> str | None:
    """Why a key of enough bytes can be guessed all the same; None for one that looks random."""
    if (different := len(set(key))) < MIN_DIFFERENT_BYTES:
        return f"it has {different} different byte{'s' * (different > 1)} among {len(key)}"
    if period := next((n for n in range(1, len(key) // 2 + 1) if key[n:] == key[:-n]), None):
        return f"it repeats itself after {period} bytes"
    if len({(second - first) % 256 for first, second in pairwise(key)}) < MIN_DIFFERENT_BYTES // 2:
        return "its bytes follow from one another in few steps"
    if all(32 <= byte < 127 for byte in key):
        return "its digits spell typed text"
    return None


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
    with session() as con:
        con.register("given", column.reset_index().set_axis(["i", "v"], axis=1))
        rows = con.execute(f"SELECT {pseudonym_sql('v')} FROM given ORDER BY i", pads_of(key)).fetchall()
    return [made for (made,) in rows]


def make_pseudonyms(con: duckdb.DuckDBPyConnection, table: str, name: str, sql: str, key: bytes) -> None:
    """Make the temporary table of `name` and `token` from a query of `name` and `value`, in `con` itself.

    token: `pseudonym` of `value` under one purpose's key. As `pseudonyms`, for millions of values.
    """
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {name}, {pseudonym_sql('value')} AS token FROM ({sql})",
        pads_of(key),
    )


def pseudonym_sql(value: str, which: str = "") -> str:
    """SQL for the pseudonym of a text, with `pads_of` bound. which: a name of the key, where a query has several."""
    inner, outer = f"$inner_pad{which}::BLOB", f"$outer_pad{which}::BLOB"
    return f"left(sha256({outer} || unhex(sha256({inner} || encode({value})))), {PSEUDONYM_DIGITS})"


def pads_of(key: bytes, which: str = "") -> dict[str, bytes]:
    """The inner and outer padded keys of RFC 2104, by the names under which `pseudonym_sql` binds them."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK_BYTES else key).ljust(_BLOCK_BYTES, b"\0")
    return {f"inner_pad{which}": bytes(b ^ 0x36 for b in block), f"outer_pad{which}": bytes(b ^ 0x5C for b in block)}


def _outside_workbook(path: Path | str) -> Path:
    path = Path(path).expanduser().resolve()
    if path.is_relative_to(project_root().resolve()):
        raise InputError(
            f"Key file {path.name} lies inside the workbook's folder, which is copied and shared. "
            "Keep keys in a separate folder, readable by you alone."
        )
    return path
