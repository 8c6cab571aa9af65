"""The stages and reports for one kind of data, in order."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from phm_utils.batch.protect import protect
from phm_utils.errors import InputError
from phm_utils.params import RunParams, Workbook
from phm_utils.privacy.release import CATALOGUE, Release
from phm_utils.topic import MISSING, Data, Stage, Topic, aggregates, call
from phm_utils.topics.registry import check_topics, ordered, topics_of

PROTECT = "protect"  # the one stage that belongs to no topic


@dataclass(frozen=True)
class Route:
    """Some topics whose declarations fit together. Made by `route_of`."""

    topics: tuple[Topic, ...]

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """Every stage, each after those whose tables it reads; disclosure control over all releases is one of them."""
        return ordered([*(stage for topic in self.topics for stage in topic.stages), _protection(self.topics)])

    def steps(self, workbook: Workbook) -> tuple[Stage, ...]:
        """The stages, those with items divided into one step for each."""
        return tuple(step for stage in self.stages for step in stage.steps(workbook))

    @cached_property
    def by_notebook(self) -> dict[str, Topic]:
        """The topic of each report, in their order."""
        return dict(sorted((topic.notebook, topic) for topic in self.topics if topic.notebook))

    @property
    def notebooks(self) -> tuple[str, ...]:
        return tuple(self.by_notebook)

    @property
    def releases(self) -> tuple[Release, ...]:
        return tuple(release for topic in self.topics for release in topic.releases)

    @property
    def keeps(self) -> tuple[str, ...]:
        """Tables of the store that are kept for comparison with a later run."""
        return tuple(dict.fromkeys(table for topic in self.topics for table in topic.keeps))

    def release(self, name: str) -> Release | None:
        """A release by its name."""
        return next((r for r in self.releases if r.name == name), None)

    def areas(self, workbook: Workbook) -> dict[str, str]:
        """Code and name of the areas of the data, read before anything runs."""
        return self._only("areas")(workbook)

    def permit(self, workbook: Workbook) -> None:
        """Raise InputError where a topic refuses the run. Published official statistics need no permission."""
        for topic in self.topics:
            if topic.permitted is not None:
                call(topic.permitted, workbook)

    def definition_faults(self, workbook: Workbook) -> list[str]:
        """The faults of definition files, of every topic that has some."""
        asked = [topic.examine for topic in self.topics if topic.definitions and topic.examine is not None]
        return [text for examine in asked for state, text in call(examine, workbook) if state == MISSING]

    def _only(self, part: str) -> Callable[[Workbook], Any]:
        places = [place for topic in self.topics if (place := getattr(topic, part)) is not None]
        if len(places) != 1:
            raise InputError(f"{len(places)} topics declare `{part}`; a kind of run needs one that does.")
        return partial(call, places[0])


def route_of(data: Data) -> Route:
    """The route of one kind of run, from every topic that declares itself."""
    return Route(topics_of(data))


def route_from(topics: Iterable[Topic]) -> Route:
    """A route of the topics given, once they are known to fit together."""
    topics = tuple(topics)
    check_topics(topics)
    return Route(topics)


def _protection(topics: Iterable[Topic]) -> Stage:
    """The one stage that turns true figures into released ones, over all topics together."""
    given: list[tuple[Release, type[RunParams] | None]] = [(r, t.parameters) for t in topics for r in t.releases]
    models = tuple(dict.fromkeys(model for release, model in given if model and release.parameters))
    return Stage(
        PROTECT,
        partial(protect, given),
        makes=(*(release.released_name for release, _ in given), CATALOGUE),
        reads=aggregates(release for release, _ in given),
        settings=("disclosure", "ics_code", "index_date"),
        parameters=models,
        modules=tuple(t.module for t in topics if t.module and t.releases),
    )
