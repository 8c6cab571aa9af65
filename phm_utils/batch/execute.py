"""One report in one worker: run its notebook in a new kernel, render it, write both.

A notebook that fails raises nothing: the outcome has the error, the notebook is
kept, and no library's message, which may quote a person's row, leaves the worker.
"""

import json
import os
import re
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from phm_utils.errors import InputError, StepFailed
from phm_utils.full_disk import full_disk

KERNEL_STARTS = 3  # two kernels started at once may choose one port; papermill itself does not try again
FRAME = re.compile(r"(?:Cell In\[\d+\]|File [^\n]*?([^\\/\s]+\.py)):?(?:, line (\d+)|(\d+))(?:, in (\w+))?")
MARKER = "papermill-error-cell-tag"  # cells that papermill adds to point at an error
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
TRACEBACK_ENV = "PHM_TRACEBACK"  # for debugging: libraries' messages are then kept and shown
WITHHELD = "Its text is withheld here, because it may quote a person's row. Run the cell in JupyterLab to read it."


@dataclass(frozen=True)
class Job:
    """What a worker needs to make one report.

    outputs: the run's folder. temp, sockets: folders
    removed afterwards, the second with a short path. facts: those that every report shows about its run.
    """

    step: str
    area: str
    notebook: str
    source: Path
    parameters: dict[str, Any]
    root: Path
    outputs: Path
    temp: Path
    sockets: Path
    memory: str
    threads: int
    facts: dict[str, Any] = field(repr=False, default_factory=dict)

    @property
    def executed(self) -> Path:
        return self.outputs / "notebooks" / self.area / f"{self.notebook}.ipynb"

    @property
    def failed(self) -> Path:
        return self.executed.with_suffix(".failed.ipynb")

    @property
    def findings(self) -> Path:
        return self.executed.with_suffix(".findings.json")

    @property
    def html(self) -> Path:
        return self.outputs / "release" / self.area / f"{self.notebook}.html"


@dataclass(frozen=True)
class Outcome:
    """The result of a report. `error` is an exception type and place, or the message of an InputError."""

    step: str
    ok: bool
    seconds: float
    error: str | None = None


class NotebookFailed(StepFailed):
    """A cell failed; the message may be shown in the index."""


def run_report(job: Job) -> Outcome:
    """Make one report. Never raises for what a notebook does."""
    started = time.perf_counter()
    for stale in (job.failed, job.findings):
        stale.unlink(missing_ok=True)
    try:
        with _folder(job.temp) as temp:
            _make(job, temp)
        error = None
    except Exception as problem:
        job.html.unlink(missing_ok=True)  # last month's page must not be read as this month's
        error = describe(problem)
    return Outcome(job.step, error is None, round(time.perf_counter() - started, 2), error)


def describe(problem: BaseException) -> str:
    """An error as logs and index may show it: our own message, or the exception type alone."""
    if isinstance(problem, InputError | StepFailed):
        return str(problem)
    if full := full_disk(problem):
        return str(full)
    if isinstance(problem, OSError) and problem.strerror:
        return f"{type(problem).__name__}: {problem.strerror}"
    return type(problem).__name__


@contextmanager
def _folder(parent: Path):
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix="report-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make(job: Job, temp: Path) -> None:
    from phm_utils.reports.html import refuse_paths, render_report
    from phm_utils.reports.voices import read_voice

    job.executed.parent.mkdir(parents=True, exist_ok=True)
    draft = temp / f"{job.notebook}.ipynb"
    try:
        executed = _execute(job, draft, temp)
    except Exception:
        _keep_failed(job, draft)
        raise
    os.replace(draft, job.executed)
    if not job.findings.exists():
        raise NotebookFailed("The notebook ended without `run.close(findings)`.")
    findings = json.loads(job.findings.read_text(encoding="utf-8"))
    html = render_report(executed, findings, job.facts, job.area, read_voice(job.area, job.root))
    refuse_paths(html, (job.root, job.outputs, temp, Path.home()))
    job.html.parent.mkdir(parents=True, exist_ok=True)
    page = temp / "page.html"
    page.write_text(html, encoding="utf-8", newline="\n")
    os.replace(page, job.html)


def _execute(job: Job, draft: Path, temp: Path) -> Any:
    import papermill

    from phm_utils.batch import kernel

    kernel.silence()
    for attempt in range(1, KERNEL_STARTS + 1):
        parent = job.sockets if job.sockets.is_dir() else None  # a worker on another machine has its own
        sockets = Path(tempfile.mkdtemp(prefix="phm-", dir=parent))
        try:
            return papermill.execute_notebook(
                str(job.source),
                str(draft),
                parameters=job.parameters,
                engine_name=kernel.ENGINE,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                cwd=str(job.source.parent),
                connection_folder=sockets,
                environment=kernel.environment(job.root, temp, job.memory, job.threads),
            )
        except papermill.PapermillExecutionError as problem:
            raise NotebookFailed(_failure(problem)) from None
        except RuntimeError:  # the kernel died, or never answered
            if attempt == KERNEL_STARTS or _began(draft):
                raise NotebookFailed("The notebook's kernel died (out of memory?).") from None
        finally:
            shutil.rmtree(sockets, ignore_errors=True)
    raise AssertionError("unreachable")


def _failure(problem: Any) -> str:
    """Cell and exception type of a papermill error; the message only where it is our own."""
    place = f"code cell [{problem.exec_count}]"
    if problem.ename == "OSError" and (full := full_disk(OSError(problem.evalue))):
        return f"{place}: {full}"
    own = problem.ename in ("InputError", "DiskFull")
    return f"{place}: {problem.evalue}" if own else f"{problem.ename} in {place}"


def _began(draft: Path) -> bool:
    if not draft.exists():
        return False
    cells = json.loads(draft.read_text(encoding="utf-8"))["cells"]
    return any(cell.get("execution_count") for cell in cells)


def _keep_failed(job: Job, draft: Path) -> None:
    """Keep the partly run notebook, without the libraries' messages."""
    job.executed.unlink(missing_ok=True)
    if not draft.exists():
        return
    notebook = json.loads(draft.read_text(encoding="utf-8"))
    notebook["cells"] = [c for c in notebook["cells"] if MARKER not in c["metadata"].get("tags", [])]
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if output["output_type"] == "error" and TRACEBACK_ENV not in os.environ:
                withhold(output)
    draft.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    os.replace(draft, job.failed)


def withhold(output: dict[str, Any]) -> None:
    """Reduce an error output, in place, to its type and traceback places."""
    if output["ename"] == "InputError":
        return
    text = COLOUR.sub("", "\n".join(output["traceback"]))
    places = [
        f"  {match[1] or 'this cell'}, line {match[2] or match[3]}{f', in {match[4]}' if match[4] else ''}"
        for match in FRAME.finditer(text)
    ]
    output["evalue"] = WITHHELD
    output["traceback"] = [f"{output['ename']}: {WITHHELD}", *places]
