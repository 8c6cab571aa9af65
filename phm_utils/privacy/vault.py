"""The vault: files encrypted on disk, readable only with the root key that encrypted them.

A file is a header and a row of chunks, each locked by AES-256-GCM, so that a
table of any length is written and read in the space of a few chunks:

    "PHMVAULT"  1 byte version  4 bytes key id  32 bytes salt  chunk  chunk ...

The key of a file comes by HKDF from the root key's key for the purpose
"vault", the file's random salt, and what it holds: no two files share a key,
so a chunk's nonce is its number and whether it is the last. Chunks that are
swapped, cut off, added or changed, and a file passed off as another, are
therefore refused before any of it is used. (The construction is
STREAM: Hoang, Reyhanitabar, Rogaway and Vizár 2015, doi:10.1007/978-3-662-47989-6_24.)

Plain content is in memory only: no plain copy is written.
"""

import io
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from phm_utils.errors import InputError
from phm_utils.privacy.access import warn_if_open
from phm_utils.privacy.pseudonyms import MIN_KEY_BYTES, key_id, purpose_key

MAGIC = b"PHMVAULT"
VERSION = 1
CHUNK_BYTES = 1 << 20  # of plain content; the locked chunk is one tag longer
ROWS_AT_A_TIME = 1 << 16
_ID_BYTES, _SALT_BYTES, _TAG_BYTES, _NUMBER_BYTES = 4, 32, 16, 11
_HEADER_BYTES = len(MAGIC) + 1 + _ID_BYTES + _SALT_BYTES


@contextmanager
def writing(path: Path, key: bytes, content: str) -> Iterator[io.RawIOBase]:
    """A binary file to write into: locked on its way to disk, and in its place only if the block succeeds.

    key: the user's root key. content: what the file holds, such as "ledger":
        a file written as one thing cannot be read as another.
    Readable by its owner alone (mode 0600; folders made for it 0700). An
    earlier file stays until the new one is complete.
    """
    header = MAGIC + bytes([VERSION]) + bytes.fromhex(key_id(_long_enough(key))) + secrets.token_bytes(_SALT_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    warn_if_open(path.parent)
    for left in path.parent.glob(f".{path.name}.*.part"):  # from a run that was killed
        with suppress(OSError):
            left.unlink()
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(header)
            with _Locking(file, _Cipher(header, key, content)) as locking:
                yield locking
                locking.finish()
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)


@contextmanager
def reading(path: Path, key: bytes, content: str) -> Iterator[BinaryIO]:
    """The content of a vault file, to be read from front to back; each chunk is checked before it is given out.

    Raises InputError where the file is missing or no vault file, was locked
    with another key, holds something else, or is not as it was written.
    """
    with _opened(path) as file:
        header = _header(path, file)
        locked_with, given = header[len(MAGIC) + 1 : -_SALT_BYTES].hex(), key_id(_long_enough(key))
        if locked_with != given:
            raise InputError(
                f"{path} was locked with the key {locked_with}; the key given is {given}. Use the key that the "
                "earlier runs' manifests name."
            )
        with io.BufferedReader(_Unlocking(path, file, _Cipher(header, key, content)), CHUNK_BYTES) as unlocking:
            yield unlocking


def write_table(path: Path, data: pa.Table | pa.RecordBatchReader | pd.DataFrame, key: bytes, content: str) -> None:
    """Lock a table into a vault file, some rows at a time; a RecordBatchReader is never completely in memory."""
    if isinstance(data, pd.DataFrame):
        data = pa.Table.from_pandas(data, preserve_index=False)
    batches = data.to_batches(max_chunksize=ROWS_AT_A_TIME) if isinstance(data, pa.Table) else data
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with writing(path, key, content) as file, pa.ipc.new_stream(file, data.schema, options=options) as stream:
        for batch in batches:
            stream.write_batch(batch)


def read_table(path: Path, key: bytes, content: str) -> pa.Table:
    """The table of a vault file, checked to its end. Errors as of `reading`."""
    with reading(path, key, content) as file:
        table = pa.ipc.open_stream(file).read_all()
        file.read()  # the stream's own end mark comes before the last chunk's check
    return table


