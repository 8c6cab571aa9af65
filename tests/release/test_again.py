"""A finished run is left as it is by every command that has nothing to do."""

import importlib
import time

import pytest
import yaml

from phm_utils.batch.route import route_of
from phm_utils.cli import main
from phm_utils.runs import sha256_file

ASKED = ["--areas", "QZZ,U99001"]
MOST_CPU_SECONDS = 5


@pytest.fixture(autouse=True)
def here(tiny_run, monkeypatch):
    monkeypatch.setenv("PHM_ROOT", str(tiny_run.root))


def state(tiny_run) -> dict:
    return {p: (sha256_file(p), p.stat().st_mtime_ns) for p in tiny_run.release.rglob("*") if p.is_file()}


def test_a_second_run_does_nothing_quickly_and_every_released_file_keeps_its_bytes(tiny_run, capsys):
    before, started = state(tiny_run), time.process_time()
    assert main(["run", str(tiny_run.parameters), *ASKED]) == 0
    assert time.process_time() - started < MOST_CPU_SECONDS
    output = capsys.readouterr()
    assert "Nothing has changed" in output.err
    assert output.out.strip() == str(tiny_run.release / "index.html")
    assert state(tiny_run) == before


def test_a_dry_run_says_that_everything_is_up_to_date(tiny_run, capsys):
    assert main(["run", str(tiny_run.parameters), *ASKED, "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    steps = route_of("person_level").steps(tiny_run.workbook)
    reports = 2 * len(route_of("person_level").notebooks)  # of two areas
    assert len(lines) == len(steps) + reports
    assert {line.split(maxsplit=1)[1] for line in lines} == {"up to date"}


def test_phm_check_accounts_for_every_row(tiny_run, capsys):
    assert main(["check", str(tiny_run.parameters)]) == 0
    output = capsys.readouterr().out
    assert "gp_event" in output
    assert "rows in" in output


@pytest.mark.full
def test_workers_threads_and_memory_change_no_released_byte(tiny_run, tmp_path, monkeypatch):
    stage = importlib.import_module("phm_utils.persons.persons")
    monkeypatch.setattr(stage, "PERSON_BYTES", 20_000)  # a slice for each PCN
    content = yaml.safe_load(tiny_run.parameters.read_text(encoding="utf-8"))
    resources = {"workers": 1, "threads": 1, "stage_memory": "300MB"}  # tables are checked in several portions
    parameters = tmp_path / "again.yml"
    parameters.write_text(
        yaml.safe_dump(content | {"outputs": str(tmp_path / "outputs"), "resources": resources}), encoding="utf-8"
    )
    assert main(["run", str(parameters), *ASKED]) == 0
    there = tmp_path / "outputs" / tiny_run.workbook.name / "release"
    files = [p.relative_to(there) for p in sorted(there.rglob("*")) if p.is_file() and p.name != "index.html"]
    assert len(files) > 100
    assert [str(f) for f in files if (there / f).read_bytes() != (tiny_run.release / f).read_bytes()] == []
