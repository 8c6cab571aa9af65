"""Every public function of methods, rules and reports shows an example, and every example is true."""

import doctest
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from types import FunctionType, ModuleType

import numpy as np
import pandas as pd
import pytest

PACKAGES = ("phm_utils.methods", "phm_utils.rules", "phm_utils.reports")
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
MODULES = sorted(
    found.name
    for package in PACKAGES
    for found in walk_packages(import_module(package).__path__, f"{package}.")
    if not found.ispkg
)


def public_functions(module: ModuleType) -> Iterator[FunctionType]:
    """Functions that a module itself defines and does not keep to itself."""
    for name, value in vars(module).items():
        if inspect.isroutine(value) and not name.startswith("_") and value.__module__ == module.__name__:
            yield value


def without_example(module: ModuleType) -> list[str]:
    return [f"{module.__name__}.{one.__name__}" for one in public_functions(module) if ">>>" not in (one.__doc__ or "")]


def failures(module: ModuleType) -> tuple[int, str]:
    """How many examples a module has, and what doctest says of those that fail. `np` and `pd` are at hand in each."""
    output: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS, verbose=False)
    for test in doctest.DocTestFinder().find(module, extraglobs={"np": np, "pd": pd}):
        runner.run(test, out=output.append)
    return runner.tries, "".join(output)


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where examples write their small files
    module = import_module(name)
    tries, output = failures(module)
    assert not output, output
    assert tries == len(re.findall(r"^ *>>> ", inspect.getsource(module), re.MULTILINE)), "not every example was run"


@pytest.mark.parametrize("name", MODULES)
def test_every_public_function_has_an_example(name):
    lacking = without_example(import_module(name))
    assert not lacking, f"no example (`>>>`) in the docstring of {', '.join(lacking)}"


def _module(docstring: str) -> ModuleType:
    made = ModuleType("made_up")
    exec(f'def double(x):\n    """{docstring}"""\n    return 2 * x\n', vars(made))
    return made


def test_a_function_without_an_example_is_named():
    assert without_example(_module("Twice as many.")) == ["made_up.double"]


def test_an_untrue_example_is_told():
    assert failures(_module("\n    >>> double(2)\n    4\n    ")) == (1, "")
    tries, output = failures(_module("\n    >>> double(2)\n    5\n    "))
    assert tries == 1
    assert "Expected:\n    5\nGot:\n    4" in output
