"""A tiny simulated landing, and changed copies of it for the campaign of `corruptions.py`.

A copy holds the changed tables as CSV, as suppliers send them; all other files are hard links to the first landing.
"""

import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from phm_utils.synthetic import simulate

PCNS, PEOPLE_PER_PCN, SEED = 3, 700, 7
OTHER_SEED = 99  # another ICS, whose people ours does not know
EVENTS = {
    "gp_event": "event_date", "gp_medication": "issue_date", "gp_appointment": "appt_date", "apc_episode": "epistart",
    "ecds_attendance": "arrival_date", "op_attendance": "apptdate", "csds_contact": "contact_date",
    "mhsds_contact": "contact_date", "asc_event": "event_start",
}  # fmt: skip
GP, HOSPITAL = ("gp_event", "gp_medication", "gp_appointment"), ("apc_episode", "ecds_attendance", "op_attendance")
PERSONS = (*HOSPITAL, "csds_contact", "mhsds_contact", "asc_event", "death", "partner_list")  # with sex and birth
DATES = EVENTS | {"gp_registration": "registered_from", "death": "date_of_death", "partner_list": "list_date"}


def make_landing(folder: Path, seed: int = SEED, pcns: int = PCNS, people: int = PEOPLE_PER_PCN) -> Path:
    """Simulate, and put each table that has rows into one Parquet file; the folder of the files."""
    simulate(folder / "simulated", pcns=pcns, people_per_pcn=people, seed=seed, workers=1)
    landing = folder / "landing"
    landing.mkdir()
    for path in sorted((folder / "simulated" / "pseudonymised").iterdir()):
        if path.is_dir():
            source = f"read_parquet('{path.as_posix()}/*.parquet') ORDER BY filename, file_row_number"
            name = (landing / f"{path.name}.parquet").as_posix()
            [(rows,)] = duckdb.execute(f"SELECT count(*) FROM read_parquet('{path.as_posix()}/*.parquet')").fetchall()
            if not rows:
                continue  # a supplier sends no table without rows
            duckdb.execute(f"COPY (SELECT * FROM {source}) TO '{name}' (FORMAT parquet)")
        elif path.suffix == ".parquet":
            os.link(path, landing / path.name)
    return landing


@dataclass
class Change:
    """A changed copy of a landing in the making: what a generator is given.

    table, column: what the generator is to change. share: of the rows. rows: those of them that are changed.
    option: what a generator reads besides.
    frames: tables as text, by name, which the copy has as CSV. mapping: of the copy, where it needs one.
    """

    source: Path
    folder: Path
    table: str = ""
    column: str = ""
    share: float = 1.0
    name: str = ""
    option: Any = None
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    mapping: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(zlib.crc32(self.name.encode()))
        self.folder.mkdir(parents=True)
        for path in self.source.iterdir():
            os.link(path, self.folder / path.name)

    @property
    def frame(self) -> pd.DataFrame:
        """The table as text, to be changed in place."""
        return self.of(self.table)

    @property
    def path(self) -> Path:
        """The table's CSV."""
        return self.folder / f"{self.table}.csv"

    def has(self, table: str) -> bool:
        """Does the first landing have the table?"""
        return (self.source / f"{table}.parquet").exists()

    def of(self, table: str) -> pd.DataFrame:
        """Another table as text, to be changed in place."""
        if table not in self.frames:
            self.frames[table] = as_text(self.source / f"{table}.parquet")
        return self.frames[table]

    def set(self, frame: pd.DataFrame, table: str | None = None) -> None:
        """Put a frame in a table's place."""
        self.frames[table or self.table] = frame

    @property
    def chosen(self) -> np.ndarray:
        """Which rows are changed: the share of them, by chance."""
        return self.random.random(len(self.frame)) < self.share

    def each(self, change: Callable[[str], object], column: str | None = None) -> None:
        """Change the values of a column, where it has one, in the share of rows."""
        name = column or self.column
        rows = self.chosen & self.frame[name].notna().to_numpy()
        made = {value: change(value) for value in self.frame.loc[rows, name].unique()}
        self.frame.loc[rows, name] = self.frame.loc[rows, name].map(made)

    def fill(self, value: object, column: str | None = None) -> None:
        """Put one value into a column, in the share of rows."""
        self.frame.loc[self.chosen, column or self.column] = value

    def keep(self, rows: pd.Series | np.ndarray, table: str | None = None) -> None:
        """Leave out all other rows of a table."""
        self.set(self.of(table or self.table)[rows].reset_index(drop=True), table)

    def days(self, column: str | None = None) -> pd.Series:
        """A column of days as days."""
        return pd.to_datetime(self.frame[column or self.column], errors="coerce")

    def remove(self, table: str | None = None) -> None:
        """Take a table away."""
        self.frames.pop(table or self.table, None)
        (self.folder / f"{table or self.table}.parquet").unlink(missing_ok=True)

    def write(self, content: bytes) -> None:
        """Put bytes of our own into the table's CSV."""
        self.remove()
        self.path.write_bytes(content)

    def csv(self, **named) -> str:
        """The table as the text of a CSV."""
        return self.frame.to_csv(index=False, lineterminator="\n", **named)

    def save(self) -> None:
        """Write the changed tables in place of the links."""
        for table, frame in self.frames.items():
            (self.folder / f"{table}.parquet").unlink(missing_ok=True)
            frame.to_csv(self.folder / f"{table}.csv", index=False, lineterminator="\n")


def as_text(path: Path) -> pd.DataFrame:
    """A table as a CSV would have it: text, None where there is nothing."""
    columns = duckdb.execute(f"DESCRIBE SELECT * FROM read_parquet('{path.as_posix()}')").fetchall()
    texts = ", ".join(f"{_text(name, kind)} AS {name}" for name, kind, *_ in columns)
    frame = duckdb.execute(f"SELECT {texts} FROM read_parquet('{path.as_posix()}')").df()
    return frame.astype(object).where(frame.notna(), None)


def _text(name: str, kind: str) -> str:
    if kind.startswith("TIMESTAMP"):
        return f"CAST(CAST({name} AS DATE) AS VARCHAR)"
    if kind == "DOUBLE":
        return f"regexp_replace(CAST({name} AS VARCHAR), '\\.0$', '')"
    return f"CAST({name} AS VARCHAR)"
