"""Synthea's CSV export as extracts of this workbook: simulated people from another simulator.

Synthea (synthetichealth.github.io/synthea) writes American patients. `synthea_tables` defines
the extract made of each file. There are no places: every patient is registered with one simulated
practice and has no known residence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

from phm_utils.engine import guarded, literal_path, quote, session
from phm_utils.errors import InputError
from phm_utils.inputs.synthea_tables import CLASSES, NEEDED, NOT_READ, OPTIONAL, TABLES, VIEWS


@dataclass(frozen=True)
class Export:
    """Rows written by table, what was not read (in words), and the last day of the last whole month."""

    rows: Mapping[str, int]
    left_out: tuple[str, ...]
    last_whole_month: date

    def __str__(self) -> str:
        lines = [f"{rows:>8,}  {name}" for name, rows in self.rows.items()]
        return "\n".join([*lines, *(f"not read: {what}" for what in self.left_out)])


def read_synthea(folder: Path, landing: Path) -> Export:
    """Write the tables of a Synthea export, one CSV each, into a landing folder.

    folder: Synthea's `output/csv`: patients, encounters, conditions and
        procedures, and immunizations and observations where it has them.
    landing: made where absent; tables already there are written over.
    Raises InputError, listing every fault at once, where files or columns are missing.
    """
    _refuse_missing(folder)
    landing.mkdir(parents=True, exist_ok=True)
    doing = f"Reading the Synthea export in {folder.name}"
    with session() as con, guarded(doing, "Its files must be CSV in UTF-8, as Synthea writes them."):
        for name, columns in {**NEEDED, **OPTIONAL}.items():
            con.execute(f"CREATE VIEW {name} AS {_rows(folder / f'{name}.csv', columns)}")
        for name, sql in {**VIEWS, **TABLES}.items():
            con.execute(f"CREATE TABLE {name} AS {sql}")
        rows = {name: _write(con, name, landing) for name in TABLES}
        return Export(rows, tuple(_left_out(con, folder)), _last_whole_month(con, folder))


def _refuse_missing(folder: Path) -> None:
    faults = []
    for name, columns in {**NEEDED, **OPTIONAL}.items():
        path = folder / f"{name}.csv"
        if not path.is_file():
            faults += [f"- no file {path.name}"] if name in NEEDED else []
            continue
        with path.open(encoding="utf-8-sig", errors="replace") as handle:
            header = {cell.strip().strip('"').casefold() for cell in handle.readline().split(",")}
        if lacking := [c for c in columns if c.casefold() not in header]:
            faults.append(f"- {path.name} lacks {', '.join(lacking)}")
    if faults:
        raise InputError(
            f"{folder} is not a CSV export of Synthea: {len(faults)} fault{'s' * (len(faults) > 1)}.\n"
            + "\n".join(faults)
            + "\nName the folder `output/csv` of a run with `exporter.csv.export = true`."
        )


def _rows(path: Path, columns: tuple[str, ...]) -> str:
    """A file's columns as text; no rows where the export lacks the file."""
    if not path.is_file():
        return f"SELECT {', '.join(f'CAST(NULL AS VARCHAR) AS {c}' for c in columns)} WHERE false"
    read = f"read_csv({literal_path(path)}, header = true, all_varchar = true, delim = ',', quote = '\"')"
    texts = ", ".join(f"nullif(trim({c}), '') AS {c}" for c in columns)
    return f"SELECT {texts} FROM {read}"


def _write(con: duckdb.DuckDBPyConnection, name: str, landing: Path) -> int:
    """Write one table; how many rows. A table without rows has no file: it counts as absent, not as 0."""
    path = landing / f"{name}.csv"
    path.unlink(missing_ok=True)
    [(rows,)] = con.execute(f"SELECT count(*) FROM {name}").fetchall()
    if rows:
        con.execute(f"COPY (FROM {name} ORDER BY 1) TO {quote(path)} (FORMAT csv, HEADER)")
    return rows


def _left_out(con: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
    """Files, encounters and codes that no extract uses, with their rows."""
    found = [f"{name}.csv: {why}" for name, why in NOT_READ.items() if (folder / f"{name}.csv").is_file()]
    found += [
        f"{rows:,} {kind} encounters: no table has a place for them"
        for kind, rows in con.execute(
            "SELECT coalesce(ENCOUNTERCLASS, 'unclassed'), count(*) FROM seen "
            f"WHERE ENCOUNTERCLASS IS NULL OR ENCOUNTERCLASS NOT IN ({', '.join(map(quote, CLASSES))}) "
            "GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    ]
    if con.execute("SELECT 1 FROM apc_episode LIMIT 1").fetchall():
        found.append(
            "diagnoses of inpatient encounters: not in ICD-10, so hospital scores and kinds of stay are not known"
        )
    read = dict(con.execute("SELECT left(event_id, 1), count(*) FROM gp_event GROUP BY ALL").fetchall())
    for name, letter in (("immunizations", "v"), ("observations", "o")):
        [(rows,)] = con.execute(f"SELECT count(*) FROM {name}").fetchall()
        if rows > read.get(letter, 0):
            found.append(f"{rows - read.get(letter, 0):,} of {rows:,} {name}: no column of the person table uses them")
    return found


def _last_whole_month(con: duckdb.DuckDBPyConnection, folder: Path) -> date:
    """The last day of the last month that the GP tables cover in full."""
    [(last,)] = con.execute(
        "SELECT max(TRY_CAST(day AS DATE)) FROM "
        "(SELECT event_date AS day FROM gp_event UNION ALL SELECT appt_date FROM gp_appointment)"
    ).fetchall()
    if last is None:
        raise InputError(f"{folder} has no condition, procedure or encounter with a day. Nobody could be counted.")
    following = last + timedelta(days=1)
    return last if following.day == 1 else last.replace(day=1) - timedelta(days=1)
