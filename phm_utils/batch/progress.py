"""Progress on stderr: a bar on a terminal, plain lines in a log."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from phm_utils.batch.execute import Outcome


class Progress:
    """Lines and a bar: names of steps, times and our own messages only."""

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty()

    def line(self, text: str) -> None:
        tqdm.write(text, file=sys.stderr)

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
