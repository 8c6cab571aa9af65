"""A workbook's folder with two small notebooks, and a route of stages made for tests."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest

from phm_utils.batch import report_steps
from phm_utils.batch.execute import Job, Outcome
from phm_utils.batch.route import Route, route_from
from phm_utils.engine import Model
from phm_utils.inputs.topic import DataQualityParams
from phm_utils.linkage.topic import LinkageParams
from phm_utils.params import Workbook
from phm_utils.privacy.release import AREA, Release, aggregate, count
from phm_utils.runs import resolve
from phm_utils.topic import Facts, Stage, Topic, aggregates

CELL = {
    "setup": (
        "from phm_utils.{room}.topic import {model}\n"
        "from phm_utils.reports.findings import Finding\nfrom phm_utils.reports.headings import Headings\n"
        "from phm_utils.reports.notebook import open_run\nfrom phm_utils.reports.show import note\n"
    ),
    "open": (
        "params = {model}(workbook=workbook, area_code=area_code, index_date=index_date, outputs=outputs, {own})\n"
        "run = open_run('{name}', params, Headings({{}}))"
    ),
    "find": "people = run.table('people')['people'].sum()\nnote(Finding(f'{{people}} people are counted.'))",
    "close": "run.close()",
}


def notebook(name: str, model: str, own: dict, body: tuple[str, ...] = ()) -> dict:
    """A notebook's JSON: question, parameters, open, one finding, close, and further cells between."""
    parameters = {"workbook": "demo", "area_code": "QZZ", "index_date": "2025-03-31", "outputs": "outputs", **own}
    named = ", ".join(f"{n}={n}" for n in own)
    room = {"DataQualityParams": "inputs", "LinkageParams": "linkage"}[model]
    filled = {key: text.format(name=name, model=model, room=room, own=named) for key, text in CELL.items()}
    codes = [filled["setup"] + filled["open"], filled["find"], *body, filled["close"]]
    tagged = code_cell("\n".join(f"{n} = {v!r}" for n, v in parameters.items()), "p", ["parameters"])
    question = {"cell_type": "markdown", "id": "q", "metadata": {}, "source": f"# What does {name} ask?\n\nWords."}
    return {
        "cells": [question, tagged, *(code_cell(text, f"c{i}") for i, text in enumerate(codes))],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def code_cell(source: str, identity: str, tags: list[str] | None = None) -> dict:
    return {
        "cell_type": "code",
        "id": identity,
        "metadata": {"tags": tags} if tags else {},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


@pytest.fixture
def house(tmp_path, monkeypatch) -> Path:
    """A workbook's folder holding notebooks 00 and 01, an extract file and nothing else."""
    root = tmp_path / "house"
    for folder in ("parameters", "notebooks", "landing"):
        (root / folder).mkdir(parents=True)
    (root / "landing" / "people.csv").write_text("pcn_code,people\nU99001,120\nU99002,6\n")
    write_notebook(
        root, "00_data_quality", "DataQualityParams", {"stale_days": 45, "list_size_gap": 0.05, "other_kind": []}
    )
    write_notebook(root, "01_linkage", "LinkageParams", {"max_conflict_share": 0.01})
    monkeypatch.setenv("PHM_ROOT", str(root))
    return root


@pytest.fixture
def put_notebook(house):
    """Write another notebook 01 into the house: `put_notebook("1 / 0")` adds that cell."""

    def put(*body: str) -> Path:
        return write_notebook(house, "01_linkage", "LinkageParams", {"max_conflict_share": 0.01}, body)

    return put


def write_notebook(root: Path, name: str, model: str, own: dict, body: tuple[str, ...] = ()) -> Path:
    path = root / "notebooks" / f"{name}.ipynb"
    path.write_text(json.dumps(notebook(name, model, own, body)), encoding="utf-8")
    return path


@pytest.fixture
def workbook(house) -> Workbook:
    return Workbook(
        name="demo", title="Demo ICS", ics_code="QZZ", synthetic=True, index_date="2025-03-31", landing="landing"
    )


def people(con, workbook):
    """Stage: one row per PCN, from the extract."""
    yield Model("people", ("pcn_code",), frame=pd.read_csv(resolve(workbook.landing) / "people.csv"))


PEOPLE = Release("people", "People by area", (AREA, count("people")))


def people_tables(con, workbook):
    """Stage: the true figures of the release."""
    frame = con.execute("SELECT pcn_code AS area_code, people FROM people").df()
    whole = pd.DataFrame({"area_code": [workbook.ics_code], "people": [frame["people"].sum()]})
    yield aggregate(PEOPLE, pd.concat([whole, frame]))


def extract_files(workbook) -> list[Path]:
    return [resolve(workbook.landing) / "people.csv"]


def facts(con, workbook) -> dict:
    sources = [{"name": "People", "state": "present", "last_date": "2025-04-30"}]
    return {"sources": sources, "people": {"QZZ": 125}}


def areas(workbook) -> dict[str, str]:
    return {"U99001": "First PCN", "U99002": "Second PCN"}


TOPICS = (
    Topic(
        "people",
        stages=(
            Stage("people", people, makes=("people",), files=extract_files, settings=()),
            Stage("people_tables", people_tables, makes=aggregates([PEOPLE]), reads=("people",)),
        ),
        releases=(PEOPLE,),
        notebook="00_data_quality",
        parameters=DataQualityParams,
        areas=areas,
        facts=Facts(facts),
    ),
    Topic("links", notebook="01_linkage", parameters=LinkageParams, reads=("people",)),
)


@pytest.fixture
def route() -> Route:
    return route_from(TOPICS)


@pytest.fixture
def bytes_of():
    """Bytes of every file below a folder, by its path."""

    def read(folder: Path) -> dict[str, bytes]:
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

    return read


@pytest.fixture
def alone():
    """An executor that works in this process, one job after another."""
    return lambda: ThreadPoolExecutor(1)


@pytest.fixture
def pages(monkeypatch) -> list[str]:
    """Instead of kernels: each report is a page with its step's name, or fails where the step is in `broken`."""
    made: list[str] = []

    def make(job: Job) -> Outcome:
        made.append(job.step)
        if job.step in BROKEN:
            job.html.unlink(missing_ok=True)
            return Outcome(job.step, False, 0.1, "ValueError in code cell [5]")
        job.html.parent.mkdir(parents=True, exist_ok=True)
        job.html.write_text(f"<p>{job.step}</p>")
        job.findings.parent.mkdir(parents=True, exist_ok=True)
        job.findings.write_text(json.dumps([{"level": "finding", "text": f"Found in {job.step}."}]))
        return Outcome(job.step, True, 0.1)

    monkeypatch.setattr(report_steps, "run_report", make)
    BROKEN.clear()
    return made


BROKEN: set[str] = set()


@pytest.fixture
def broken() -> set[str]:
    """Steps whose report fails."""
    return BROKEN
