"""What the person at the screen, or a log, is shown while a stage works."""

import signal
import subprocess
import sys
import time

import pytest

from phm_utils.batch import progress
from phm_utils.batch.progress import Progress, describe
from phm_utils.engine import activity, session
from phm_utils.engine.activity import Activity


@pytest.mark.parametrize(
    ("ago", "rows", "percent", "last_seconds", "line"),
    [
        (60, (25_000_000, 100_000_000), 40, None,
         "check: gp_event, 25,000,000 of 100,000,000 rows, about 3 min left"),
        (30, (3, 4), -1, 999.0, "check: gp_event, 3 of 4 rows, about 10 s left"),
        (10, (0, 0), 40.4, None, "check: gp_event, 40% of this query"),
        (100, (0, 0), -1, 700.0, "check: gp_event, about 10 min left"),
        (100, (0, 0), -1, 50.0, "check: gp_event, about 0 s left"),
    ],
)  # fmt: skip
def test_a_line_names_table_rows_and_time_left(ago, rows, percent, last_seconds, line):
    done, total = rows
    work = Activity("gp_event", done, total, started=time.monotonic() - ago)
    assert describe("check", work, percent, last_seconds) == line


def test_before_the_first_table_a_stage_is_starting():
    assert describe("check", Activity(), -1, None) == "check: starting"


def test_a_log_gets_a_line_at_each_interval(monkeypatch, capsys):
    monkeypatch.setattr(progress, "LOG_SECONDS", 0.05)
    with session() as con, Progress().stage("check", con, None):
        activity.begin("gp_event")
        activity.expect(1_000)
        activity.advance(250)
        time.sleep(0.3)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert all(line.startswith("check: gp_event, 250 of 1,000 rows, about ") for line in lines[1:])


def test_a_quick_stage_adds_no_line(capsys):
    with session() as con, Progress().stage("check", con, None):
        con.execute("SELECT 1")
    assert capsys.readouterr().err == ""


def test_work_that_is_not_watched_goes_on():
    activity.begin("gp_event")
    activity.advance(5)


# A terminal leaves SIGINT as it is; a job of a shell or a test runner may start with it ignored or blocked.
STOPPED_QUERY = """
import os, signal, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
from phm_utils.engine import session
try:
    with session() as con:
        threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
        con.execute("SELECT sum(hash(range)) FROM range(200000000000)")
except KeyboardInterrupt:
    print("stopped")
"""


def interrupt_kept_out() -> None:
    """Ignore and block SIGINT, as some parents of the tests do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("before", [None, interrupt_kept_out])
def test_ctrl_c_stops_a_query_as_it_stops_python(before):
    done = subprocess.run(
        [sys.executable, "-c", STOPPED_QUERY], capture_output=True, text=True, timeout=120, preexec_fn=before
    )
    assert done.stdout == "stopped\n", done.stderr
