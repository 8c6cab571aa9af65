"""Progress on stderr: a bar on a terminal, a line a minute in a log."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from tqdm import tqdm

from phm_utils.batch.execute import Outcome
from phm_utils.engine import activity
from phm_utils.engine.activity import Activity

BAR_SECONDS, LOG_SECONDS = 0.5, 60.0  # between two looks at a stage


class Progress:
    """Lines and a bar: names of steps and tables, counts, times and our own messages only."""

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty()

    def line(self, text: str) -> None:
        tqdm.write(text, file=sys.stderr)

    @contextmanager
    def stage(self, name: str, con: duckdb.DuckDBPyConnection, last_seconds: float | None) -> Iterator[None]:
        """Show what a stage is doing while the block runs.

        con: the connection that it works in. last_seconds: how long the stage took in an earlier run.
        """
        ended = threading.Event()
        with activity.watched() as work:
            shown = threading.Thread(target=self._show, args=(name, con, work, last_seconds, ended), daemon=True)
            shown.start()
            try:
                yield
            finally:
                ended.set()
                shown.join()

    def _show(
        self,
        name: str,
        con: duckdb.DuckDBPyConnection,
        work: Activity,
        last_seconds: float | None,
        ended: threading.Event,
    ) -> None:
        if not self.terminal:
            while not ended.wait(LOG_SECONDS):
                self.line(describe(name, work, _percent_of_query(con), last_seconds))
            return
        with tqdm(total=100, file=sys.stderr, leave=False, bar_format="{desc} |{bar:20}|") as bar:
            while not ended.wait(BAR_SECONDS):
                percent = _percent_of_query(con)
                bar.n = 100 * work.done / work.total if work.total else max(percent, 0)
                bar.set_description_str(describe(name, work, percent, last_seconds))

    @contextmanager
    def reports(self, total: int) -> Iterator[Callable[[Outcome], None]]:
        """A bar over `total` reports; gives the function to call with each outcome."""
        with tqdm(total=total, unit="report", file=sys.stderr, disable=not self.terminal, leave=False) as bar:

            def report_outcome(outcome: Outcome) -> None:
                bar.update()
                if not outcome.ok:
                    self.line(f"{outcome.step}: failed: {outcome.error}")
                elif not self.terminal:
                    self.line(f"{outcome.step}: done in {outcome.seconds:.1f} s")

            yield report_outcome

    def end(self, done: int, failed: int, seconds: float, index: Path) -> None:
        """The last lines: how many steps were done, and the index to open."""
        if done or failed:
            self.line(f"{done} steps done, {failed} failed, in {seconds:.0f} s.")
        else:
            self.line("Nothing has changed: everything asked for is up to date.")
        if index.exists():
            print(index)


def describe(name: str, work: Activity, percent: float, last_seconds: float | None) -> str:
    """One line: stage, table, rows done of all or the part of the query that is done, and the time left.

    percent: of the database's present query, negative where not known.
    last_seconds: how long the stage took in an earlier run.

    >>> describe("check", Activity("gp_event", done=0, total=100), -1, None)
    'check: gp_event, 0 of 100 rows'
    """
    parts = [work.doing] if work.doing else []
    left = work.seconds_left
    if work.total:
        parts.append(f"{work.done:,} of {work.total:,} rows")
    elif percent >= 0:
        parts.append(f"{percent:.0f}% of this query")
    if left is None and last_seconds:
        left = max(last_seconds - (time.monotonic() - work.started), 0.0)
    if left is not None:
        parts.append(f"about {_duration(left)} left")
    return f"{name}: {', '.join(parts) or 'starting'}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _percent_of_query(con: duckdb.DuckDBPyConnection) -> float:
    """How much of the present query is done; negative where that is not known."""
    try:
        return con.query_progress()
    except duckdb.Error:  # the connection has just been closed
        return -1.0
