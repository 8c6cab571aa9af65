"""Validating GP events: plain SQL rules against pandera and pointblank, in CPU seconds and peak memory.

    python benchmarks/validation.py --rows 12000000

Each contender runs in a process of its own over the same Parquet files, in
which one row in 10,000 has each of five faults. `rules` is the workbook's own
check of the files, whole: rules, repeated keys, the kept rows written in
order, the quarantine, completeness and counts. The libraries only count the
rows that break the same rules. They are not among the project's packages:

    python -m venv /tmp/validation
    /tmp/validation/bin/pip install "pandera[ibis]==0.35.0" "pointblank==1.1.1" "ibis-framework[duckdb]==12.0.0"
    python benchmarks/validation.py --libraries /tmp/validation/bin/python
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROWS_PER_FILE = 4_000_000
PATTERNS = {"token_person_id": r"^\S{6,64}$", "practice_code": r"^[A-HJ-NPVWY][0-9]{5}$"}
FIRST, LAST = "1850-01-01", "2025-05-01"
MEMORY, THREADS = "2GB", 2
# Faults: no key, a key used before, a token of two words, a day far ahead, a name for a code.
MAKE = """
COPY (
    SELECT
        CASE WHEN f = 1 THEN NULL ELSE '{part}' || lpad((n - 2 * (f = 2)::INT)::VARCHAR, 9, '0') END AS event_id,
        CASE WHEN f = 3 THEN 'two words' ELSE md5('{part}' || (n // 80)) END AS token_person_id,
        CASE WHEN f = 4 THEN DATE '2999-01-01' ELSE DATE '2020-04-01' + (n * 31 % 1850)::INT END AS event_date,
        (['44054006', '38341003', '195967001', '271649006', '1239511000000100'])[1 + n % 5] AS snomed_code,
        CASE WHEN n % 5 = 0 THEN (n % 400) / 10.0 END AS value_num,
        CASE WHEN n % 5 = 0 THEN 'kg/m2' END AS unit,
        CASE WHEN f = 5 THEN 'Alder' ELSE 'A9900' || (n % 6) END AS practice_code
    FROM (SELECT range AS n, range % 10000 AS f FROM range({rows}))
) TO '{path}' (FORMAT parquet)
"""


def make(folder: Path, rows: int) -> None:
    """Files of GP events, one row in 10,000 with each fault."""
    import duckdb

    (folder / "gp_event").mkdir()
    for number, start in enumerate(range(0, rows, ROWS_PER_FILE), start=1):
        path = folder / "gp_event" / f"U{99000 + number}.parquet"
        duckdb.sql(MAKE.format(part=number, rows=min(ROWS_PER_FILE, rows - start), path=path.as_posix()))


def rules(folder: Path) -> dict[str, int]:
    """The workbook's own check stage."""
    from datetime import date

    from phm_utils import engine
    from phm_utils.inputs.check import check
    from phm_utils.params import Workbook
    from phm_utils.runs import Store

    about = {"name": "benchmark", "title": "Benchmark", "ics_code": "QZZ", "synthetic": True}
    workbook = Workbook(**about, index_date="2025-03-31", landing=str(folder))
    store = Store(folder / "store")
    with engine.session(folder / "spill") as con, store.stage("check", "0" * 12) as writer:
        check(con, workbook, writer, folder / "quarantine", date.fromisoformat(LAST))
    found = store.read("check_field")
    return {f"{r.column_name}: {r.rule}": int(r.rows) for r in found.itertuples()}


def _events(folder: Path):
    import ibis

    backend = ibis.duckdb.connect(memory_limit=MEMORY, threads=THREADS, temp_directory=str(folder / "spill"))
    return backend.read_parquet(str(folder / "gp_event" / "*.parquet"))


def pandera(folder: Path) -> dict[str, int]:
    """pandera on DuckDB, through ibis: every check of every column, lazily."""
    import pandera.ibis as pa

    schema = pa.DataFrameSchema(
        {
            "event_id": pa.Column(str, nullable=False),
            "event_date": pa.Column("date", pa.Check.in_range(_day(FIRST), _day(LAST)), nullable=False),
            **{c: pa.Column(str, pa.Check.str_matches(p), nullable=True) for c, p in PATTERNS.items()},
        },
        unique=["event_id"],
    )
    try:
        schema.validate(_events(folder), lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        cases = cases.execute() if hasattr(cases, "execute") else cases
        cases = cases.to_pandas() if hasattr(cases, "to_pandas") else cases
        return {str(key): int(n) for key, n in cases.groupby(["column", "check"]).size().items()}
    return {}


def pointblank(folder: Path) -> dict[str, int]:
    """pointblank on DuckDB, through ibis."""
    import pointblank as pb

    plan = pb.Validate(_events(folder)).col_vals_not_null("event_id").rows_distinct(columns_subset=["event_id"])
    plan = plan.col_vals_between("event_date", _day(FIRST), _day(LAST))
    for column, pattern in PATTERNS.items():
        plan = plan.col_vals_regex(column, pattern)
    plan = plan.interrogate(collect_extracts=False)
    return {f"{step}": int(failed) for step, failed in plan.n_failed().items()}


def _day(text: str):
    from datetime import date

    return date.fromisoformat(text)


CONTENDERS = {"rules": rules, "pandera": pandera, "pointblank": pointblank}


def measure(python: str, contender: str, folder: Path) -> str:
    """One contender in its own process: what it found, CPU seconds, seconds and peak memory."""
    command = [python, __file__, "--one", contender, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "ModuleNotFoundError" in done.stderr:
        return f"{contender:<12} is not installed: see the top of this file"
    if done.returncode:
        return f"{contender:<12} failed: {done.stderr.strip().splitlines()[-1][:160]}"
    return done.stdout.strip().splitlines()[-1]


def run_one(contender: str, folder: Path) -> None:
    """Run in the child process and print one line."""
    import os
    import resource

    os.environ.update(PHM_MEMORY=MEMORY, PHM_THREADS=str(THREADS))
    start = time.perf_counter()
    found = CONTENDERS[contender](folder)
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{contender:<12} {used.ru_utime + used.ru_stime:7.1f} CPU s {seconds:7.1f} s "
        f"{used.ru_maxrss / 1024:7.0f} MB  {json.dumps(found)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=12_000_000)
    parser.add_argument("--libraries", default=sys.executable, help="the python of an environment with the libraries")
    parser.add_argument("--one", choices=CONTENDERS)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.one:
        return run_one(asked.one, asked.folder)
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), asked.rows)
        print(f"{asked.rows:,} GP events, {THREADS} threads, {MEMORY} for DuckDB")
        for contender in CONTENDERS:
            python = sys.executable if contender == "rules" else asked.libraries
            print(measure(python, contender, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
