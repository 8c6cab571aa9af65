"""Every topic's declaration fits the others, and says truly what stands behind its stages and its report."""

import importlib
from dataclasses import replace

import pytest

from phm_utils.batch.keys import PACKAGE, notebook_modules, source_files
from phm_utils.batch.plan import read_notebook
from phm_utils.batch.route import PROTECT, route_from, route_of
from phm_utils.errors import InputError
from phm_utils.privacy.release import AREA, Release, count
from phm_utils.topic import Stage, Topic, aggregates, module_of
from phm_utils.topics.registry import declared, notebooks, ordered

ROUTES = {data: route_of(data) for data in ("person_level", "published")}
STAGES = [pytest.param(stage, id=stage.name) for route in ROUTES.values() for stage in route.stages]
NOTEBOOKS = [pytest.param(route, name, id=name) for route in ROUTES.values() for name in route.notebooks]


def files_behind(*modules: str) -> set[str]:
    return {path.relative_to(PACKAGE).as_posix() for path in source_files(modules)}


@pytest.mark.parametrize("stage", STAGES)
def test_behind_a_stage_stand_no_figure_and_no_page(stage):
    files = files_behind(module_of(stage.function), *stage.modules)
    assert {"engine/__init__.py", "errors.py"} <= files
    assert not [f for f in files if f.startswith(("figures/", "reports/")) or f.endswith("_page.py")]


@pytest.mark.parametrize("stage", STAGES)
def test_every_place_of_a_stage_can_be_called(stage):
    for place in (stage.function, stage.items, stage.files):
        if isinstance(place, str):
            module, name = place.split(":")
            assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
def test_protection_comes_last_and_reads_the_true_figures_of_every_release(route):
    assert route.stages[-1].name == PROTECT
    assert set(route.stages[-1].reads) == {release.aggregate_name for release in route.releases}


@pytest.mark.parametrize(("route", "name"), NOTEBOOKS)
def test_a_notebook_asks_only_for_what_is_declared(route, name):
    assert read_notebook(name, route)


@pytest.mark.parametrize(("route", "name"), NOTEBOOKS)
def test_a_page_imports_what_computes_and_never_the_reverse(route, name):
    pages = {f for f in files_behind(*notebook_modules(read_notebook(name, route))) if f.endswith("_page.py")}
    assert pages
    behind_stages = {f for stage in route.stages for f in files_behind(module_of(stage.function), *stage.modules)}
    assert not pages & behind_stages  # so a changed caption makes no table anew


def test_every_notebook_belongs_to_one_topic():
    assert set(notebooks()) == {name for route in ROUTES.values() for name in route.notebooks}


TOY = Release("toys", "Toys by area", (AREA, count("toys")))


def toy_tables(con, workbook):
    yield from ()


def toy(**changes) -> Topic:
    stage = Stage("toy_tables", toy_tables, makes=aggregates([TOY]), reads=("person",))
    return replace(Topic("toys", stages=(stage,), releases=(TOY,)), **changes)


def test_a_toy_topic_is_added_and_taken_away_by_its_declaration_alone():
    before = ROUTES["person_level"]
    with_toy = route_from([*before.topics, toy()])
    names = [stage.name for stage in with_toy.stages]
    assert names.index("persons") < names.index("toy_tables") < names.index(PROTECT)
    assert "release_toys" in with_toy.stages[-1].makes
    assert [s.name for s in route_from(with_toy.topics[:-1]).stages] == [s.name for s in before.stages]


def test_a_release_that_no_stage_makes_is_refused():
    with pytest.raises(InputError, match="toys: no stage of it makes `aggregate_toys`"):
        route_from([*ROUTES["person_level"].topics, toy(stages=())])


def test_two_topics_with_one_release_name_are_refused():
    stage = Stage("other_toys", toy_tables, makes=("aggregate_toys",))
    other = toy(name="other", stages=(stage,))
    with pytest.raises(InputError, match="2 topics declare a release `toys`"):
        route_from([*ROUTES["person_level"].topics, toy(), other])


def test_a_report_that_reads_what_nobody_makes_is_refused():
    with pytest.raises(InputError, match="its report reads `dolls`, which no stage makes"):
        route_from([*ROUTES["person_level"].topics, toy(reads=("dolls",))])


def test_a_notebook_without_a_parameter_model_is_refused():
    with pytest.raises(InputError, match="`notebook` and `parameters` must be declared together"):
        route_from([*ROUTES["person_level"].topics, toy(notebook="09_toys")])


def test_a_module_without_a_declaration_is_refused():
    with pytest.raises(InputError, match=r"phm_utils\.errors exports no TOPIC"):
        declared(("phm_utils.errors",))


def test_stages_that_wait_for_each_other_are_refused():
    one, two = Stage("one", toy_tables, ("a",), reads=("b",)), Stage("two", toy_tables, ("b",), reads=("a",))
    with pytest.raises(InputError, match=r"in a cycle: (one -> two -> one|two -> one -> two)"):
        ordered([one, two])


def test_a_table_that_no_stage_makes_is_refused():
    with pytest.raises(InputError, match="one reads `nowhere`"):
        ordered([Stage("one", toy_tables, ("a",), reads=("nowhere",))])


def test_stages_keep_their_order_where_tables_leave_it_open():
    stages = [Stage(n, toy_tables, (n,), reads=r) for n, r in (("c", ("a",)), ("a", ()), ("b", ()))]
    assert [s.name for s in ordered(stages)] == ["a", "c", "b"]
