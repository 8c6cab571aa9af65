"""The `phm` command: simulate, check, link, run, cohorts, request, reidentify and others; `phm --help` lists them.

Exit codes: 0 done, 1 some step failed, 2 refused. Modules are imported when a
command needs them, so that `phm --help` is quick.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from phm_utils import audit_commands, cohort_commands, outreach_commands, question_commands
from phm_utils.audit_commands import audit_options
from phm_utils.cohort_commands import cohort_options, column_options
from phm_utils.errors import InputError, StepFailed
from phm_utils.full_disk import full_disk
from phm_utils.list_commands import list_options
from phm_utils.outreach_commands import outreach_options
from phm_utils.printable import printable_lines
from phm_utils.question_commands import question_options

if TYPE_CHECKING:
    from phm_utils.params import Workbook

DONE, FAILED, REFUSED, STOPPED = 0, 1, 2, 130
PURPOSE = "population_health_management"
SYSTEMS = ("snomed", "dmd", "icd10", "opcs4", "bnf", "readv2", "ctv3")
LANDING = Path("outputs") / "identified" / "landing" / "demoshire"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = parser().parse_args(arguments)
    try:
        _sweep_default()
        return options.command(options)
    except InputError as error:
        print(f"phm: {printable_lines(str(error))}", file=sys.stderr)
        return REFUSED
    except StepFailed as error:
        print(f"phm: {printable_lines(str(error))}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("phm: stopped. The same command continues from here.", file=sys.stderr)
        return STOPPED
    except Exception as error:
        if full := full_disk(error):
            print(f"phm: {full}", file=sys.stderr)
        elif isinstance(error, OSError):  # a folder that may not be written
            print(f"phm: {error.strerror or type(error).__name__}: {error.filename or 'a file'}.", file=sys.stderr)
        else:
            raise
        return FAILED


def parser() -> argparse.ArgumentParser:
    """Every command and its options."""
    phm = argparse.ArgumentParser(prog="phm", description="The Population Health Management workbook.")
    phm.add_argument("--version", action=_Version, help="print the version")
    commands = phm.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _simulate_options(_command(commands, "simulate", simulate, "write the extracts of Demoshire, a simulated ICS"))
    _synthea_options(_command(commands, "synthea", synthea, "make a trial workbook of a Synthea export"))
    _add_parameters(_command(commands, "check", check, "check the extracts that a parameter file names"))
    keys = _command(commands, "key", key, "make a secret key for pseudonyms, in a new file")
    keys.add_argument("file", type=Path, metavar="FILE", help="outside this folder; never overwrites a file")
    _link_options(_command(commands, "link", link, "link records with names and NHS numbers to people"))
    _encode_options(_command(commands, "encode", encode, "encode a list of people, so that it can be linked elsewhere"))
    _codelist_commands(_command(commands, "codelists", codelists_check, "check lists of codes, or compare two of them"))
    _run_options(_add_parameters(_command(commands, "run", run, "bring every stage and report up to date")))
    about = "find households at risk, ask, contact and run again, with simulated people"
    _add_parameters(_command(commands, "story", story, about))
    cohort_options(_command(commands, "cohorts", cohort_commands.check, "check, try and compare cohorts"), _command)
    list_options(commands, _command, _day)
    column_options(_command(commands, "columns", cohort_commands.columns, "list what a cohort can ask"))
    audit_options(_command(commands, "audit", audit_commands.verify_log, "the log of who asked for lists"), _command)
    outreach = _command(commands, "outreach", outreach_commands.import_list, "take in lists that come back filled in")
    outreach_options(outreach, _command)
    questions = _command(commands, "questions", question_commands.list_all, "list or add to the questions asked")
    question_options(questions, _command)
    doctor_options = _command(commands, "doctor", doctor, "list what is missing on this machine or in a parameter file")
    doctor_options.add_argument("parameters", nargs="?", type=Path, metavar="PARAMETERS", help="a file of parameters/")
    return phm


def _sweep_default() -> None:
    """Remove what a killed command left in the usual identified root, whatever the command is."""
    try:
        from phm_utils.privacy.workplace import default_root, sweep

        sweep(default_root())
    except (ModuleNotFoundError, InputError, OSError):  # no workbook here, or no rights: the command itself says so
        return


class _Version(argparse.Action):
    def __init__(self, **named) -> None:
        super().__init__(nargs=0, **named)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"phm {version('phm-utils')}")
        parser.exit()


def _command(commands, name: str, does: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
    command.set_defaults(command=does)
    return command


def _add_parameters(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("parameters", type=Path, metavar="PARAMETERS", help="for example parameters/demo.yml")
    return command


def _simulate_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--pcns", type=_whole, metavar="N", help="how many PCNs, 1 to 80 (3)")
    command.add_argument("--seed", type=_whole, metavar="S", help="the same seed gives the same bytes (2025)")
    command.add_argument("--people-per-pcn", type=_whole, metavar="M", help="people in each (about 54,000)")
    command.add_argument("--form", choices=("pseudonymised", "identified", "both", "linkage"), help="(pseudonymised)")
    command.add_argument("--format", choices=("parquet", "csv"), dest="file_format", help="(parquet)")
    command.add_argument("--out", type=Path, default=LANDING, metavar="DIR", help=f"({LANDING.as_posix()})")
    command.add_argument("--workers", type=_count, metavar="N", help="processes (2)")


def _synthea_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("export", type=Path, metavar="FOLDER", help="Synthea's output/csv")
    command.add_argument("out", type=Path, metavar="OUT", help="the workbook's folder, new or empty")
    command.add_argument("--codelists", type=Path, metavar="LISTS", help="a folder of published code lists to use")


def _link_options(command: argparse.ArgumentParser) -> None:
    command.usage = "phm link [options] PARAMETERS\n       phm link [options] INPUT_DIR OUT.parquet"
    command.add_argument("given", type=Path, metavar="PARAMETERS|INPUT_DIR", help="or a folder with a file per source")
    command.add_argument("out", type=Path, nargs="?", metavar="OUT", help="for a folder: the index, a .parquet file")
    command.add_argument("--key-file", type=Path, metavar="FILE", help="key, kept outside this folder (demo: none)")
    model = command.add_mutually_exclusive_group()
    model.add_argument("--model", type=Path, metavar="FILE", help="a saved model (parameters/linkage/demoshire.json)")
    model.add_argument("--train", type=Path, metavar="FILE", help="train a model on these records, and save it")
    command.add_argument("--leave-out-unseen", action="store_true", help="with --train: levels that no pair has")
    command.add_argument(
        "--accept-ledger", action="store_true", help="PARAMETERS: go on with another ledger: pseudonyms may change"
    )
    command.add_argument("--reviewed", type=Path, metavar="FILE", help="PARAMETERS: a clerical review, filled in")
    command.add_argument("--spine", default="gp", metavar="SOURCE", help="INPUT_DIR: others are linked to it (gp)")
    command.add_argument("--purpose", default=PURPOSE, help=f"INPUT_DIR: ({PURPOSE})")
    command.add_argument(
        "--one-to-one", nargs="+", default=[], metavar="SOURCE", help="INPUT_DIR: each person at most once in it"
    )
    command.add_argument("--any-numbers", action="store_true", help="INPUT_DIR: numbers that are not NHS numbers")
    command.add_argument("--accept", type=float, metavar="BITS", help="with --train: the least match weight of a link")
    command.add_argument("--encoded", type=Path, nargs="+", default=[], metavar="FILE", help="lists of `phm encode`")
    command.add_argument("--encoded-key-file", type=Path, metavar="FILE", help="the key shared with their sender")
    command.add_argument(
        "--engine", choices=("duckdb", "spark"), default="duckdb", help="where pairs are scored (duckdb)"
    )


def _encode_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("given", type=Path, metavar="LIST", help="CSV or Parquet: record_id, forename, surname, ...")
    command.add_argument("out", type=Path, metavar="OUT", help="what is sent: .parquet or .csv")
    command.add_argument("--key-file", type=Path, required=True, metavar="FILE", help="the key shared with the NHS")
    command.add_argument("--keep-ids", action="store_true", help="write the list's own record ids, not pseudonyms")
    command.add_argument("--lookup", type=Path, metavar="FILE", help="CSV of own ids and pseudonyms, not to be sent")


def _codelist_commands(command: argparse.ArgumentParser) -> None:
    commands = command.add_subparsers(title="commands", metavar="check|compare", required=True)
    checked = _command(commands, "check", codelists_check, "list the codes and faults of each list")
    checked.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a list, or a folder of lists")
    checked.add_argument("--system", choices=SYSTEMS, help="the lists' code system (else by name, manifest or codes)")
    checked.add_argument("--all", action="store_true", dest="every", help="every fault and warning of a list")
    compared = _command(commands, "compare", codelists_compare, "show how the choice of list changes a cohort")
    for name in ("a", "b"):
        compared.add_argument(
            name, type=Path, metavar=name.upper(), help="a list, or the name of one of the workbook's"
        )
    compared.add_argument("--system", choices=SYSTEMS, help="both lists' code system")
    events = compared.add_mutually_exclusive_group()
    events.add_argument("--run", type=Path, metavar="PARAMETERS", help="count the people of this run")
    events.add_argument("--events", type=Path, metavar="FILE", help="count the people of a CSV or Parquet file")
    compared.add_argument("--person", metavar="COLUMN", help="with --events: the person of an event")
    compared.add_argument("--code", metavar="COLUMN", help="with --events: its code")
    compared.add_argument("--date", metavar="COLUMN", help="with --events: its day")
    compared.add_argument("--until", type=_day, metavar="DAY", help="with --date: later events do not count")


def _run_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--areas", default="all", metavar="all|ics|CODE,CODE", help="which areas get reports (all)")
    command.add_argument("--notebooks", metavar="03,04", help="which notebooks, by the beginning of their names (all)")
    command.add_argument("--workers", type=_count, metavar="N", help="reports made at once (parameter file)")
    command.add_argument("--dry-run", action="store_true", help="print what would run, without running it")


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number")
    return int(text)


def _count(text: str) -> int:
    number = _whole(text)
    if not 1 <= number <= 64:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 to 64")
    return number


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a day such as 2025-03-31") from None


def simulate(options: argparse.Namespace) -> int:
    """Write the simulated extracts, and the truth in its own folder."""
    from phm_utils.runs import resolve
    from phm_utils.synthetic import simulate as make

    named = {
        name: getattr(options, name) for name in ("pcns", "seed", "people_per_pcn", "form", "file_format", "workers")
    }
    given = {name: value for name, value in named.items() if value is not None}
    root = make(resolve(options.out), progress=lambda pcn: print(f"{pcn} done", file=sys.stderr), **given)
    print(root)
    return DONE


def synthea(options: argparse.Namespace) -> int:
    """Make a workbook folder of a Synthea export."""
    from phm_utils.inputs.synthea_workbook import synthea_workbook

    print(synthea_workbook(options.export, options.out, options.codelists))
    return DONE


def check(options: argparse.Namespace) -> int:
    """Run the check stage alone and print what it found."""
    from phm_utils.batch.checking import checked_report

    print(printable_lines(checked_report(_swept(options.parameters))))
    return DONE


def _swept(parameters: Path) -> "Workbook":
    """A parameter file, once what killed commands left below its identified root is gone."""
    from phm_utils.privacy.workplace import sweep
    from phm_utils.runs import resolve
    from phm_utils.topics.registry import load_workbook

    workbook = load_workbook(parameters)
    sweep(resolve(workbook.identified_root))
    return workbook


def key(options: argparse.Namespace) -> int:
    """Make a key."""
    from phm_utils.privacy.pseudonyms import key_id, load_key, make_key

    make_key(options.file)
    print(f"{options.file}: key {key_id(load_key(options.file))}. Without it no pseudonym can be made again.")
    return DONE


def link(options: argparse.Namespace) -> int:
    """Link identified sources: those of a parameter file into a landing, or those of a folder into an index."""
    from phm_utils.batch.checking import checked_identified
    from phm_utils.linkage import command

    linking = command.LinkArguments(
        key_file=options.key_file,
        model=options.model,
        train=options.train,
        leave_out_unseen=options.leave_out_unseen,
        accept=options.accept,
        engine=options.engine,
        encoded=tuple(options.encoded),
        encoded_key_file=options.encoded_key_file,
        accept_ledger=options.accept_ledger,
    )
    if options.out or options.given.is_dir():
        folder = {name: getattr(options, name) for name in ("spine", "purpose", "one_to_one", "any_numbers")}
        print(command.link_folder(options.given, options.out, linking, **folder))
    else:
        print(command.link_identified(_swept(options.given), checked_identified, linking, options.reviewed))
    return DONE


def encode(options: argparse.Namespace) -> int:
    """Encode a list of people for linkage elsewhere."""
    from phm_utils.linkage.encoding import encode_list
    from phm_utils.privacy.pseudonyms import load_key

    key = load_key(options.key_file)
    print(encode_list(options.given, options.out, key, keep_ids=options.keep_ids, lookup=options.lookup))
    return DONE


def codelists_check(options: argparse.Namespace) -> int:
    """Print a line per list; refused where one is bad."""
    from phm_utils.rules.codelists import check_lists, report_text

    reports = check_lists(options.paths, options.system)
    print(report_text(reports, options.every))
    return REFUSED if any(report.bad for report in reports) else DONE


def codelists_compare(options: argparse.Namespace) -> int:
    """Print the difference of two lists, and the people that each finds."""
    from phm_utils.rules.codelist_compare import Events, compare
    from phm_utils.topics.registry import load_workbook

    events = Events(options.events, options.person, options.code, options.date, options.until)
    print(
        compare(
            options.a, options.b, options.system, run=load_workbook(options.run) if options.run else None, events=events
        )
    )
    return DONE


def run(options: argparse.Namespace) -> int:
    """Bring the stages and reports options for up to date."""
    from phm_utils.batch.run import run as bring_up_to_date

    return bring_up_to_date(
        _swept(options.parameters),
        areas=options.areas,
        notebooks=options.notebooks,
        workers=options.workers,
        dry_run=options.dry_run,
    )


def story(options: argparse.Namespace) -> int:
    """Tell the story of households at risk, on simulated people."""
    from phm_utils.story import tell

    return tell(_swept(options.parameters))


def doctor(options: argparse.Namespace) -> int:
    """Print what is missing."""
    from phm_utils.doctor import doctor as examine

    return int(examine(options.parameters) or DONE)


if __name__ == "__main__":
    sys.exit(main())
