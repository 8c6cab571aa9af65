"""About how much memory, disk and time a run will need, from the sizes of its extracts alone."""

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb

from phm_utils.engine import literal_path
from phm_utils.engine.limits import bytes_of, free_memory, in_words, total_memory
from phm_utils.params import Resources

# Measured with `make bench-scale`, 15 to 80 simulated PCNs, on two processors.
CPU_SECONDS_PER_MILLION_ROWS = 2.9
DISK_PER_LANDING = 4.0  # bytes of tables and temporary files to a byte of extracts as Parquet
LEAST_MEMORY, MEMORY_PER_PERSON = 350_000_000, 600  # bytes
REGISTRATIONS_PER_PERSON = 1.14
BYTES_PER_CSV_ROW, CSV_PER_PARQUET = 95, 8.0


@dataclass(frozen=True)
class RunSize:
    """What a run will need, about. Sizes in bytes."""

    people: int
    rows: int
    memory: int
    disk: int
    cpu_seconds: float

    @property
    def minutes(self) -> float:
        """Of the stages on this machine's processors; reports come on top."""
        return self.cpu_seconds / (os.cpu_count() or 1) / 60


def run_size(con: duckdb.DuckDBPyConnection, found: dict[str, list[Path]]) -> RunSize:
    """The size of a run from its files: rows of Parquet by their metadata, rows of CSV by their bytes."""
    rows = {table: sum(_rows(con, path) for path in paths) for table, paths in found.items()}
    landing = sum(_as_parquet(path) for paths in found.values() for path in paths)
    people = round(rows.get("gp_registration", 0) / REGISTRATIONS_PER_PERSON)
    every = sum(rows.values())
    return RunSize(
        people=people,
        rows=every,
        memory=LEAST_MEMORY + MEMORY_PER_PERSON * people,
        disk=round(landing * DISK_PER_LANDING),
        cpu_seconds=CPU_SECONDS_PER_MILLION_ROWS * every / 1e6,
    )


def size_lines(size: RunSize, resources: Resources, free_disk: int) -> list[tuple[bool, str]]:
    """Sentences on memory, time and disk: does it fit, and what to change where it does not.

    free_disk: bytes free where the run writes.

    >>> small = RunSize(people=800_000, rows=120_000_000, memory=900_000_000, disk=2_000_000_000, cpu_seconds=350)
    >>> size_lines(small, Resources(stage_memory="900MB"), free_disk=1_000_000_000)[1]
    (False, 'disk: about 2.0 GB will be needed, 1.0 GB are free; free some, or set `outputs` to a larger disk')
    """
    asked = resources.stage_memory
    given = bytes_of(asked) if asked else free_memory() // 2
    source = "as `stage_memory` says" if asked else "half of what is free"
    memory = f"memory: a stage may use {in_words(given)} ({source}); about {in_words(size.memory)} will do"
    if given < size.memory:
        memory += f". Set `stage_memory` to that or more; this machine has {in_words(total_memory())}"
    disk = f"disk: about {in_words(size.disk)} will be needed, {in_words(free_disk)} are free"
    if free_disk < size.disk:
        disk += "; free some, or set `outputs` to a larger disk"
    return [
        (given >= size.memory, memory),
        (free_disk >= size.disk, disk),
        (
            True,
            f"time: about {size.people:,} people in {size.rows:,} rows; the stages take about {size.minutes:.0f} min "
            "here, reports come on top",
        ),
    ]


def _rows(con: duckdb.DuckDBPyConnection, path: Path) -> int:
    if path.suffix.lower() != ".parquet":
        return path.stat().st_size // BYTES_PER_CSV_ROW
    [(rows,)] = con.execute(f"SELECT sum(num_rows) FROM parquet_file_metadata({literal_path(path)})").fetchall()
    return int(rows or 0)


def _as_parquet(path: Path) -> float:
    return path.stat().st_size / (1 if path.suffix.lower() == ".parquet" else CSV_PER_PARQUET)
