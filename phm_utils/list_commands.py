"""The commands about lists of people: `phm request`, `phm reidentify`, `phm timeline`. Exit codes as of `phm`."""

import argparse
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from phm_utils.printable import printable_lines

if TYPE_CHECKING:
    from phm_utils.params import Workbook
    from phm_utils.privacy.audit_log import AuditLog

DONE, FAILED = 0, 1
Adding = Callable[..., argparse.ArgumentParser]


def list_options(commands, add: Adding, day: Callable[[str], date]) -> None:
    """Add the commands. add: makes a command, as `phm` does. day: reads a day."""
    asked = add(commands, "request", request, "ask for a list of a cohort's people, for one recipient")
    asked.add_argument(
        "cohort", metavar="COHORT", help="the name of one of parameters/cohorts or parameters/vulnerability"
    )
    asked.add_argument("--practice", metavar="CODE", help="whose patients; it is the recipient, too")
    asked.add_argument("--agreement", metavar="REFERENCE", help="of a team or another recipient (that of the practice)")
    asked.add_argument("--role", required=True, help="of who asks, as the agreement names it")
    asked.add_argument("--purpose", required=True, help="for example direct_care")
    asked.add_argument("--requester", required=True, metavar="NAME", help="who asks")
    asked.add_argument(
        "--again", action="store_true", help="those too who were reached, declined, or are on a running list"
    )
    asked.add_argument("--households", action="store_true", help="of a model: its households, for a council or charity")
    asked.add_argument("--fields", nargs="+", metavar="FIELD", help="of households, besides own lists; `none` of them")
    _add_run(asked, day)
    listed = add(commands, "reidentify", reidentify, "write the list of a request, with the key of the linkage")
    listed.add_argument("--requester", required=True, metavar="NAME", help="who writes the list")
    _add_key(listed, day)
    shown = add(commands, "timeline", timeline, "show one listed person's contacts of 36 months, on screen only")
    _add_key(shown, day)
    shown.add_argument("reference", metavar="REFERENCE", help="of the person, as on the list")
    shown.add_argument("--requester", required=True, metavar="NAME", help="the clinician who looks")


def _add_run(command: argparse.ArgumentParser, day: Callable[[str], date]) -> None:
    command.add_argument("--run", type=Path, required=True, metavar="PARAMETERS", help="the run that found the people")
    command.add_argument("--day", type=day, metavar="DAY", help="of synthetic data: the day of the list (today)")


def _add_key(command: argparse.ArgumentParser, day: Callable[[str], date]) -> None:
    command.add_argument("request", metavar="REQUEST", help="R-YYYYMMDD-XXXXXX, as `phm request` printed it")
    command.add_argument("--key-file", type=Path, metavar="FILE", help="the key of the linkage (demo: none)")
    _add_run(command, day)


def _open(options: argparse.Namespace) -> tuple["Workbook", "AuditLog"]:
    from phm_utils.privacy.audit_log import AuditLog
    from phm_utils.topics.registry import load_workbook

    workbook = load_workbook(options.run)
    return workbook, AuditLog.of(workbook)


def _key(options: argparse.Namespace, workbook: "Workbook") -> bytes:
    from phm_utils.errors import InputError
    from phm_utils.privacy.pseudonyms import demo_key, load_key, require_secret

    if options.key_file is None and not workbook.synthetic:
        raise InputError("Of real data the vault opens with the key of the linkage alone: `--key-file FILE`.")
    key = load_key(options.key_file) if options.key_file else demo_key(0)
    return require_secret(key, synthetic=workbook.synthetic)


def request(options: argparse.Namespace) -> int:
    """Write a request, and print what became of whom."""
    from phm_utils.errors import InputError
    from phm_utils.requests.make import make_request
    from phm_utils.requests.make_households import make_households
    from phm_utils.requests.terms import Ask

    workbook, log = _open(options)
    names = ("cohort", "role", "purpose", "requester", "agreement", "practice", "day", "again", "households")
    ask = Ask(**{name: getattr(options, name) for name in names}, fields=tuple(options.fields or ()))
    if ask.fields and not ask.households:
        raise InputError("`--fields` is of households; what a list says of people is in the agreement.")
    made = make_households(workbook, ask, log) if ask.households else make_request(workbook, ask, log)
    print(printable_lines(str(made)))
    return DONE


def reidentify(options: argparse.Namespace) -> int:
    """Write the list of a request."""
    from phm_utils.requests.reidentify import reidentify as write_list

    workbook, log = _open(options)
    key = partial(_key, options, workbook)
    print(printable_lines(str(write_list(workbook, options.request, key, log, options.day, options.requester))))
    return DONE


def timeline(options: argparse.Namespace) -> int:
    """Show one person's contacts in the browser, once."""
    from phm_utils.requests.show_once import show_once
    from phm_utils.requests.timeline import timeline as page_of

    workbook, log = _open(options)
    key = partial(_key, options, workbook)
    page = page_of(workbook, options.request, options.reference, key, log, options.day, options.requester)
    shown = show_once(page.html)
    print("The page was shown once." if shown else "Nobody opened the page; it is gone.")
    return DONE if shown else FAILED