def read_bytes(path: Path, key: bytes, content: str) -> bytes:
    """The bytes of a vault file, checked to its end. Errors as of `reading`."""
    with reading(path, key, content) as file:
        return file.read()


def stamp(path: Path) -> str | None:
    """The salt of a vault file, new at every writing; None where there is no file."""
    if not path.exists():
        return None
    with _opened(path) as file:
        return _header(path, file)[-_SALT_BYTES:].hex()


class _Cipher:
    """Locks and unlocks the chunks of one file."""

    def __init__(self, header: bytes, key: bytes, content: str) -> None:
        about = b"phm vault file " + content.encode()
        derived = HKDF(algorithm=SHA256(), length=32, salt=header[-_SALT_BYTES:], info=about)
        self._gcm = AESGCM(derived.derive(purpose_key(key, "vault")))
        self._header = header

    def lock(self, number: int, last: bool, chunk: bytes | bytearray) -> bytes:
        return self._gcm.encrypt(self._nonce(number, last), bytes(chunk), self._header)

    def unlock(self, number: int, last: bool, chunk: bytes) -> bytes:
        return self._gcm.decrypt(self._nonce(number, last), chunk, self._header)

    @staticmethod
    def _nonce(number: int, last: bool) -> bytes:
        return number.to_bytes(_NUMBER_BYTES) + bytes([last])


class _Locking(io.RawIOBase):
    """A file that locks what is written into it. The last chunk is written by `finish`, and marked."""

    def __init__(self, file: BinaryIO, cipher: _Cipher) -> None:
        self._file, self._cipher = file, cipher
        self._pending, self._number = bytearray(), 0

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        view = memoryview(data).cast("B")
        for start in range(0, len(view), CHUNK_BYTES):
            self._pending += view[start : start + CHUNK_BYTES]
            if len(self._pending) > CHUNK_BYTES:  # never when just full: it may be the last
                self._put(self._pending[:CHUNK_BYTES], last=False)
                del self._pending[:CHUNK_BYTES]
        return len(view)

    def finish(self) -> None:
        self._put(self._pending, last=True)

    def _put(self, chunk: bytearray, *, last: bool) -> None:
        self._file.write(self._cipher.lock(self._number, last, chunk))
        self._number += 1


class _Unlocking(io.RawIOBase):
    """The plain content of a locked file, chunk by chunk."""

    def __init__(self, path: Path, file: BinaryIO, cipher: _Cipher) -> None:
        self._path, self._file, self._cipher = path, file, cipher
        self._next: bytes | None = file.read(CHUNK_BYTES + _TAG_BYTES)
        self._number = 0
        self._plain = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        if not self._plain and self._next is not None:
            self._plain = memoryview(self._unlock(self._next))
        given = min(len(buffer), len(self._plain))
        buffer[:given], self._plain = self._plain[:given], self._plain[given:]
        return given

    def _unlock(self, chunk: bytes) -> bytes:
        after = self._file.read(CHUNK_BYTES + _TAG_BYTES)
        try:
            plain = self._cipher.unlock(self._number, not after, chunk)
        except InvalidTag:
            raise InputError(
                f"{self._path} was changed since it was written: damaged, edited, cut short, or another file under "
                "this name. Nothing of it was used. Restore a good copy."
            ) from None
        self._next, self._number = after or None, self._number + 1
        return plain


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(f"The vault file {path} cannot be read ({error.strerror}).") from None
    with file:
        yield file


def _header(path: Path, file: BinaryIO) -> bytes:
    header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES or not header.startswith(MAGIC):
        raise InputError(f"{path} is not a file of the vault. Give the one that `phm link` wrote.")
    if header[len(MAGIC)] != VERSION:
        raise InputError(f"{path} is of version {header[len(MAGIC)]} of the vault, and this package knows {VERSION}.")
    return header


def _long_enough(key: bytes) -> bytes:
    if len(key) < MIN_KEY_BYTES:
        raise InputError(f"A key of {len(key)} bytes is too short: {MIN_KEY_BYTES} or more are needed.")
    return key
