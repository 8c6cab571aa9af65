"""What a topic declares: its stages, its released tables, its parameters and its notebook.

Declarations are data: the batch run, disclosure control, the index and
`phm doctor` find everything here and know no topic by name.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import duckdb

from phm_utils.engine import Model
from phm_utils.errors import StepFailed
from phm_utils.params import RunParams, Workbook
from phm_utils.privacy.release import Release
from phm_utils.runs import project_root

Data = Literal["person_level", "published"]
Place = str | Callable[..., Any]  # `module:function`, imported when it is first called, or the function itself
OK, MISSING, ADVICE = "ok", "missing", "advice"  # what `phm doctor` says of a thing
Line = tuple[str, str]
# Settings that change no number: where files stand and how fast the work goes. Every stage may read them.
NEUTRAL = ("name", "title", "landing", "identified_root", "outputs", "resources", "downloads")
USUAL = ("ics_code", "index_date")  # settings that most stages read


def call(place: Place, *given: Any, **named: Any) -> Any:
    """Call what stands at a place."""
    if isinstance(place, str):
        module, name = place.split(":")
        return getattr(import_module(module), name)(*given, **named)
    return place(*given, **named)


def module_of(place: Place) -> str:
    """The module in which a place stands."""
    return place.split(":")[0] if isinstance(place, str) else getattr(place, "func", place).__module__


@dataclass(frozen=True)
class Stage:
    """One step for the whole ICS that makes tables of the store.

    place: a function of (con, settings) that gives Models one by one, each
        readable for those after it; where `items` is given it is called with
        the item's name as well; where `writes` is true, with the stage's writer.
    makes: names of all tables that it may make. reads: those that it reads;
        it sees no others, and the order of stages follows from both.
    settings: what it reads of the parameter file, besides what changes no number.
    parameters: models of notebooks whose parameters of the run it reads.
    files: patterns of definition files; or the place of a function of the workbook that lists files.
    items: the place of a function of the workbook that names items, one step for each.
    modules: further modules whose source stands behind its tables.
    """

    name: str
    place: Place
    makes: tuple[str, ...]
    reads: tuple[str, ...] = ()
    settings: tuple[str, ...] = USUAL
    parameters: tuple[type[RunParams], ...] = ()
    files: tuple[str, ...] | Place = ()
    items: Place | None = None
    item: str | None = None
    writes: bool = False
    modules: tuple[str, ...] = ()

    def steps(self, workbook: Workbook) -> tuple["Stage", ...]:
        """The stage itself, or one step for each of its items; `{item}` in a pattern is the item's name."""
        if self.items is None:
            return (self,)
        return tuple(
            replace(
                self,
                name=f"{self.name}/{item}",
                item=item,
                items=None,
                files=tuple(pattern.replace("{item}", item) for pattern in self.files)
                if isinstance(self.files, tuple)
                else self.files,
            )
            for item in call(self.items, workbook)
        )

    def input_files(self, workbook: Workbook) -> list[Path]:
        """Every file that it reads, apart from the store."""
        return matching(self.files) if isinstance(self.files, tuple) else call(self.files, workbook)

    def values(self, workbook: Workbook) -> dict[str, Any]:
        """What its tables depend on in the parameter file."""
        settings = workbook.model_dump(mode="json", include=set(self.settings))
        return settings | {"notebooks": {m.NOTEBOOK: _plain(m.of_the_run(workbook)) for m in self.parameters}}

    def models(self, con: duckdb.DuckDBPyConnection, workbook: Workbook, **named: Any) -> Iterable[Model]:
        """Make its tables, reading only the settings that it declares."""
        given = {"item": self.item} if self.item is not None else {}
        return call(self.place, con, Settings(workbook, self), **given, **named)


def _plain(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def matching(patterns: Iterable[str]) -> list[Path]:
    """Files of the workbook's folder, by pattern."""
    root = project_root()
    return sorted(path for pattern in patterns for path in root.glob(pattern) if path.is_file())


class Settings:
    """A workbook of which a stage reads only what it declares: what its key does not hold, it cannot see."""

    def __init__(self, workbook: Workbook, stage: Stage) -> None:
        self._workbook, self._stage = workbook, stage
        run = {m.NOTEBOOK: m.fields_of_run() for m in stage.parameters}
        self.notebooks = {
            notebook: {n: v for n, v in workbook.notebooks.get(notebook, {}).items() if n in fields}
            for notebook, fields in run.items()
        }

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or (name in Workbook.model_fields and name not in (*NEUTRAL, *self._stage.settings)):
            raise StepFailed(
                f"The stage {self._stage.name} reads the setting `{name}`, which it does not declare. "
                "Add it to the stage's `settings`."
            )
        return getattr(self._workbook, name)


@dataclass(frozen=True)
class Facts:
    """What every report says about the run, as far as one room knows it.

    place: a function of (con, settings) that gives parts of `run.json`. reads, settings, parameters: as of a stage.
    """

    place: Place
    reads: tuple[str, ...] = ()
    settings: tuple[str, ...] = USUAL
    parameters: tuple[type[RunParams], ...] = ()


@dataclass(frozen=True)
class Topic:
    """Everything that the rest of the workbook needs to know of one folder.

    name: of the folder. data: the kind of run that it belongs to.
    releases: tables declared for release; one of its stages makes the true figures of each.
    notebook, parameters: its report, where it has one.
    reads: released tables of other topics, and tables of the store, that its report reads.
    definitions: patterns of the definition files that its report reads besides its stages.
    examine: for `phm doctor`, the place of a function of the workbook that gives lines: a state, and a text.
    facts, areas, permitted: places; `areas` names the PCNs of the data, `permitted` refuses a run.
    """

    name: str
    data: Data = "person_level"
    stages: tuple[Stage, ...] = ()
    releases: tuple[Release, ...] = ()
    notebook: str | None = None
    parameters: type[RunParams] | None = None
    reads: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    examine: Place | None = None
    facts: Facts | None = None
    areas: Place | None = None
    permitted: Place | None = None
    module: str = field(default="", compare=False)

    @property
    def own_parameters(self) -> type[RunParams]:
        """The parameters of its report. Raises TypeError where it has none."""
        if self.parameters is None:
            raise TypeError(f"the topic {self.name} has no parameters")
        return self.parameters


def aggregates(releases: Iterable[Release]) -> tuple[str, ...]:
    """The tables of true figures of some releases: what the stage that makes them declares."""
    return tuple(release.aggregate_name for release in releases)
