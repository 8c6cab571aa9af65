"""The commands of the audit log: `phm audit begin | verify | report | anchor`.

Exit codes: 0 whole, 1 not whole, 2 refused.
"""

import argparse
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from phm_utils.errors import InputError
from phm_utils.printable import printable_lines

if TYPE_CHECKING:
    import pandas as pd

    from phm_utils.params import Workbook
    from phm_utils.privacy.audit_place import Place

WHOLE, NOT_WHOLE = 0, 1
Adding = Callable[..., argparse.ArgumentParser]


def audit_options(command: argparse.ArgumentParser, add: Adding) -> None:
    """The commands below `phm audit`. add: makes a command of a group, as `phm` does."""
    commands = command.add_subparsers(title="commands", metavar="begin|verify|report|anchor", required=True)
    _add_key(add(commands, "begin", begin, "begin the log of who asked for which list, with the auditor's key"))
    verified = _add_key(add(commands, "verify", verify_log, "is the log as it was written? Names the first bad entry"))
    verified.add_argument("--anchor", type=Path, metavar="FILE", help="an earlier anchor, kept elsewhere")
    reported = _add_key(add(commands, "report", report, "list who asked for what, for a Caldicott review"))
    reported.add_argument("--from", dest="first", type=_day, metavar="DAY", help="first day, UTC (the log's)")
    reported.add_argument("--to", dest="last", type=_day, metavar="DAY", help="last day, UTC (today)")
    reported.add_argument("--csv", type=Path, metavar="FILE", help="write the table for a spreadsheet too")
    anchored = _add_key(add(commands, "anchor", anchor, "print count and hash of the log, to be kept elsewhere"))
    anchored.add_argument("--out", type=Path, metavar="FILE", help="write them into a new file")


def _add_key(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("parameters", type=Path, metavar="PARAMETERS", help="for example parameters/demo.yml")
    command.add_argument("--key-file", type=Path, metavar="FILE", help="the auditor's key (synthetic data: none)")
    return command


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a day such as 2025-03-31") from None


def begin(options: argparse.Namespace) -> int:
    """Begin a log; of real data with the auditor's own key."""
    from phm_utils.privacy import audit_log
    from phm_utils.privacy.pseudonyms import demo_key, load_key
    from phm_utils.runs import resolve

    workbook, place = _place(options)
    if options.key_file is None and not workbook.synthetic:
        raise InputError(
            "The log of real data is begun by the holder of the auditor's key, who neither analyses nor links: "
            "`phm audit begin PARAMETERS --key-file FILE`. `phm key FILE` makes one."
        )
    key = load_key(options.key_file) if options.key_file else demo_key(0)
    audit_log.begin(place, key, root=resolve(workbook.identified_root), synthetic=workbook.synthetic)
    print(f"{place.folder}: begun, key {audit_log.key_of_log(place)}. Its head is in {place.head_folder}.")
    print("Keep the key where whoever writes the log cannot read it, and an anchor elsewhere: `phm audit anchor`.")
    return WHOLE


def verify_log(options: argparse.Namespace) -> int:
    """Print whether the log is whole, and if not, the first bad entry."""
    from phm_utils.privacy.audit_anchor import read_anchor
    from phm_utils.privacy.audit_text import open_text, verdict_line
    from phm_utils.privacy.audit_verify import verify

    workbook, place = _place(options)
    given = read_anchor(options.anchor) if options.anchor else None
    verdict = verify(place, _key(options, workbook, place), given)
    print(printable_lines(verdict_line(verdict)))
    if given and not verdict.bad:
        print(f"It goes on from the anchor of {given.day}, of {given.count} entries.")
    elif not verdict.bad:
        print(
            "Log, seal and head set back together to an older state look whole: only an anchor shows that (--anchor)."
        )
    for line in (*verdict.notes, *open_text(verdict)):
        print(printable_lines(line))
    return NOT_WHOLE if verdict.bad else WHOLE


def report(options: argparse.Namespace) -> int:
    """Print the report and, where asked for, write its table."""
    from phm_utils.privacy.audit_report import report_table
    from phm_utils.privacy.audit_text import report_text
    from phm_utils.privacy.audit_verify import verify

    workbook, place = _place(options)
    verdict = verify(place, _key(options, workbook, place))
    table = report_table(verdict, options.first, options.last)
    title = f"{workbook.title} (SYNTHETIC DATA)" if workbook.synthetic else workbook.title
    print(printable_lines(report_text(verdict, table, title, options.first, options.last)))
    if options.csv:
        _write_csv(table, options.csv, place)
    return NOT_WHOLE if verdict.bad else WHOLE


def anchor(options: argparse.Namespace) -> int:
    """Print, or write, the anchor of a log that is whole."""
    from phm_utils.privacy.audit_anchor import anchor_of, write_anchor
    from phm_utils.privacy.audit_seal import now
    from phm_utils.privacy.audit_state import read_head
    from phm_utils.privacy.audit_text import verdict_line
    from phm_utils.privacy.audit_verify import verify

    workbook, place = _place(options)
    verdict = verify(place, _key(options, workbook, place))
    if verdict.bad:
        raise InputError(f"No anchor is made of a log that is not whole. {verdict_line(verdict)}")
    made = anchor_of(read_head(place), date.fromisoformat(now()[:10]))
    if options.out:
        write_anchor(made, options.out, place)
    print(made.text())
    return WHOLE


def _place(options: argparse.Namespace) -> "tuple[Workbook, Place]":
    from phm_utils.privacy.audit_place import place_of
    from phm_utils.topics.registry import load_workbook

    workbook = load_workbook(options.parameters)
    return workbook, place_of(workbook)


def _key(options: argparse.Namespace, workbook: "Workbook", place: "Place") -> bytes | None:
    """The auditor's key as given; of synthetic data the demo's, where the log was begun with it."""
    from phm_utils.privacy.audit_log import key_of_log
    from phm_utils.privacy.audit_seal import auditor_key_id
    from phm_utils.privacy.pseudonyms import demo_key, load_key

    if options.key_file:
        return load_key(options.key_file)
    public = demo_key(0)
    return public if workbook.synthetic and key_of_log(place) == auditor_key_id(public) else None


def _write_csv(table: "pd.DataFrame", path: Path, place: "Place") -> None:
    from phm_utils.privacy.access import owner_only
    from phm_utils.privacy.audit_report import report_csv
    from phm_utils.runs import write_atomically

    if place.holds(path):
        raise InputError(f"{path} lies in a folder of the log itself. Choose another.")
    with owner_only():
        write_atomically(path, report_csv(table))
    print(f"\n{path}: {len(table)} rows.")
