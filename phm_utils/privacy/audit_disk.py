"""Writing that is on disk when it returns: the lines of the audit log, and the two small files beside it.

`after` is called with the name of each step once it is done. It does nothing;
tests end a process in it.
"""

import os
from contextlib import suppress
from pathlib import Path

DRAFT = ".part"
MODE = 0o600


def after(step: str) -> None:
    """A step of writing is done."""


def draft(path: Path, content: bytes) -> None:
    """Write what is to take the place of a small file next to it: a full disk shows here, before anything counts."""
    _write(_draft_of(path), content)
    after(f"draft of {path.name}")


def put(path: Path, *, wipe: bool = False) -> None:
    """Put a draft into the place of its file, which readers see whole, old or new; its folder is synced.

    wipe: overwrite the old content where it lay, as far as the disk does that in place. Not on Windows, where an
    open file cannot be replaced.
    """
    old = os.open(path, os.O_WRONLY) if wipe and os.name != "nt" and path.exists() else None
    try:
        os.replace(_draft_of(path), path)
        sync_folder(path.parent)
        if old is not None:
            with suppress(OSError):  # the new file counts already
                os.write(old, bytes(os.fstat(old).st_size))
                os.fsync(old)
    finally:
        if old is not None:
            os.close(old)
    after(path.name)


def append(path: Path, line: bytes, size: int) -> None:
    """Add a line to a file of `size` bytes. Where that fails, as on a full disk, the file is as it was."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _BINARY, MODE)
    try:
        try:
            _write_all(handle, line + b"\n")
            os.fsync(handle)
        except OSError:
            _cut(handle, size)
            raise
    finally:
        os.close(handle)
    if size == 0:
        sync_folder(path.parent)
    after(path.name)


def cut(path: Path, size: int) -> None:
    """Cut a file to its first `size` bytes."""
    handle = os.open(path, os.O_RDWR | _BINARY)
    try:
        os.ftruncate(handle, size)
        os.fsync(handle)
    finally:
        os.close(handle)
    after(f"cut of {path.name}")


def tail(path: Path, most: int) -> tuple[bytes, int]:
    """The last bytes of a file, `most` at most, from the beginning of a line; and where they begin."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        begins = max(size - most, 0)
        file.seek(begins)
        content = file.read()
    if begins:
        skipped = content.find(b"\n") + 1
        return content[skipped:], begins + skipped
    return content, 0


def remove_drafts(*paths: Path) -> None:
    """Remove drafts of a process that was killed: one of the seal holds a key."""
    for path in paths:
        _draft_of(path).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """A new or replaced name in a folder is on disk. Windows has no such call."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


_BINARY = getattr(os, "O_BINARY", 0)


def _draft_of(path: Path) -> Path:
    return path.with_name(path.name + DRAFT)


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, MODE)
    try:
        _write_all(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(handle: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]


def _cut(handle: int, size: int) -> None:
    with suppress(OSError):
        os.ftruncate(handle, size)
        os.fsync(handle)
