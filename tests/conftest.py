"""A tiny simulated ICS, simulated and run once, for every test that needs finished pages."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from filelock import FileLock
from hypothesis import HealthCheck, settings

from phm_utils.cli import main
from phm_utils.engine import THREADS_ENV
from phm_utils.params import Workbook
from phm_utils.topics.registry import load_workbook

pytest_plugins = ["person_table", "browser"]

# Machines are shared: how long an example takes says nothing about the code.
settings.register_profile("workbook", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("workbook"), max_examples=200)
settings.load_profile("workbook")
os.environ.setdefault(THREADS_ENV, "1")  # tables are tiny: tests run side by side instead


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew-expected", action="store_true", help="write the expected pages of tests/notebooks anew")


SOURCE = Path(__file__).resolve().parents[1]
PEOPLE_PER_PCN = "5000"  # fewer, and most of a page would be suppressed


@dataclass(frozen=True)
class TinyRun:
    """A finished run of three small PCNs, with reports for the ICS and its first PCN.

    root: a copy of the workbook's folder. parameters: the file that was run.
    """

    root: Path
    parameters: Path

    @property
    def workbook(self) -> Workbook:
        return load_workbook(self.parameters)

    @property
    def folder(self) -> Path:
        return self.root / "outputs" / self.workbook.name

    @property
    def release(self) -> Path:
        return self.folder / "release"

    @property
    def pcn_codes(self) -> list[str]:
        return ["U99001", "U99002", "U99003"]


def make_tiny_run(root: Path) -> TinyRun:
    """Simulate and run into `root`, through the same commands that users type."""
    for folder in ("parameters", "notebooks"):
        shutil.copytree(SOURCE / folder, root / folder)
    content = yaml.safe_load((root / "parameters" / "demo.yml").read_text(encoding="utf-8"))
    parameters = root / "parameters" / "tiny.yml"
    parameters.write_text(yaml.safe_dump(content | {"name": "tiny"}), encoding="utf-8")
    before = os.environ.get("PHM_ROOT")
    os.environ["PHM_ROOT"] = str(root)
    try:
        assert main(["simulate", "--pcns", "3", "--people-per-pcn", PEOPLE_PER_PCN, "--seed", "7"]) == 0
        assert main(["run", str(parameters), "--areas", "QZZ,U99001"]) == 0
    finally:
        os.environ.pop("PHM_ROOT")
        if before is not None:
            os.environ["PHM_ROOT"] = before
    return TinyRun(root, parameters)


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory, worker_id) -> TinyRun:
    """The finished tiny run. Tests read it and never change it; processes of one test session share it."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    root = shared / "tiny_run"
    with FileLock(shared / "tiny_run.lock"):
        if not (root / "finished").exists():
            root.mkdir()
            make_tiny_run(root)
            (root / "finished").touch()
    return TinyRun(root, root / "parameters" / "tiny.yml")
