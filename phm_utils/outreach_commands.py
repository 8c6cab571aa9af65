"""The command about lists that come back: `phm outreach import`.

Exit codes as of `phm`: 2 where a file or an argument is refused.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from phm_utils.cohort_commands import DONE, RUN, Adding
from phm_utils.printable import printable_lines

if TYPE_CHECKING:
    from phm_utils.measures.outreach import Imported

SHOWN = 20  # faulty rows; all are in the file


def outreach_options(command: argparse.ArgumentParser, add: Adding) -> None:
    """The commands below `phm outreach`. add: makes a command of a group, as `phm` does."""
    commands = command.add_subparsers(title="commands", metavar="import", required=True)
    taken = add(commands, "import", import_list, "take in a list that its recipient filled in: reference, status, date")
    taken.add_argument("file", type=Path, metavar="FILE", help="CSV or .xlsx; other columns are not read")
    taken.add_argument("--request", required=True, metavar="ID", help="the request that the list was made for: R-...")
    taken.add_argument("--run", type=Path, default=RUN, metavar="PARAMETERS", help=f"({RUN.as_posix()})")


def import_list(options: argparse.Namespace) -> int:
    """Take a returned list in, and print what became of each of its rows."""
    from phm_utils.measures.outreach import import_outreach
    from phm_utils.topics.registry import load_workbook

    print(printable_lines(imported_text(import_outreach(load_workbook(options.run), options.file, options.request))))
    return DONE


def imported_text(done: "Imported") -> str:
    """What became of a returned list, in lines."""
    from phm_utils.measures.outreach import REJECTED

    lines = [
        f"{done.request}: {done.rows} rows = {done.taken} taken + {done.held} held already + "
        f"{done.nothing_yet} with nothing yet + {len(done.rejected)} rejected."
    ]
    if done.held and not done.taken:
        lines.append("Nothing new: what this list says is here already.")
    if done.not_read:
        lines.append(f"Not read and not kept: {', '.join(done.not_read)}.")
    lines += [f"- line {row.line}: {row.reason}" for row in done.rejected.head(SHOWN).itertuples()]
    if len(done.rejected):
        more = len(done.rejected) - SHOWN
        lines.append(f"{f'And {more} more: all' if more > 0 else 'All'} are in {done.place / REJECTED}.")
    return "\n".join(lines)
