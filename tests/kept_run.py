"""What is kept of a run, for tests that compare with one: written from the tables that a connection reads."""

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from phm_utils.engine import quote
from phm_utils.kept import LIST, Snapshot
from phm_utils.measures.topic import KEPT


def kept_run(con: duckdb.DuckDBPyConnection, folder: Path, day: str, tables: Sequence[str] = KEPT) -> Snapshot:
    """Write tables of a run, by default those that cohorts are compared by, as `keep` would."""
    listed = {}
    for table in tables:
        path = folder / day / table / "000.parquet"
        path.parent.mkdir(parents=True)
        con.execute(f"COPY (SELECT * FROM {table} ORDER BY ALL) TO {quote(path)} (FORMAT parquet)")
        listed[table] = {f"{table}/000.parquet": ""}
    (folder / day / LIST).write_text(json.dumps({"index_date": day, "tables": listed}))
    return Snapshot(folder / day)
