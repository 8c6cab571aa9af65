"""A run that is killed in the middle loses the step in hand and nothing else."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCRIPT = """
import sys, time
from dataclasses import replace
sys.path.insert(0, {here!r})
import conftest as small
from phm_utils.batch.run import run
from phm_utils.batch.route import route_from
from phm_utils.topic import Stage
from phm_utils.params import Workbook

def people(con, workbook):
    print("people runs", flush=True)
    yield from small.people(con, workbook)

def slow(con, workbook):
    yield from small.people(con, workbook)
    print("slow runs", flush=True)
    time.sleep({pause})

def main():
    workbook = Workbook(name="demo", title="Demo ICS", ics_code="QZZ", index_date="2025-03-31", landing="landing",
                        synthetic=True, resources=dict(workers=1))
    people = small.TOPICS[0]
    pause = Stage("slow", lambda c, w: (m for m in slow(c, w) if False), ("slow",), ("people",))
    tables = replace(people.stages[1], reads=("people", "slow"))
    topics = (replace(people, stages=(people.stages[0], pause, tables)), small.TOPICS[1])
    route = route_from(topics)
    sys.exit(run(workbook, route=route, notebooks="01"))

if __name__ == "__main__":
    main()
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills by POSIX signal")


def heed_control_c() -> None:
    """A shell's background job ignores Control-C, and so would everything that these tests start from one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start(house, tmp_path):
    """Start a run in a process of its own; the process."""
    started = []

    def begin(pause: float = 0) -> subprocess.Popen:
        script = tmp_path / "script.py"
        script.write_text(SCRIPT.format(here=str(HERE), pause=pause))
        process = subprocess.Popen(
            [sys.executable, str(script)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=heed_control_c,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()


def until(process: subprocess.Popen, words: str) -> None:
    for line in process.stdout:
        if words in line:
            return
    raise AssertionError(f"the run ended before it said {words!r}")


def wait_for(marker: Path, process: subprocess.Popen) -> None:
    """Until the notebook in hand has written its marker; a run that ends or hangs before is a failure."""
    deadline = time.monotonic() + 120
    while not (marker.exists() and marker.read_text()):
        assert process.poll() is None, f"the run ended early: {process.stdout.read()}"
        assert time.monotonic() < deadline, "the notebook never began"
        time.sleep(0.1)


@pytest.mark.full
def test_a_run_killed_in_a_stage_goes_on_from_the_stage_before(house, start):
    first = start(pause=60)
    until(first, "slow runs")
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = start()
    output = second.communicate(timeout=120)[0]
    assert second.returncode == 0, output
    assert "slow runs" in output
    assert "people runs" not in output
    assert not (house / "outputs" / "demo" / "temp").exists()


@pytest.mark.full
def test_a_run_killed_in_a_report_keeps_those_made_and_leaves_no_process(house, start, put_notebook, tmp_path):
    marker = tmp_path / "kernel.pid"
    wait = f"if area_code == 'U99001':\n    open({str(marker)!r}, 'w').write(str(os.getpid()))\n    time.sleep(60)"
    put_notebook("import os, time", wait)
    first = start()
    until(first, "QZZ/01_linkage: done")
    wait_for(marker, first)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert _gone(int(marker.read_text()), seconds=20)
    assert json.loads((house / "outputs" / "demo" / "manifest.json").read_text())["steps"]["QZZ/01_linkage"]
    page = house / "outputs" / "demo" / "release" / "QZZ" / "01_linkage.html"
    made = page.stat().st_mtime_ns
    marker.unlink()
    second = start()
    wait_for(marker, second)
    assert page.stat().st_mtime_ns == made
    assert len(list((house / "outputs" / "demo" / "temp").glob("report-*"))) == 1
    os.killpg(second.pid, signal.SIGINT)
    second.communicate(timeout=180)


def test_control_c_stops_everything_at_once_and_leaves_nothing_behind(house, start, put_notebook, tmp_path):
    marker = tmp_path / "kernel.pid"
    put_notebook("import os, time", f"open({str(marker)!r}, 'w').write(str(os.getpid()))", "time.sleep(60)")
    run = start()
    wait_for(marker, run)
    sockets = Path((house / "outputs" / "demo" / "temp" / "sockets").read_text())
    assert sockets.is_dir()
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to every process of the command
    output = run.communicate(timeout=180)[0]
    assert "KeyboardInterrupt" in output.splitlines()[-1]
    assert "Task exception" not in output
    assert _gone(int(marker.read_text()), seconds=20)
    assert not sockets.exists()
    assert not (house / "outputs" / "demo" / "temp").exists()


def _gone(pid: int, seconds: float) -> bool:
    for _ in range(int(seconds * 10)):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False
