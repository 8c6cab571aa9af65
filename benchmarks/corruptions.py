"""Plausible corruptions of an extract, and odd extracts that are right: what does the check make of them?

    python benchmarks/corruptions.py --out FOLDER [--only KIND] [--every] [--workers 2]

Each case is a copy of the tiny simulated landing with one thing changed (`corruption_*.py`: a function per kind),
checked as `phm check` does, without an earlier run to compare with. It is

    stopped   the check refuses the extract (exit code 2)
    named     one of the first 40 lines of the check's report names the table or practice with a fault that the
              report of the unchanged landing does not have, or not nearly as often
    slipped   neither
    harmless  the validated tables are the same as without the change: not counted
    crashed   any other error

Odd extracts (`odd_extracts.py`) are right, and none should be stopped. Both lists are written as CSV.
"""

import argparse
import csv
import multiprocessing
import os
import re
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

os.environ.setdefault("PHM_THREADS", "1")
os.environ.setdefault("PHM_MEMORY", "1GB")

import corruption_codes
import corruption_files
import corruption_people
import corruption_rows
import corruption_values
import pandas as pd
import yaml
from corruption_kinds import CASES, Case
from odd_extracts import ODD, Odd
from tiny_landing import make_landing

from phm_utils.engine import session
from phm_utils.errors import InputError
from phm_utils.inputs.check import check
from phm_utils.inputs.check_report import report
from phm_utils.params import Workbook
from phm_utils.runs import Store
from phm_utils.tables import TABLES

KINDS = (corruption_rows, corruption_values, corruption_codes, corruption_people, corruption_files)
TODAY = date(2025, 5, 1)  # the day after the simulated extract ends
SCREEN = 40  # lines
CLEARLY_MORE = (2, 10)  # a fault that the clean report has too: this many times as often, and this much
MOST_OF_A_KIND = 5  # that are tried unless --every
OUTCOMES = ("stopped", "named", "slipped", "harmless", "crashed")
NUMBER = re.compile(r"(?<![A-Za-z0-9])[0-9][0-9,.]*%?")


@dataclass(frozen=True)
class Checked:
    """What the check made of a landing. lines: of its report. hashes: of the validated tables. stop: why it stopped."""

    lines: tuple[str, ...] = ()
    hashes: dict[str, str] = field(default_factory=dict)
    stop: str = ""
    error: str = ""


