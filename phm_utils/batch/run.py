"""One run: the ICS-level stages in order, then a report for each area and notebook asked for.

Every step's outcome is written at once, so a killed run loses only its current step.
"""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from phm_utils.batch import report_steps, stage_steps
from phm_utils.batch.batch import Batch
from phm_utils.batch.executors import executor_maker
from phm_utils.batch.keys import ENGINES, key_of, report_packages, source_key, versions
from phm_utils.batch.plan import make_plan, notebook_path, read_notebook, title_of
from phm_utils.batch.progress import Progress
from phm_utils.batch.record import record, record_key
from phm_utils.batch.released_csv import write_tables
from phm_utils.batch.route import Route, route_of
from phm_utils.engine import session
from phm_utils.errors import InputError
from phm_utils.full_disk import full_disk
from phm_utils.kept import FOLDER, keep, mend
from phm_utils.params import Workbook
from phm_utils.reports.index import write_index
from phm_utils.reports.voices import read_voice
from phm_utils.runs import resolve, write_atomically

DONE, FAILED = 0, 1
UP_TO_DATE, WILL_RUN, MAY_RUN = "up to date", "will run", "will run if what it reads changes"
RESTRICTED = ("store", "notebooks")  # pseudonymised rows, and pages before the checks


def run(
    workbook: Workbook,
    *,
    areas: str = "all",
    notebooks: str | None = None,
    workers: int | None = None,
    dry_run: bool = False,
    route: Route | None = None,
    executor: Callable[[], Executor] | None = None,
) -> int:
    """Bring every chosen step up to date; 0 when all are, 1 when one failed.

    areas, notebooks: see `plan.make_plan`. route, executor: others than the
    parameter file asks for. Raises InputError, before anything runs, where
    the run is refused, and also where a stage finds its input unusable.
    """
    route = route or route_of(workbook.data)
    route.permit(workbook)
    plan = make_plan(workbook, route, areas, notebooks)
    chosen = {r.notebook for r in plan.chosen}
    sources = {n: read_notebook(n, route) for n in plan.notebooks if n in chosen or notebook_path(n).is_file()}
    for area in plan.areas:
        read_voice(area)
    with locked_folder(resolve(workbook.outputs) / workbook.name) as folder:
        batch = Batch(workbook, route, plan, folder, Progress())
        if dry_run:
            return describe_plan(batch, sources)
        try:
            return _run(batch, sources, executor or executor_maker(workbook.resources, workers))
        finally:
            batch.close_temp()
            batch.fingerprints.save()


@contextmanager
def locked_folder(folder: Path) -> Iterator[Path]:
    """Lock a run's folder; a second run of it is refused at once. The lock of a killed run is released."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise InputError(f"Another run is using the folder of `{folder.name}`. Wait for it, or stop it.") from None
    except OSError as error:
        if full := full_disk(error, folder):
            raise full from None
        raise InputError(f"Cannot write in {folder} ({error.strerror}). Free the folder, or set `outputs`.") from None
    try:
        yield folder
    finally:
        lock.release()


def _run(batch: Batch, sources: dict[str, Any], make: Callable[[], Executor]) -> int:
    batch.open_temp()
    for name in RESTRICTED:
        (batch.folder / name).mkdir(mode=0o700, exist_ok=True)
    mend(batch.folder / FOLDER)
    started = time.perf_counter()
    batch.store.keep_stages(stage.name for stage in batch.steps)
    problem = stage_steps.run_stages(batch)
    keys: dict[str, str] = {}
    if problem is None:
        keep(batch.folder / FOLDER, batch.workbook.index_date, batch.store, batch.route.keeps)
        _facts(batch)
        _tables(batch)
        keys = report_steps.report_keys(batch, sources)
        report_steps.run_reports(batch, keys, make)
        report_steps.remove_obsolete(batch)
    else:
        report_steps.mark_not_run(batch, "an earlier stage failed")
    _close(batch, keys, sources)
    asked = {f"stage/{s.name}" for s in batch.steps} | {r.step for r in batch.plan.chosen}
    failed = sum(batch.manifest.steps.get(name, {}).get("status") == "failed" for name in asked)
    done = sum(batch.manifest.steps[name]["status"] == "done" for name in batch.manifest.updated)
    batch.progress.end(done, failed, time.perf_counter() - started, batch.release / "index.html")
    if isinstance(problem, InputError):
        raise problem
    return FAILED if failed else DONE


def _facts(batch: Batch) -> None:
    """Write `run.json`, the facts that every report shows about the run, if they changed."""
    key = record_key(batch)
    if batch.manifest.done("facts", key) and batch.facts_path.is_file():
        return
    with session(batch.temp) as con:
        batch.store.register(con)
        facts = record(batch, con)
    write_atomically(batch.facts_path, json.dumps(facts, indent=1, ensure_ascii=False) + "\n")
    batch.manifest.record("facts", "done", key)


def _tables(batch: Batch) -> None:
    """Write the released tables as CSV, for every area."""
    released = {r.name: batch.store.content(r.released_name) for r in batch.route.releases}
    key = key_of(source=source_key(("phm_utils.batch.released_csv",)), released=released, areas=batch.plan.areas)
    files = batch.manifest.steps.get("tables", {}).get("files")
    if batch.manifest.done("tables", key) and files == sum(1 for _ in batch.release.glob("*/*.csv")):
        return
    started = time.perf_counter()
    files = write_tables(batch.store, batch.release, batch.plan.areas)
    batch.manifest.record("tables", "done", key, files=files, seconds=round(time.perf_counter() - started, 2))


def _close(batch: Batch, keys: dict[str, str], sources: dict[str, Any]) -> None:
    """Write the index and, if any step ran, the manifest's head."""
    rows = report_steps.status_rows(batch, keys)
    titles = {name: title_of(source) for name, source in sources.items()}
    stages = {s.name: batch.manifest.steps.get(f"stage/{s.name}", {}) for s in batch.steps}
    write_index(batch.release / "index.html", batch.workbook, batch.plan.areas, titles, rows, stages, batch.facts())
    if batch.manifest.updated:
        batch.manifest.head = {
            "workbook": batch.workbook.model_dump(mode="json"),
            "versions": versions((*report_packages(), *ENGINES[batch.workbook.resources.engine])),
            "findings": {row["step"]: row["findings"] for row in rows if row["findings"]},
        }
        batch.manifest.save()


def describe_plan(batch: Batch, sources: dict[str, Any]) -> int:
    """Print what a run would do, and do nothing. Raises InputError with the faults of every definition file."""
    if faults := batch.route.definition_faults(batch.workbook):
        raise InputError("\n".join(faults))
    changing = batch.store.tables_of_other_stages(stage.name for stage in batch.steps)  # their tables may change
    for stage in batch.steps:
        if changing & set(stage.reads):
            state = MAY_RUN
        elif stage_steps.up_to_date(batch, stage, stage_steps.stage_key(batch, stage)):
            state = UP_TO_DATE
        else:
            state = WILL_RUN
        if state != UP_TO_DATE:
            changing |= report_steps.changed_tables(batch, stage, changing)
        print(f"{stage.name:<40} {state}")
    keys = report_steps.report_keys(batch, sources) if batch.facts_path.exists() else {}
    waiting = {r.step for r in report_steps.due(batch, keys)} if keys else set()
    for report in batch.plan.chosen:
        if not keys or report_steps.tables_read(batch, report.notebook, sources) & changing:
            state = MAY_RUN
        else:
            state = WILL_RUN if report.step in waiting else UP_TO_DATE
        print(f"{report.step:<40} {state}")
    return DONE
