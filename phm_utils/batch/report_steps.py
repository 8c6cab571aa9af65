"""The reports: which are due, the job of each worker, and its outcome."""

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from phm_utils.batch.batch import Batch
from phm_utils.batch.execute import Job, run_report
from phm_utils.batch.executors import outcomes
from phm_utils.batch.keys import key_of, notebook_modules, report_packages, source_key, versions
from phm_utils.batch.plan import Report, notebook_path
from phm_utils.batch.record import facts_of
from phm_utils.batch.route import PROTECT
from phm_utils.batch.table_references import tables_named
from phm_utils.json_files import load_json
from phm_utils.privacy.release import RELEASED
from phm_utils.reports.voices import voice_path
from phm_utils.runs import sha256_file
from phm_utils.topic import Stage


def report_keys(batch: Batch, sources: dict[str, Any]) -> dict[str, str]:
    """The key of every report with a readable notebook, by step: a hash of what it reads."""
    by_notebook = {name: _notebook_key(batch, name, source) for name, source in sources.items()}
    return {
        r.step: key_of(notebook=by_notebook[r.notebook], parameters=_parameters(batch, r), voice=_voice(r))
        for r in batch.plan.every
        if r.notebook in sources
    }


def _notebook_key(batch: Batch, name: str, source: dict[str, Any]) -> str:
    return key_of(
        notebook=source,
        source=source_key(notebook_modules(source)),
        facts=facts_of(batch.facts(), name),
        tables={table: batch.store.content(table) for table in tables_read(batch, name, {name: source})},
        versions=versions(report_packages()),
    )


def tables_read(batch: Batch, notebook: str, sources: dict[str, Any]) -> set[str]:
    """Tables of the store that a notebook's report depends on: its topic's, and those that it names."""
    topic = batch.route.by_notebook[notebook]
    others = [*topic.reads, *(tables_named(sources[notebook]) if notebook in sources else [])]
    released = [RELEASED + name if batch.route.release(name) else name for name in others]
    return {*released, *(release.released_name for release in topic.releases)}


def changed_tables(batch: Batch, stage: Stage, changing: set[str]) -> set[str]:
    """The tables of a stage that may change, given tables that may change (`changing`).

    Disclosure control works table by table: a release changes only if its true
    figures do. Of other stages every table may change.
    """
    moved = {r.released_name for r in batch.route.releases if r.aggregate_name in changing}
    return moved if stage.name == PROTECT and moved else set(stage.makes)


def _parameters(batch: Batch, report: Report) -> dict[str, Any]:
    model = batch.route.by_notebook[report.notebook].own_parameters
    return model.of(batch.workbook, report.area).model_dump(mode="json")


def _voice(report: Report) -> str | None:
    path = voice_path(report.area)
    return sha256_file(path) if path.is_file() else None


def due(batch: Batch, keys: dict[str, str]) -> list[Report]:
    """The chosen reports that are missing or out of date."""
    return [r for r in batch.plan.chosen if not _is_current(batch, r, keys[r.step])]


def _is_current(batch: Batch, report: Report, key: str) -> bool:
    page = batch.release / report.area / f"{report.notebook}.html"
    if not (batch.manifest.done(report.step, key) and page.is_file()):
        return False
    return sha256_file(page) == batch.manifest.steps[report.step].get("sha256")


def run_reports(batch: Batch, keys: dict[str, str], make: Callable[[], Executor]) -> None:
    """Make the reports that are due; record each outcome at once."""
    waiting = due(batch, keys)
    if not waiting:
        return
    facts = batch.facts()
    jobs = [_job(batch, report, facts) for report in waiting]
    with batch.progress.reports(len(jobs)) as report_outcome:
        for outcome in outcomes(make, run_report, jobs):
            if outcome.ok:
                page = batch.release / f"{outcome.step}.html"
                batch.manifest.record(
                    outcome.step, "done", keys[outcome.step], seconds=outcome.seconds, sha256=sha256_file(page)
                )
            else:
                batch.manifest.record(
                    outcome.step, "failed", keys[outcome.step], seconds=outcome.seconds, error=outcome.error
                )
            report_outcome(outcome)


def _job(batch: Batch, report: Report, facts: dict[str, Any]) -> Job:
    resources = batch.workbook.resources
    return Job(
        step=report.step,
        area=report.area,
        notebook=report.notebook,
        source=notebook_path(report.notebook),
        parameters=_parameters(batch, report),
        root=batch.root,
        outputs=batch.folder,
        temp=batch.temp,
        sockets=batch.sockets,
        memory=resources.memory,
        threads=resources.threads,
        facts=facts,
    )


def remove_obsolete(batch: Batch) -> None:
    """Remove pages of areas and notebooks that are no longer in the run: the index has no link to them."""
    known = {report.step for report in batch.plan.every}
    for page in batch.release.glob("*/*.html"):
        if f"{page.parent.name}/{page.stem}" not in known:
            page.unlink()
    others = {step for step in batch.manifest.steps if "/" in step and not step.startswith("stage/")} - known
    for step in others:
        del batch.manifest.steps[step]


def mark_not_run(batch: Batch, why: str) -> None:
    """Record the chosen reports as not run."""
    for report in batch.plan.chosen:
        batch.manifest.record(report.step, "not run", error=why)


def status_rows(batch: Batch, keys: dict[str, str]) -> list[dict[str, Any]]:
    """One row per report of the run, asked for or not, as the index shows it.

    `state`: done, failed, not run, or out of date: a page made from
    other input than the run has now. `findings`: only where the page is there to read.
    """
    rows = []
    for report in batch.plan.every:
        entry = batch.manifest.steps.get(report.step, {})
        page = batch.release / f"{report.step}.html"
        state = entry.get("status", "not run")
        if state == "done" and not (page.is_file() and entry.get("key") == keys.get(report.step)):
            state = "out of date" if page.is_file() else "not run"
        rows.append(
            {
                "step": report.step,
                "area": report.area,
                "notebook": report.notebook,
                "state": state,
                "page": page.is_file(),
                "error": entry.get("error"),
                "findings": _findings(batch, report) if state == "done" else [],
            }
        )
    return rows


def _findings(batch: Batch, report: Report) -> list[dict[str, str]]:
    path = batch.folder / "notebooks" / report.area / f"{report.notebook}.findings.json"
    return load_json(path, "Remove it and run again: it is written anew.", list) if path.is_file() else []
