"""The ICS-level stages, in order: what each reads, and which source text stands behind it.

The plan is data: `ROUTES` names, for each kind of data, its stages and its
notebooks. A stage's function is imported when it is first called, so that
`phm --help` and a run with nothing to do stay quick.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb

from phm_utils.engine import Model
from phm_utils.params import Workbook
from phm_utils.runs import StageWriter, project_root, resolve

Models = Callable[[duckdb.DuckDBPyConnection, Workbook], Iterable[Model]]
Write = Callable[[duckdb.DuckDBPyConnection, Workbook, StageWriter], None]
DEFINITIONS = ("parameters/concepts.csv", "parameters/codelists/*.csv", "parameters/reference/*.csv")


def late(place: str) -> Callable[..., Any]:
    """A function named `module:function`, imported when it is first called."""
    return partial(_call, place)


def _call(place: str, *args: Any, **named: Any) -> Any:
    module, name = place.split(":")
    return getattr(import_module(module), name)(*args, **named)


def each(models: Models) -> Write:
    """A stage that yields its tables one by one: each is readable for those after it."""
    return partial(_write_each, models)


def _write_each(models: Models, con: duckdb.DuckDBPyConnection, workbook: Workbook, writer: StageWriter) -> None:
    for model in models(con, workbook):
        writer.add(con, model)


def write_checked(con: duckdb.DuckDBPyConnection, workbook: Workbook, writer: StageWriter) -> None:
    """The check stage: it writes its large tables itself, and turns rows away to the quarantine."""
    from phm_utils.inputs.check import check

    check(con, workbook, writer, resolve(workbook.identified_root) / "quarantine" / workbook.name)


def open_data(workbook: Workbook) -> None:
    """Published official statistics need no permission."""


def no_files(workbook: Workbook) -> list[Path]:
    """A stage that reads tables of the store only."""
    return []


def definitions(*patterns: str) -> Callable[[Workbook], list[Path]]:
    """Definition files of the workbook's folder, by pattern."""
    return partial(_matching, patterns)


def _matching(patterns: tuple[str, ...], workbook: Workbook) -> list[Path]:
    root = project_root()
    return sorted(path for pattern in patterns for path in root.glob(pattern) if path.is_file())


@dataclass(frozen=True)
class Stage:
    """One ICS-level step.

    write: makes the stage's tables and gives them to the writer.
    rooms: rooms whose source text it uses, besides the foundation.
    upstream: stages whose tables it reads; it sees no others.
    files: files that it reads, apart from the store.
    notebooks: notebooks whose parameters it also uses.
    """

    name: str
    write: Write
    rooms: tuple[str, ...]
    upstream: tuple[str, ...] = ()
    files: Callable[[Workbook], list[Path]] = no_files
    notebooks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """What one kind of data goes through.

    areas: the PCNs of the data, code and name, read before anything runs.
    permitted: raises InputError where governance refuses a source.
    facts: what reports say about the run, from the finished store.
    """

    stages: tuple[Stage, ...]
    notebooks: tuple[str, ...]
    areas: Callable[[Workbook], dict[str, str]]
    permitted: Callable[[Workbook], Any]
    facts: Callable[[duckdb.DuckDBPyConnection, Workbook], dict[str, Any]]


CHECK = Stage("check", write_checked, ("inputs",), (), late("phm_utils.inputs.check:input_files"))
PERSON_LEVEL_ROOMS = ("inputs", "linkage", "persons", "cohorts", "inequalities", "evaluation")

PERSON_LEVEL = Route(
    stages=(
        CHECK,
        Stage("link", each(late("phm_utils.linkage.link:link")), ("linkage",), ("check",)),
        Stage(
            "persons",
            each(late("phm_utils.persons.persons:persons")),
            ("persons",),
            ("check", "link"),
            definitions(*DEFINITIONS),
        ),
        Stage(
            "cohorts",
            each(late("phm_utils.cohorts.cohorts:cohorts")),
            ("cohorts",),
            ("check", "link", "persons"),
            definitions(*DEFINITIONS, "parameters/cohorts/*", "parameters/segments/*"),
            ("02_segmentation", "03_cohorts"),
        ),
        Stage(
            "evaluation",
            each(late("phm_utils.evaluation.evaluate:evaluate")),
            ("evaluation",),
            ("check", "link", "persons", "cohorts"),
            definitions("parameters/interventions/*", "parameters/reference/*.csv"),
            ("05_evaluation",),
        ),
        Stage(
            "protect",
            each(late("phm_utils.batch.protect:protect_person_level")),
            (*PERSON_LEVEL_ROOMS, "batch"),
            ("check", "link", "persons", "cohorts", "evaluation"),
            definitions(*DEFINITIONS, "parameters/cohorts/*", "parameters/segments/*", "parameters/interventions/*"),
            ("00_data_quality", "01_linkage", "02_segmentation", "03_cohorts", "04_inequalities", "05_evaluation"),
        ),
    ),
    notebooks=(
        "00_data_quality",
        "01_linkage",
        "02_segmentation",
        "03_cohorts",
        "04_inequalities",
        "05_evaluation",
    ),
    areas=late("phm_utils.inputs.check:areas"),
    permitted=late("phm_utils.batch.preparing:permitted"),
    facts=late("phm_utils.batch.facts:person_level"),
)

PUBLISHED = Route(
    stages=(
        Stage(
            "published",
            each(late("phm_utils.inequalities.published:read")),
            ("inequalities",),
            (),
            late("phm_utils.inequalities.published:input_files"),
        ),
        Stage(
            "protect",
            each(late("phm_utils.batch.protect:protect_published")),
            ("inequalities", "batch"),
            ("published",),
            no_files,
            ("04_inequalities_published",),
        ),
    ),
    notebooks=("04_inequalities_published",),
    areas=late("phm_utils.inequalities.published:areas"),
    permitted=open_data,
    facts=late("phm_utils.batch.facts:published"),
)

ROUTES: dict[str, Route] = {"person_level": PERSON_LEVEL, "published": PUBLISHED}
