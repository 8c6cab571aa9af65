"""The plan is data, and the data are true."""

import importlib

import pytest

from phm_utils.batch.keys import PACKAGE, source_files
from phm_utils.batch.stages import ROUTES, late
from phm_utils.params import NOTEBOOKS

STAGES = [
    pytest.param(route, stage, id=f"{kind}-{stage.name}") for kind, route in ROUTES.items() for stage in route.stages
]


@pytest.mark.parametrize(("route", "stage"), STAGES)
def test_behind_a_stage_stands_its_own_module_and_no_report(route, stage):
    assert importlib.import_module(stage.modules[0])
    files = {path.relative_to(PACKAGE).as_posix() for path in source_files(stage.modules)}
    assert {"engine/__init__.py", "errors.py"} <= files
    assert not any(name.startswith(("reports/", "figures/")) for name in files)


@pytest.mark.parametrize(("route", "stage"), STAGES)
def test_a_stage_reads_only_stages_before_it(route, stage):
    before = [s.name for s in route.stages[: route.stages.index(stage)]]
    assert set(stage.upstream) <= set(before)
    assert stage.name not in before
    assert set(stage.notebooks) <= set(NOTEBOOKS)


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
def test_a_route_ends_in_the_protection_of_everything_before_it(route):
    assert route.stages[-1].name == "protect"
    assert set(route.stages[-1].upstream) == {s.name for s in route.stages[:-1]}
    assert set(route.notebooks) <= set(NOTEBOOKS)


def test_every_notebook_belongs_to_a_route():
    assert {n for route in ROUTES.values() for n in route.notebooks} == set(NOTEBOOKS)


@pytest.mark.parametrize(("route", "stage"), STAGES)
def test_every_stage_can_be_imported(route, stage):
    place = stage.write.args[0].args[0] if getattr(stage.write, "args", ()) else "phm_utils.inputs.check:check"
    module, name = place.split(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_a_late_function_is_imported_when_it_is_called():
    with pytest.raises(ModuleNotFoundError):
        late("phm_utils.nowhere:function")()
    assert late("os.path:basename")("a/b") == "b"
