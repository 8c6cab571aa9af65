"""A full disk, or a quota that is used up, said as such: nothing is wrong with the files or their rows."""

import errno
import re
import shutil
from contextlib import suppress
from pathlib import Path

from phm_utils.errors import DiskFull

NUMBERS = (errno.ENOSPC, errno.EDQUOT)
WINDOWS_NUMBERS = (39, 112, 1295)  # handle disk full, disk full, quota
# DuckDB, Arrow and copies of folders pass on the system's words; the third is DuckDB's own, of its spill files.
WORDS = re.compile(
    r"No space left|Disk quota exceeded|failed to offload|not enough space on the disk|\"errno\":\"(28|122)\"", re.I
)
FILE = re.compile(r"""(?:file|directory) \\?["']([^"'\\]+)|Errno (?:28|122)\][^:]*: ["']([^"']+)""")


def full_disk(error: BaseException, folder: Path | None = None) -> DiskFull | None:
    """What to do where an error means that a disk is full; None for any other error.

    folder: where was written, if the error does not say.

    >>> full_disk(OSError(errno.ENOSPC, "No space left on device", "/no/such/folder/rates.csv"))  # doctest: +ELLIPSIS
    DiskFull('the disk of /no/such/folder is full (... free). Make room there, ...')
    >>> full_disk(OSError(errno.EACCES, "Permission denied")) is None
    True
    """
    if not _means_full(error):
        return None
    place = _folder_of(error) or folder
    quota = "exceeded" in str(error) or getattr(error, "errno", None) == errno.EDQUOT
    full = "holds as much as its quota allows" if quota else "is full"
    return DiskFull(
        f"the disk{f' of {place}' if place else ''} {full}{_free(place)}. Make room there, or set `outputs` and "
        "`identified_root` to folders on a larger disk, then run again: finished steps are kept."
    )


def _means_full(error: BaseException) -> bool:
    numbers = (getattr(error, "errno", None) in NUMBERS, getattr(error, "winerror", None) in WINDOWS_NUMBERS)
    if isinstance(error, OSError) and any(numbers):
        return True
    library = type(error).__module__.split(".")[0].lstrip("_")
    return (isinstance(error, OSError) or library in ("duckdb", "pyarrow")) and bool(WORDS.search(str(error)))


def _folder_of(error: BaseException) -> Path | None:
    name = getattr(error, "filename", None)
    if name is None and (found := FILE.search(str(error))):
        name = found[1] or found[2]
    return Path(name).parent if isinstance(name, str) and Path(name).is_absolute() else None


def _free(place: Path | None) -> str:
    """How much room is left where a folder is, or will be."""
    if place is not None:
        with suppress(OSError, StopIteration):
            there = next(p for p in (place, *place.parents) if p.exists())
            return f" ({shutil.disk_usage(there).free / 1e6:,.0f} MB free)"
    return ""
