"""Files of people's pseudonyms, for a cohort of the analyst's own: read, and held against the run's people."""

from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import guarded, literal_path, read_sql
from phm_utils.errors import InputError
from phm_utils.runs import resolve

COLUMN = "person_id"
MOST_BYTES = 200_000_000


def ids_path(file: str) -> Path:
    """The file of a rule, from the workbook's folder. Raises InputError where it is absent."""
    path = resolve(file)
    if not path.is_file():
        raise InputError(f"There is no file {path.name} of people's pseudonyms (`ids: {file}`).")
    return path


def read_ids(con: duckdb.DuckDBPyConnection, file: str) -> pd.DataFrame:
    """One row per pseudonym of a file: CSV with the heading `person_id`, or Parquet with that column.

    Raises InputError for a file that cannot be read, has no such column, is empty, names somebody twice, or names
    people whom this run does not know: such a file was made with another key, or of another extract.
    """
    path = ids_path(file)
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path.name} is larger than {MOST_BYTES // 10**6} MB.")
    reader = "read_parquet" if path.suffix == ".parquet" else "read_csv"
    options = ", header = true, all_varchar = true" if reader == "read_csv" else ""
    source = f"{reader}({literal_path(path)}{options})"
    with guarded(f"Reading {path.name}", f"Give a CSV or Parquet file with a column `{COLUMN}`."):
        columns = [row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
        if COLUMN not in columns:
            raise InputError(f"{path.name} has no column `{COLUMN}`. It has {len(columns)} columns.")
        sql = f"SELECT trim({COLUMN}) AS {COLUMN} FROM {source} WHERE trim({COLUMN}) <> ''"
        found = read_sql(con, sql).astype("str")
    _check(con, found, path.name)
    return found


def _check(con: duckdb.DuckDBPyConnection, found: pd.DataFrame, name: str) -> None:
    if found.empty:
        raise InputError(f"{name} names nobody.")
    if repeated := int(found[COLUMN].duplicated().sum()):
        raise InputError(f"{name} names {repeated} of {len(found)} people twice. Keep one row for each.")
    con.register("_ids", found)
    try:
        [(unknown,)] = con.execute(
            f"SELECT count(*) FROM _ids ANTI JOIN (SELECT {COLUMN} FROM person UNION ALL "
            f"SELECT {COLUMN} FROM person_follow_up) AS known USING ({COLUMN})"
        ).fetchall()
    finally:
        con.unregister("_ids")
    if unknown:
        raise InputError(
            f"{unknown} of {len(found)} pseudonyms in {name} belong to nobody of this run: they were made with "
            "another key, or from another extract. Take them out, or make the file again from this run."
        )
