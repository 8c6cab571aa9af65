"""A run's manifest names every package that may shape its results, at the version that made them."""

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from phm_utils.batch import keys

PROJECT = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture
def required(monkeypatch):
    """A function that makes this package require what it is given."""

    def of(*texts: str) -> None:
        monkeypatch.setattr(keys, "requires", lambda _: list(texts))
        _forget()

    yield of
    _forget()


def _forget() -> None:
    keys.report_packages.cache_clear()
    keys.stage_packages.cache_clear()


def test_every_dependency_of_pyproject_is_named_with_its_version():
    wanted = {canonicalize_name(Requirement(text).name) for text in PROJECT["project"]["dependencies"]}
    found = keys.versions(keys.report_packages())
    assert wanted <= found.keys()
    assert {"cryptography", "papermill", "pydantic", "python-stdnum", "splink", "sqlglot"} <= wanted
    assert found["splink"] == version("splink")
    assert "absent" not in found.values()


def test_a_new_dependency_is_named_without_a_change_here_and_an_extra_is_not(required):
    required("lifelines>=1", 'pyspark>=4; extra == "spark"', "Foo_Bar[x]~=2.0; python_version > '3'")
    assert set(keys.report_packages()) == {"lifelines", "foo-bar", *keys.UNDECLARED_PACKAGES}
    assert keys.versions(keys.report_packages())["lifelines"] == "absent"


def test_a_package_counts_for_tables_unless_it_is_known_to_draw_only(required):
    required("lifelines>=1", "matplotlib>=3", "jupyter_client>=8")
    assert set(keys.stage_packages()) == {"lifelines", *keys.UNDECLARED_PACKAGES} - {"nbclient"}


def test_packages_known_to_draw_only_are_packages_of_the_workbook():
    assert set(keys.REPORTS_ONLY) <= set(keys.report_packages())


def test_the_manifest_of_a_run_holds_them(tiny_run):
    import json

    manifest = json.loads((tiny_run.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["head"]["versions"] == keys.versions(keys.report_packages())
