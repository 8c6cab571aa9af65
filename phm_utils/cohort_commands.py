"""The commands about cohorts: `phm cohorts check | try | compare | schema`, and `phm columns`.

Exit codes as of `phm`: 2 where a file or an argument is refused.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from phm_utils.printable import printable_lines

if TYPE_CHECKING:
    from phm_utils.params import Workbook

DONE, REFUSED = 0, 2
RUN = Path("parameters") / "demo.yml"
Adding = Callable[..., argparse.ArgumentParser]


def cohort_options(command: argparse.ArgumentParser, add: Adding) -> None:
    """The commands below `phm cohorts`. add: makes a command of a group, as `phm` does."""
    commands = command.add_subparsers(title="commands", metavar="check|try|compare|schema", required=True)
    checked = add(commands, "check", check, "check files of cohorts: every fault, with its line")
    checked.add_argument("files", nargs="+", type=Path, metavar="FILE", help="parameters/cohorts/*.yml, or your own")
    _add_run(checked)
    tried = add(commands, "try", try_one, "count a cohort on the tables of a run; nothing is written")
    tried.add_argument("file", type=Path, metavar="FILE", help="a file, or the name of one of parameters/cohorts")
    _add_area(_add_run(tried))
    compared = add(commands, "compare", compare, "show who is in both of two cohorts, in one, and why")
    for name in ("a", "b"):
        compared.add_argument(name, type=Path, metavar=name.upper(), help="a file, or the name of a cohort")
    _add_area(_add_run(compared))
    add(commands, "schema", schema, "print the JSON Schema of a cohort's file, for editors")


def column_options(command: argparse.ArgumentParser) -> None:
    """The options of `phm columns`."""
    command.add_argument("word", nargs="?", metavar="WORD", help="part of a name or meaning; all without it")
    _add_run(command)


def _add_run(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("--run", type=Path, default=RUN, metavar="PARAMETERS", help=f"({RUN.as_posix()})")
    return command


def _add_area(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("--area", metavar="CODE", help="of one PCN only (all)")
    return command


def _workbook(options: argparse.Namespace) -> "Workbook":
    from phm_utils.topics.registry import load_workbook

    return load_workbook(options.run)


def check(options: argparse.Namespace) -> int:
    """Print a line per file, or its faults; refused where one is faulty."""
    from phm_utils.measures.cohort_check import check_files
    from phm_utils.measures.cohort_text import checked_text

    results = check_files(options.files, _workbook(options))
    print(printable_lines(checked_text(results)))
    return REFUSED if any(result.fault for result in results) else DONE


def try_one(options: argparse.Namespace) -> int:
    """Print a cohort's definition, how it comes about, and its size by practice."""
    from phm_utils.measures.cohort_text import try_text

    print(printable_lines(try_text(_workbook(options), options.file, options.area)))
    return DONE


def compare(options: argparse.Namespace) -> int:
    """Print the difference of two cohorts."""
    from phm_utils.measures.cohort_text import compare_text

    print(printable_lines(compare_text(_workbook(options), options.a, options.b, options.area)))
    return DONE


def columns(options: argparse.Namespace) -> int:
    """Print what can be asked."""
    from phm_utils.measures.cohort_text import columns_text

    print(printable_lines(columns_text(_workbook(options), options.word)))
    return DONE


def schema(options: argparse.Namespace) -> int:
    """Print the JSON Schema."""
    from phm_utils.measures.cohort_schema import schema_text

    print(schema_text(), end="")
    return DONE
