"""What a topic declares: its stages, its released tables, its parameters and its notebook.

The batch run, disclosure control, the index and `phm doctor` find everything here and name no topic.
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
FunctionRef = str | Callable[..., Any]  # `module:function`, imported when it is first called, or the function itself
OK, MISSING, ADVICE = "ok", "missing", "advice"  # states of a line of `phm doctor`
Line = tuple[str, str]
# Settings that change no figure: folders and speed. Every stage may read them.
NEUTRAL = ("name", "title", "landing", "identified_root", "outputs", "resources", "downloads")
USUAL = ("ics_code", "index_date")  # settings that most stages read


def call(function: FunctionRef, *given: Any, **named: Any) -> Any:
    """Call a function, imported first where it is given by name."""
    if isinstance(function, str):
        module, name = function.split(":")
        return getattr(import_module(module), name)(*given, **named)
    return function(*given, **named)


def module_of(function: FunctionRef) -> str:
    """The module of a function."""
    return function.split(":")[0] if isinstance(function, str) else getattr(function, "func", function).__module__


@dataclass(frozen=True)
class Stage:
    """One step for the whole ICS that makes tables of the store.

    function: of (con, settings); gives Models one by one, each
        readable for those after it; where `items` is given it is called with
        the item's name as well; where `writes` is true, with the stage's writer.
    makes: names of all tables that it may make. reads: those that it reads;
        it sees no others, and the order of stages follows from both.
    settings: settings of the parameter file that it reads, other than NEUTRAL.
    parameters: models of notebooks whose run parameters it reads.
    files: patterns of definition files; or a function that lists files, of the workbook and, with `items`, the name.
    items: a function of the workbook that names items, one step for each.
    modules: further modules whose source its tables depend on.
    """

    name: str
    function: FunctionRef
    makes: tuple[str, ...]
    reads: tuple[str, ...] = ()
    settings: tuple[str, ...] = USUAL
    parameters: tuple[type[RunParams], ...] = ()
    files: tuple[str, ...] | FunctionRef = ()
    items: FunctionRef | None = None
    item: str | None = None
    writes: bool = False
    modules: tuple[str, ...] = ()

    def steps(self, workbook: Workbook) -> tuple["Stage", ...]:
        """The stage, or one step for each of its items; `{item}` in a pattern is the item's name."""
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
        if isinstance(self.files, tuple):
            return matching(self.files)
        return call(self.files, workbook) if self.item is None else call(self.files, workbook, self.item)

    def values(self, workbook: Workbook) -> dict[str, Any]:
        """The values of the parameter file that its tables depend on."""
        settings = workbook.model_dump(mode="json", include=set(self.settings))
        return settings | {"notebooks": {m.NOTEBOOK: _plain(m.run_values(workbook)) for m in self.parameters}}

    def models(self, con: duckdb.DuckDBPyConnection, workbook: Workbook, **named: Any) -> Iterable[Model]:
        """Make its tables, reading only the settings that it declares."""
        given = {"item": self.item} if self.item is not None else {}
        return call(self.function, con, Settings(workbook, self), **given, **named)


def _plain(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def matching(patterns: Iterable[str]) -> list[Path]:
    """Files of the workbook's folder, by pattern."""
    root = project_root()
    return sorted(path for pattern in patterns for path in root.glob(pattern) if path.is_file())


class Settings:
    """A workbook limited to the settings that a stage declares, which are those in its key."""

    def __init__(self, workbook: Workbook, stage: Stage) -> None:
        self._workbook, self._stage = workbook, stage
        run = {m.NOTEBOOK: m.run_fields() for m in stage.parameters}
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
    """Facts about the run, for every report, from one folder.

    function: of (con, settings); gives parts of `run.json`. reads, settings, parameters: as in a stage.
    """

    function: FunctionRef
    reads: tuple[str, ...] = ()
    settings: tuple[str, ...] = USUAL
    parameters: tuple[type[RunParams], ...] = ()


@dataclass(frozen=True)
class Topic:
    """The declaration of one folder.

    name: of the folder. data: the kind of run that it belongs to.
    releases: tables declared for release; one of its stages makes the true figures of each.
    notebook, parameters: its report, where it has one.
    reads: released tables of other topics, and tables of the store, that its report reads.
    definitions: patterns of the definition files that its report reads other than its stages.
    examine: for `phm doctor`, a function of the workbook that gives lines: a state, and a text.
    keeps: tables of the store that are kept when a run's stages are done, for comparison with a later run.
    facts, areas, permitted: functions; `areas` names the PCNs of the data, `permitted` refuses a run.
    """

    name: str
    data: Data = "person_level"
    stages: tuple[Stage, ...] = ()
    releases: tuple[Release, ...] = ()
    notebook: str | None = None
    parameters: type[RunParams] | None = None
    reads: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    examine: FunctionRef | None = None
    facts: Facts | None = None
    areas: FunctionRef | None = None
    permitted: FunctionRef | None = None
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
