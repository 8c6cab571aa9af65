"""Who else may open a file or folder with identities or keys.

On Linux and macOS such files are made for their owner alone: under the umask
of `owner_only`, so from their first byte, in folders made by `private_folder`.
On Windows, and on shares that keep no modes, these do nothing: there the
access list decides, which the workbook reads and never changes.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from phm_utils.errors import InputError

WINDOWS = os.name == "nt"
WIDE_GROUPS = {  # in a Windows access list: two letters or the number of the group
    "WD": "Everyone",
    "S-1-1-0": "Everyone",
    "AU": "Authenticated Users",
    "S-1-5-11": "Authenticated Users",
    "BU": "Users",
    "S-1-5-32-545": "Users",
    "DU": "Domain Users",
}
PATH_ENV = "PHM_ACCESS_PATH"  # the path is passed in the environment, so that it is never run
READ_LIST = f"(Get-Acl -LiteralPath $env:{PATH_ENV}).Sddl"
UNREAD = "could not be read"
SECONDS = 30


OTHERS = 0o077  # modes of the group and of everybody else


@contextmanager
def owner_only() -> Iterator[None]:
    """Whatever this process and its children make in the block is for their owner alone: 0600, folders 0700."""
    before = os.umask(OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def private_folder(folder: Path, root: Path, *, synthetic: bool = False) -> Path:
    """Make `folder`, at or below `root`; it, and each folder made for it up to `root`, is its owner's alone (0700).

    Folders above `root` are made as usual. One that is there already is closed to others if it is below `root`.
    Raises InputError where the disk keeps no modes, so that others may open the folder; of synthetic data it warns.
    """
    root.parent.mkdir(parents=True, exist_ok=True)
    for part in (*(p for p in reversed(folder.parents) if p.is_relative_to(root)), folder):
        made = not part.is_dir()
        if made:
            part.mkdir(mode=0o700, exist_ok=True)
        if not WINDOWS and (made or part != root) and part.stat().st_mode & OTHERS:
            with suppress(OSError):  # of another owner, or on a share: what holds is looked at below
                part.chmod(0o700)
        if made and hasattr(os, "removexattr"):
            with suppress(OSError):  # a default access list would come before the umask
                os.removexattr(part, "system.posix_acl_default")
    warn_if_open(folder)
    if not WINDOWS:
        try:
            refuse_if_open(folder, "Folder")
        except InputError as open_folder:
            if not synthetic:
                raise
            print(f"phm: {open_folder}", file=sys.stderr)
    return folder


def refuse_if_open(path: Path, what: str) -> None:
    """Raise InputError where others may read a file or folder; on Windows, where its access list lets wide groups."""
    if WINDOWS:
        if (sentence := open_to_others(path)) and UNREAD not in sentence:
            raise InputError(f"{what} {sentence}")
        return
    mode = path.stat().st_mode & 0o777
    if mode & OTHERS:
        folder = path.is_dir()
        raise InputError(
            f"{what} {path} may be read by others (mode {mode:o}). `chmod {'700' if folder else '600'}` closes it; a "
            "disk or share that keeps no such modes cannot hold it: choose another place."
        )


def warn_if_open(folder: Path) -> None:
    """Warn on the error stream, once per folder, where others may read the folder."""
    if WINDOWS and (sentence := open_to_others(folder.resolve())):
        print(f"phm: {sentence}", file=sys.stderr)


@cache
def open_to_others(folder: Path) -> str:
    """A warning where a Windows folder is open to wide groups or its access list cannot be read; else ""."""
    try:
        sddl = _access_list(folder)
    except (OSError, subprocess.SubprocessError):
        return f"The access list of {folder} {UNREAD}. Check that only those who may see identities can open it."
    groups = groups_with_access(sddl)
    if not groups:
        return ""
    return (
        f"{folder} can be opened by {' and '.join(groups)}, and Windows keeps no file modes. Choose another "
        "folder, or remove the group from the folder's access list (Properties, Security)."
    )


def groups_with_access(sddl: str) -> list[str]:
    """Wide groups to which an access list in Windows' notation (SDDL) allows anything."""
    access = sddl.partition("D:")[2].partition("S:")[0]
    allowed = re.findall(r"\(A;[^;)]*;[^;)]*;[^;)]*;[^;)]*;([^;)]+)", access)
    return sorted({WIDE_GROUPS[who] for who in allowed if who in WIDE_GROUPS})


def _access_list(folder: Path) -> str:
    command = ["powershell", "-NoProfile", "-NonInteractive", "-Command", READ_LIST]
    environment = os.environ | {PATH_ENV: str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=True)
    return done.stdout.strip()
