"""environment.yml and pyproject.toml name the same packages at the same versions."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CONDA_NAMES = {
    "python-duckdb": "duckdb",
    "matplotlib-base": "matplotlib",
    "nbconvert-core": "nbconvert",
    "seaborn-base": "seaborn",
}


def _split(requirement: str) -> tuple[str, str]:
    name, bounds = re.fullmatch(r"([A-Za-z0-9_.-]+?)\s*([<>=!,. 0-9]*)", requirement).groups()
    return CONDA_NAMES.get(name, name), bounds


def _pyproject() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def _conda() -> dict[str, str]:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    plain = [e for e in entries if isinstance(e, str)]
    piped = [e for group in entries if isinstance(group, dict) for e in group["pip"]]
    return dict(_split(e) for e in [*plain, *piped] if e != "pip" and not e.startswith("--"))


def test_the_two_files_name_the_same_packages_and_bounds():
    project = _pyproject()
    extras = project["optional-dependencies"]
    expected = dict(_split(e) for e in [*project["dependencies"], *extras["lab"], *extras["dev"]])
    conda = _conda()
    assert conda.pop("python") == project["requires-python"]
    assert conda == expected


def test_every_package_of_the_workbook_has_a_lower_bound():
    project = _pyproject()
    for group in (project["dependencies"], *project["optional-dependencies"].values()):
        assert all(">=" in requirement for requirement in group), group
