"""How much memory DuckDB may use on this machine, and what to say where memory runs out."""

import re
from pathlib import Path

import duckdb
import psutil

from phm_utils.errors import InputError

SHARE_OF_FREE = 0.5  # of the memory that is free when a run starts; the rest is for Python, pages and everybody else
LEAST = 300_000_000  # bytes: with less, DuckDB cannot hold the buffers of one wide table
UNITS = {"MB": 10**6, "GB": 10**9}
CONTAINER_LIMIT = Path("/sys/fs/cgroup/memory.max")
SETTING = "`stage_memory` (under `resources` in the parameter file)"


def bytes_of(size: str) -> int:
    """Bytes of a size as a parameter file gives it.

    >>> bytes_of("1500MB")
    1500000000
    """
    number, unit = size[:-2], size[-2:]
    return int(number) * UNITS[unit]


def in_words(size: float) -> str:
    """A size for people.

    >>> in_words(1_640_000_000), in_words(300_000_000)
    ('1.6 GB', '300 MB')
    """
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def total_memory() -> int:
    """Bytes of memory that this machine, or the container that we run in, has."""
    total = psutil.virtual_memory().total
    limit = CONTAINER_LIMIT.read_text().strip() if CONTAINER_LIMIT.is_file() else "max"
    return min(total, int(limit)) if limit.isdigit() else total


def free_memory() -> int:
    """Bytes of memory that are free now."""
    return min(psutil.virtual_memory().available, total_memory())


def stage_memory(asked: str | None) -> int:
    """Bytes that DuckDB may use in a stage: what the parameter asks for, else half of what is free.

    Raises InputError where the machine has less than the parameter asks for, or where either is too little.
    """
    total, free = total_memory(), free_memory()
    if asked is None:
        size = int(free * SHARE_OF_FREE)
        if size < LEAST:
            raise InputError(
                f"Only {in_words(free)} of memory are free, and a stage needs half of it: at least {in_words(LEAST)}. "
                "Close other programs, then run again."
            )
        return size
    size = bytes_of(asked)
    if size > total:
        raise InputError(
            f"{SETTING} asks for {in_words(size)}, and this machine has {in_words(total)} ({in_words(free)} free). "
            "Take the line out to use half of what is free, or give a smaller size."
        )
    if size < LEAST:
        raise InputError(f"{SETTING} is {in_words(size)}; the smallest that will do is {in_words(LEAST)}.")
    return size


def shortage(error: duckdb.Error, limit: int) -> str | None:
    """What to do where DuckDB ran out of memory; None for any other error. Quotes nothing of DuckDB's.

    limit: bytes that it might use.
    """
    if isinstance(error, duckdb.OutOfMemoryException):
        asked = re.search(r"of size ([\d.]+ \w+)", str(error))
        more = f" (asked for {asked[1]} more)" if asked else ""
        return (
            f"{in_words(limit)} of memory are not enough{more}. Set {SETTING} to {in_words(2 * limit)} or more; "
            f"{in_words(free_memory())} are free now. Finished steps are kept."
        )
    return None
