"""A run of some of the tables of an extract: its stages and its pages, made in this process and without kernels."""

import json
import sys
from collections.abc import Iterable
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from phm_utils.batch import run as runs
from phm_utils.batch.batch import Batch
from phm_utils.batch.plan import make_plan, notebook_path
from phm_utils.batch.progress import Progress
from phm_utils.batch.route import route_of
from phm_utils.batch.stage_steps import run_stages
from phm_utils.params import Workbook
from phm_utils.reports.html import render_report

REPOSITORY = Path(__file__).resolve().parents[1]


class Quiet(Progress):
    """No lines: stages by the hundred are run."""

    def line(self, text: str) -> None:
        pass


def landing_of(whole: Path, folder: Path, tables: Iterable[str]) -> Path:
    """A landing folder with some of the tables of another, as links."""
    folder.mkdir(parents=True)
    for table in tables:
        [found] = [path for path in whole.iterdir() if path.stem == table]
        (folder / found.name).symlink_to(found, target_is_directory=found.is_dir())
    return folder


def workbook_of(landing: Path, folder: Path, **changes: Any) -> Workbook:
    """A parameter file for a landing folder, whose run lies in another."""
    return Workbook(**{
        "name": "some", "title": "Demoshire", "ics_code": "QZZ", "synthetic": True, "index_date": "2025-03-31",
        "landing": str(landing), "governance": str(REPOSITORY / "parameters" / "governance.yml"),
        "identified_root": str(folder / "identified"), "outputs": str(folder), **changes,
    })  # fmt: skip


def made_stages(workbook: Workbook) -> Batch:
    """Every stage up to disclosure control, and the run's record; the first problem is raised."""
    route = route_of(workbook.data)
    plan = make_plan(workbook, route)
    with runs.locked_folder(Path(workbook.outputs) / workbook.name) as folder:
        batch = Batch(workbook, route, plan, folder, Quiet())
        batch.open_temp()
        try:
            problem = run_stages(batch)
            if problem is not None:
                raise problem
            runs._facts(batch)
        finally:
            batch.close_temp()
    return batch


@contextmanager
def _shown_on(page: list[Any]):
    """What `display` shows goes to `page`."""
    modules = [import_module(name) for name in ("phm_utils.reports.notebook", "phm_utils.reports.show")]
    modules = [sys.modules[name] for name in ("phm_utils.reports.notebook", "phm_utils.reports.show")]
    before = [module.display for module in modules]
    for module in modules:
        module.display = lambda data, raw: page.append(new_output("display_data", data=data))
    try:
        yield
    finally:
        for module, display in zip(modules, before, strict=True):
            module.display = display


def page_of(batch: Batch, notebook: str, area: str) -> str:
    """The HTML of one report of a run, its code run cell by cell in this process."""
    cells, outputs = [], []
    names: dict[str, Any] = batch.route.by_notebook[notebook].own_parameters.of(batch.workbook, area).model_dump()
    with _shown_on(outputs):
        for cell in nbformat.read(notebook_path(notebook), as_version=4).cells:
            if cell.cell_type == "markdown":
                cells.append(new_markdown_cell(cell.source, metadata=cell.metadata))
            elif "parameters" not in cell.metadata.get("tags", []):
                exec(compile(cell.source, notebook, "exec"), names)
                cells.append(new_code_cell(cell.source, outputs=outputs[:], metadata=cell.metadata))
                outputs.clear()
    found = json.loads((batch.folder / "notebooks" / area / f"{notebook}.findings.json").read_text(encoding="utf-8"))
    return render_report(new_notebook(cells=cells), found, batch.facts(), area, None)


def without_field(landing: Path, table: str, field: str) -> None:
    """Put a copy of a table in place of its link in a landing folder, with a field of it empty."""
    [link] = [path for path in landing.iterdir() if path.stem == table]
    files = sorted(link.glob("*.parquet")) if link.is_dir() else [link.resolve()]
    frames = {file.name: pd.read_parquet(file) for file in files}
    is_folder = link.is_dir()
    link.unlink()
    if is_folder:
        link.mkdir()
    for name, frame in frames.items():
        frame[field] = pd.Series(pd.NA, frame.index, dtype="str")
        frame.to_parquet(link / name if is_folder else link)