def checked(landing: Path, mapping: Path | None = None) -> Checked:
    """Check a landing folder in a session of its own; its store is removed."""
    workbook = Workbook(
        name="campaign", title="Demoshire", ics_code="QZZ", synthetic=True, index_date=date(2025, 3, 31),
        landing=str(landing), mapping=str(mapping) if mapping else None,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(dir=landing.parent) as folder:
        store = Store(Path(folder) / "store")
        try:
            with session(Path(folder) / "spill") as con, store.stage("check", "0" * 12) as writer:
                check(con, workbook, writer, Path(folder) / "quarantine", TODAY)
                hashes = {name: _hash(con, name) for name in writer.tables if name in TABLES}
        except InputError as error:
            return Checked(stop=str(error))
        except Exception as error:
            return Checked(error=f"{type(error).__name__}: {error}"[:300])
        return Checked(tuple(report(store).splitlines()), hashes)


def _hash(con, table: str) -> str:
    """The content of a validated table, whatever the order of its rows."""
    columns = [name for name, *_ in con.execute(f"DESCRIBE {table}").fetchall() if name != "nulled_fields"]
    row = "hash(" + ", ".join(f"CAST({name} AS VARCHAR)" for name in columns) + ")"
    [(rows, total)] = con.execute(f"SELECT count(*), coalesce(sum({row}::HUGEINT), 0) FROM {table}").fetchall()
    return f"{columns}:{rows}:{total}"


def fault_counts(lines: Iterable[str]) -> dict[str, float]:
    """The first screen's lines without their numbers, and the first number of each; counts of whole tables apart."""
    found: dict[str, float] = {}
    for line in [line for line in lines if " = " not in line][:SCREEN]:
        number = NUMBER.search(line)
        found.setdefault(NUMBER.sub("#", line).strip(), float(number[0].strip(",.%").replace(",", "")) if number else 1)
    return found


def is_named(result: Checked, clean: Checked, case: Case) -> str:
    """The line that names the fault, or nothing."""
    before = fault_counts(clean.lines)
    times, more = CLEARLY_MORE
    shown = fault_counts(result.lines[:SCREEN])
    subjects = re.compile(rf"\b({case.table}|A99004|U99002)\b|\b{case.table.removeprefix('gp_')} table\b")
    for line, count in shown.items():
        new = line not in before or (count >= before[line] * times and count >= before[line] + more)
        if new and subjects.search(line):
            return line
    return ""


def chosen(kind: str | None, most: int) -> list[int]:
    """Numbers of the corruptions to try: of each kind at most so many, the same ones in every run, kinds in turn."""
    by_kind: dict[str, list[int]] = {}
    for number, case in enumerate(CASES):
        by_kind.setdefault(case.kind, []).append(number)
    spread = [sorted(numbers, key=lambda i: zlib.crc32(CASES[i].name.encode()))[:most] for numbers in by_kind.values()]
    in_turn = [i for place in range(most) for numbers in spread for i in numbers[place : place + 1]]
    return [i for i in in_turn if kind in (None, CASES[i].kind)]


def try_case(number: int, source: Path, scratch: Path, clean: Checked) -> tuple[str, str]:
    """The outcome of one corruption, and the text that shows it."""
    case, folder = CASES[number], scratch / f"case{number}"
    try:
        case.make(source, folder / "landing")
        result = checked(folder / "landing")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if result.error:
        return "crashed", result.error
    if result.stop:
        return "stopped", result.stop
    if result.hashes == clean.hashes:
        return "harmless", ""
    line = is_named(result, clean, case)
    return ("named", line) if line else ("slipped", "")


def try_odd(number: int, source: Path, scratch: Path) -> tuple[str, str]:
    """Is an odd extract stopped, and why?"""
    odd, folder = ODD[number], scratch / f"odd{number}"
    try:
        change = odd.make(source, folder)
        mapping = None
        if change.mapping:
            mapping = folder / "mapping.yml"
            mapping.write_text(yaml.safe_dump(change.mapping), encoding="utf-8")
        result = checked(change.folder, mapping)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if result.error:
        return "crashed", result.error
    return ("stopped", result.stop) if result.stop else ("kept", "")


def main() -> None:
    """Run the campaign and write its tables."""
    options = _options()
    start = time.perf_counter()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="phm-corruptions-") as folder, redirect_stderr(None):
        scratch = Path(folder)
        source = make_landing(scratch)
        clean = checked(source)
        if clean.stop or clean.error:
            raise SystemExit(f"The unchanged landing is stopped: {clean.stop or clean.error}")
        corruption_people.other_ics(scratch / "other")
        wanted = chosen(options.only, MOST_OF_A_KIND if not options.every else len(CASES))
        odd = [i for i, o in enumerate(ODD) if options.only in (None, "odd", o.kind)]
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(options.workers, mp_context=context) as pool:
            tries = pool.map(partial(try_case, source=source, scratch=scratch, clean=clean), wanted)
            outcomes = _table([CASES[i] for i in wanted], tries, options.out / "corruptions.csv")
            tries = pool.map(partial(try_odd, source=source, scratch=scratch), odd)
            kept = _table([ODD[i] for i in odd], tries, options.out / "odd_extracts.csv")
    _write(outcomes, kept, options.out)
    print(f"\n{len(outcomes)} corruptions and {len(kept)} odd extracts in {time.perf_counter() - start:.0f} s")


def _table(cases: Iterable[Case | Odd], results: Iterable[tuple[str, str]], path: Path) -> pd.DataFrame:
    """One row per case, written as they come: a run that is stopped leaves what it has."""
    rows = []
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(("kind", "name", "outcome", "text"))
        for case, (outcome, text) in zip(cases, results, strict=True):
            rows.append((case.kind, case.name, outcome, text))
            writer.writerow(rows[-1])
            handle.flush()
    return pd.DataFrame(rows, columns=["kind", "name", "outcome", "text"])


def _write(outcomes: pd.DataFrame, odd: pd.DataFrame, out: Path) -> None:
    """Print the tables by kind and the lists of what slipped and what was stopped wrongly; both as CSV too."""
    by_kind = pd.crosstab(outcomes["kind"], outcomes["outcome"]).reindex(columns=list(OUTCOMES), fill_value=0)
    by_kind.insert(0, "n", by_kind.sum(axis=1))
    by_kind.loc["all"] = by_kind.sum()
    by_kind.to_csv(out / "by_kind.csv")
    print(by_kind.to_string())
    counted = outcomes[outcomes["outcome"] != "harmless"]
    found = counted["outcome"].isin(["stopped", "named"])
    if len(counted):
        print(f"\n{found.sum()} of {len(counted)} that change anything are stopped or named ({found.mean():.1%})")
    for row in outcomes[outcomes["outcome"].isin(["slipped", "crashed"])].itertuples():
        print(f"{row.outcome}: {row.name} {row.text}")
    if len(odd):
        print(f"\n{(odd['outcome'] != 'kept').sum()} of {len(odd)} odd extracts stopped")
    for row in odd[odd["outcome"] != "kept"].itertuples():
        print(f"{row.name}: {row.text}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables")
    parser.add_argument("--only", metavar="KIND", help="one kind of corruption or odd extract; `odd` for all odd ones")
    parser.add_argument("--every", action="store_true", help=f"every corruption, not {MOST_OF_A_KIND} of each kind")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
