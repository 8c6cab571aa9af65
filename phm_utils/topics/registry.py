"""Every topic's declaration, checked against the others, and the parameter file checked against all."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

from phm_utils.errors import InputError
from phm_utils.params import RunParams, Workbook, load_yaml, validated
from phm_utils.topic import Data, Stage, Topic
from phm_utils.topics import TOPICS


@cache
def declared(modules: tuple[str, ...] = TOPICS) -> tuple[Topic, ...]:
    """The topics of some modules, checked against each other. See `check_topics`."""
    found = tuple(_exported(module) for module in modules)
    check_topics(found)
    return found


def topics_of(data: Data) -> tuple[Topic, ...]:
    """The topics of one kind of run."""
    return tuple(topic for topic in declared() if topic.data == data)


def _exported(module: str) -> Topic:
    topic = getattr(import_module(module), "TOPIC", None)
    if not isinstance(topic, Topic):
        raise InputError(f"{module} exports no TOPIC: declare one (see phm_utils/topic.py), or take out its line.")
    return replace(topic, module=module)


def check_topics(topics: Iterable[Topic]) -> None:
    """Refuse declarations that lack a part or that contradict each other; one InputError names every fault."""
    topics = tuple(topics)
    faults = [fault for topic in topics for fault in _faults(topic)]
    releases = Counter(r.name for t in topics for r in t.releases)
    faults += [f"{n} topics declare a release `{name}`: rename one" for name, n in releases.items() if n > 1]
    notebooks = Counter(t.notebook for t in topics if t.notebook)
    faults += [f"{n} topics declare the notebook {name}" for name, n in notebooks.items() if n > 1]
    makers = Counter((t.data, table) for t in topics for s in t.stages for table in s.makes)
    faults += [f"{n} stages make the table `{table}`" for (_, table), n in makers.items() if n > 1]
    made = {name for t in topics for s in t.stages for name in s.makes}
    faults += [
        f"{t.name}: its report reads `{name}`, which no stage makes"
        for t in topics
        for name in t.reads
        if name not in made | set(releases)
    ]
    faults += [
        f"{t.name}: it keeps `{name}`, which no stage makes" for t in topics for name in t.keeps if name not in made
    ]
    if faults:
        raise InputError("Topics that do not fit together:\n" + "\n".join(f"- {fault}" for fault in faults))


def _faults(topic: Topic) -> list[str]:
    """What one declaration lacks."""
    made = {table for stage in topic.stages for table in stage.makes}
    faults = [
        f"{topic.name}: no stage of it makes `{r.aggregate_name}`, the true figures of the release `{r.name}`"
        for r in topic.releases
        if r.aggregate_name not in made
    ]
    if (topic.notebook is None) != (topic.parameters is None):
        faults.append(f"{topic.name}: `notebook` and `parameters` must be declared together")
    elif topic.parameters and topic.notebook != topic.parameters.NOTEBOOK:
        faults.append(f"{topic.name}: its parameters are those of `{topic.parameters.NOTEBOOK}`, not {topic.notebook}")
    return faults


def ordered(stages: Iterable[Stage]) -> tuple[Stage, ...]:
    """Stages so that each comes after those whose tables it reads; otherwise in the order given.

    Raises InputError for a table that no stage makes, and for a cycle.
    """
    stages = tuple(stages)
    maker = {table: stage.name for stage in stages for table in stage.makes}
    if unmade := [f"{s.name} reads `{table}`" for s in stages for table in s.reads if table not in maker]:
        raise InputError(f"No stage makes a table that others read: {'; '.join(unmade)}. Check `reads` and `makes`.")
    needed = {s.name: {maker[table] for table in s.reads} - {s.name} for s in stages}
    if self_reading := [s.name for s in stages if set(s.reads) & set(s.makes)]:
        raise InputError(f"Stages that read what they make themselves: {', '.join(self_reading)}.")
    by_name = {stage.name: stage for stage in stages}
    try:
        TopologicalSorter(needed).prepare()
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise InputError(f"Stages depend on each other in a cycle: {circle}. One must read less.") from None
    done: list[Stage] = []
    while len(done) < len(stages):
        names = {s.name for s in done}
        done.append(next(s for s in by_name.values() if s.name not in names and needed[s.name] <= names))
    return tuple(done)


def notebooks() -> dict[str, type[RunParams]]:
    """The model of each notebook's parameters, in the order of the reports."""
    return {t.notebook: t.parameters for t in declared() if t.notebook and t.parameters}


def load_workbook(path: Path) -> Workbook:
    """The validated parameter file; its `notebooks` are checked against the topics' parameter models."""
    workbook = validated(Workbook, load_yaml(path), path.name)
    known = notebooks()
    if unknown := [name for name in workbook.notebooks if name not in known]:
        raise InputError(
            f"{path.name}: notebooks: no notebook is called {', '.join(unknown)}; there are {', '.join(known)}."
        )
    for name, values in workbook.notebooks.items():
        common = {"workbook": workbook.name, "area_code": workbook.ics_code, "index_date": workbook.index_date}
        validated(known[name], common | values, f"{path.name}, notebooks: {name}")
    return workbook
