"""The ICS-level stages: which are due, and how one is run."""

import os
import shutil
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from phm_utils.batch.batch import Batch
from phm_utils.batch.execute import TRACEBACK_ENV, describe
from phm_utils.batch.keys import PACKAGE, key_of, source_key, stage_packages, versions
from phm_utils.engine import MEMORY_ENV, TEMP_ENV, THREADS_ENV, parquet_source, session, shortages
from phm_utils.engine.limits import stage_memory
from phm_utils.errors import DiskFull, InputError, StepFailed
from phm_utils.full_disk import full_disk
from phm_utils.privacy.access import owner_only
from phm_utils.runs import StageWriter
from phm_utils.topic import Stage, module_of

LOW_DISK_BYTES = 500_000_000


def stage_key(batch: Batch, stage: Stage) -> str:
    """The key of a stage: a hash of all that it reads. The tables that it reads must be up to date."""
    files = batch.fingerprints.of(stage.input_files(batch.workbook), batch.root)
    batch.manifest.inputs[f"stage/{stage.name}"] = files
    return key_of(
        stage=stage.name,
        source=source_key((module_of(stage.function), *stage.modules)),
        versions=versions(stage_packages()),
        values=stage.values(batch.workbook),
        files=files,
        tables={table: batch.store.content(table) for table in stage.reads},
    )


def up_to_date(batch: Batch, stage: Stage, key: str) -> bool:
    """Does the store have this stage's tables, made with this key?"""
    entry = batch.store.manifest()["stages"].get(stage.name)
    if entry is None or entry["key"] != key:
        return False
    folder = batch.store.root / entry["folder"]
    return all((folder / name).is_file() for table in entry["tables"].values() for name in table["files"])


def run_stages(batch: Batch, steps: Iterable[Stage] | None = None) -> Exception | None:
    """Bring stages up to date, in order, by default all of the route; the first failure, or None.

    Stages that depend on a failed one are not run; the others are.
    """
    first: Exception | None = None
    broken: dict[str, str] = {}  # tables that could not be made, by the stage that failed
    for stage in batch.steps if steps is None else steps:
        step = f"stage/{stage.name}"
        if missing_tables := sorted({broken[table] for table in stage.reads if table in broken}):
            broken |= dict.fromkeys(stage.makes, stage.name)
            batch.manifest.record(step, "not run", error=f"needs {', '.join(missing_tables)}")
            batch.progress.line(f"{stage.name}: not run, it needs {', '.join(missing_tables)}")
            continue
        try:
            _bring_up_to_date(batch, stage, step)
        except Exception as problem:
            broken |= dict.fromkeys(stage.makes, stage.name)
            first = first or problem
    return first


def _bring_up_to_date(batch: Batch, stage: Stage, step: str) -> None:
    started = time.perf_counter()
    key = None
    try:
        key = stage_key(batch, stage)
        if up_to_date(batch, stage, key):
            if not batch.manifest.done(step, key):
                batch.manifest.record(step, "done", key, seconds=0.0)
            return
        batch.progress.line(f"{stage.name} ...")
        rows = run_stage(batch, stage, key)
    except Exception as problem:
        if TRACEBACK_ENV in os.environ:
            traceback.print_exc()
        error = failure(problem, batch.folder)
        batch.manifest.record(step, "failed", key, error=error, seconds=round(time.perf_counter() - started, 2))
        batch.progress.line(f"{stage.name}: failed: {error}")
        raise
    seconds = round(time.perf_counter() - started, 2)
    batch.manifest.record(step, "done", key, seconds=seconds, rows=rows)
    batch.progress.line(f"{stage.name}: done in {seconds:.1f} s")


def run_stage(batch: Batch, stage: Stage, key: str) -> dict[str, int]:
    """Make a stage's tables and commit them together, their files for their owner alone; rows by table."""
    resources = batch.workbook.resources
    threads = min(os.cpu_count() or 1, resources.workers * resources.threads)
    memory = f"{stage_memory(resources.stage_memory) // 10**6}MB"
    with owner_only(), _limits(memory, threads, batch.temp / "spill"), shortages(stage.name), session() as con:
        _register(batch, stage, con)
        last_seconds = batch.manifest.steps.get(f"stage/{stage.name}", {}).get("seconds")
        with batch.progress.stage(stage.name, con, last_seconds), batch.store.stage(stage.name, key) as writer:
            if stage.writes:
                stage.models(con, batch.workbook, writer=writer)
            else:
                for model in stage.models(con, batch.workbook):
                    writer.add(con, model)
            _refuse_undeclared(stage, writer)
        return {name: table["rows"] for name, table in writer.tables.items()}


def _refuse_undeclared(stage: Stage, writer: StageWriter) -> None:
    """Refuse undeclared tables: no key would depend on them."""
    if extra := sorted(set(writer.tables) - set(stage.makes)):
        raise StepFailed(f"The stage {stage.name} made tables that it does not declare: {', '.join(extra)}.")


def _register(batch: Batch, stage: Stage, con: duckdb.DuckDBPyConnection) -> None:
    """Make the tables that the stage reads readable, and no others."""
    for table in stage.reads:
        if files := batch.store.files(table):
            con.execute(f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT * FROM {parquet_source(files)}")


@contextmanager
def _limits(memory: str, threads: int, temp: Path) -> Iterator[None]:
    """This process's DuckDB limits, for the length of a stage."""
    wanted = {MEMORY_ENV: memory, THREADS_ENV: str(threads), TEMP_ENV: str(temp)}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def failure(problem: Exception, folder: Path) -> str:
    """A stage's failure without a library's message: our own message, or the exception type and our line."""
    message = describe(problem)
    if isinstance(problem, InputError | DiskFull) or full_disk(problem):
        return message
    ours = [f for f in traceback.extract_tb(problem.__traceback__) if Path(f.filename).is_relative_to(PACKAGE)]
    if ours:
        message += f" at {Path(ours[-1].filename).relative_to(PACKAGE.parent).as_posix()} line {ours[-1].lineno}"
    free = shutil.disk_usage(folder).free
    return message + (f" (only {free // 1_000_000} MB of disk are free)" if free < LOW_DISK_BYTES else "")
