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
PERSON_LEVEL_RELEASES = (
    "phm_utils.inputs.quality",
    "phm_utils.linkage.coverage",
    "phm_utils.persons.coverage",
    "phm_utils.topics.segmentation.segment_tables",
    "phm_utils.topics.segmentation.register_check",
    "phm_utils.topics.cohorts.cohort_tables",
    "phm_utils.topics.inequalities.inequality_tables",
    "phm_utils.topics.evaluation.evaluation_tables",
)
PUBLISHED_RELEASES = ("phm_utils.topics.published.published_tables",)
DEFINITIONS = (
    *("parameters/concepts.csv", "parameters/codelists/*.csv", "parameters/reference/*.csv"),
    *("parameters/registers/*.yml", "parameters/scores/*.yml"),
)


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


def link_files(workbook: Workbook) -> list[Path]:
    """What the link stage reads apart from the store: code lists and, of synthetic data, the truth."""
    return [*_matching(DEFINITIONS, workbook), *late("phm_utils.linkage.known_truth:truth_files")(workbook)]


@dataclass(frozen=True)
class Stage:
    """One ICS-level step.

    write: makes the stage's tables and gives them to the writer.
    modules: where its code stands; their imports are found from there.
    upstream: stages whose tables it reads; it sees no others.
    files: files that it reads, apart from the store.
    notebooks: notebooks whose parameters it also uses.
    """

    name: str
    write: Write
    modules: tuple[str, ...]
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


def _stage(name: str, place: str, upstream: tuple[str, ...], **named: Any) -> Stage:
    return Stage(name, each(late(place)), (place.split(":")[0],), upstream, **named)


CHECK = Stage("check", write_checked, ("phm_utils.inputs.check",), (), late("phm_utils.inputs.check:input_files"))
PERSON_LEVEL_NOTEBOOKS = (
    "00_data_quality",
    "01_linkage",
    "02_segmentation",
    "03_cohorts",
    "04_inequalities",
    "05_evaluation",
)
COHORT_FILES, SEGMENT_FILES = ("parameters/cohorts/*",), ("parameters/segments/*",)
PROGRAMME_FILES = ("parameters/interventions/*",)

PERSON_LEVEL = Route(
    stages=(
        CHECK,
        _stage("link", "phm_utils.linkage.link:link", ("check",), files=link_files),
        _stage("persons", "phm_utils.persons.persons:persons", ("check", "link"), files=definitions(*DEFINITIONS)),
        _stage("earlier", "phm_utils.persons.persons:earlier", ("check", "link"), files=definitions(*DEFINITIONS)),
        _stage(
            "segments",
            "phm_utils.topics.segmentation.segment_models:segments",
            ("check", "link", "persons", "earlier"),
            files=definitions(*DEFINITIONS, *SEGMENT_FILES),
            notebooks=("02_segmentation",),
        ),
        _stage(
            "cohorts",
            "phm_utils.measures.cohort_members:cohorts",
            ("persons",),
            files=definitions(*DEFINITIONS, *COHORT_FILES),
        ),
        _stage(
            "evaluation",
            "phm_utils.topics.evaluation.evaluate:evaluate",
            ("check", "link", "persons"),
            files=definitions(*DEFINITIONS, *PROGRAMME_FILES),
            notebooks=("05_evaluation",),
        ),
        Stage(
            "protect",
            each(late("phm_utils.batch.protect:protect_person_level")),
            ("phm_utils.batch.protect", *PERSON_LEVEL_RELEASES),
            ("check", "link", "persons", "earlier", "segments", "cohorts", "evaluation"),
            definitions(*DEFINITIONS, *COHORT_FILES, *SEGMENT_FILES, *PROGRAMME_FILES),
            PERSON_LEVEL_NOTEBOOKS,
        ),
    ),
    notebooks=PERSON_LEVEL_NOTEBOOKS,
    areas=late("phm_utils.inputs.check:areas"),
    permitted=late("phm_utils.batch.preparing:permitted"),
    facts=late("phm_utils.batch.facts:person_level"),
)

PUBLISHED = Route(
    stages=(
        _stage(
            "published",
            "phm_utils.topics.published.published:read",
            (),
            files=late("phm_utils.topics.published.published:input_files"),
        ),
        Stage(
            "protect",
            each(late("phm_utils.batch.protect:protect_published")),
            ("phm_utils.batch.protect", *PUBLISHED_RELEASES),
            ("published",),
            notebooks=("04_inequalities_published",),
        ),
    ),
    notebooks=("04_inequalities_published",),
    areas=late("phm_utils.topics.published.published:areas"),
    permitted=open_data,
    facts=late("phm_utils.batch.facts:published"),
)

ROUTES: dict[str, Route] = {"person_level": PERSON_LEVEL, "published": PUBLISHED}
