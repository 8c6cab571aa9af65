"""What a whole run costs by size: time, CPU seconds, memory of all processes together, and disk, stage by stage.

    python benchmarks/scale.py [--pcns 15 30 60 80] [--memory 3GB] [--areas ics] [--keep FOLDER]
    python benchmarks/scale.py --pcns 15 --memory 800MB --only check [--one-file] [--csv]

Each size is simulated (about 54,500 people a PCN), then run as an analyst runs
it, in a process of its own. This process looks at that one and its children
twice a second: proportional set size of all together, and the size of the
run's temporary files. Linux only: it reads /proc.
"""

import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from phm_utils.engine import session
from phm_utils.runs import ROOT_ENV
from phm_utils.synthetic import simulate

SECONDS_BETWEEN_LOOKS = 0.5
TICK = os.sysconf("SC_CLK_TCK")
STARTED, DONE = re.compile(r"^(\w[\w/.]*) \.\.\.$"), re.compile(r"^(\w[\w/.]*): (done in|failed)")


@dataclass
class Part:
    """One stage, or what follows the stages: its costs."""

    name: str
    started: float
    cpu_before: float
    ended: float = 0.0
    cpu_after: float = 0.0
    memory: int = 0
    disk: int = 0

    def line(self) -> str:
        """Its row of the table."""
        return (
            f"{self.name:<34}{self.ended - self.started:>8.1f}{self.cpu_after - self.cpu_before:>8.1f}"
            f"{self.memory / 1e6:>9.0f}{self.disk / 1e9:>9.2f}"
        )


@dataclass
class Watch:
    """Looks at a process and its children until it ends."""

    process: subprocess.Popen
    temporary: Path
    parts: list[Part] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    gone: float = 0.0  # CPU seconds of children that have ended

    def look(self) -> None:
        """Raise the peaks of the part in hand."""
        if self.parts:
            part = self.parts[-1]
            part.memory = max(part.memory, sum(proportional_bytes(pid) for pid in family(self.process.pid)))
            part.disk = max(part.disk, size_below(self.temporary))

    def cpu(self) -> float:
        """CPU seconds of the process, of its living children and of those it has waited for."""
        return sum(cpu_seconds(pid) for pid in family(self.process.pid))

    def follow(self) -> None:
        """Read the run's lines and note when a stage begins and ends."""
        for line in self.process.stderr or ():
            if match := STARTED.match(line.strip()):
                self.begin(match[1])
            elif (match := DONE.match(line.strip())) and self.parts and match[1] == self.parts[-1].name:
                self.end()
                self.begin("between stages and reports")
            if "failed" in line:
                self.failures.append(line.strip())

    def begin(self, name: str) -> None:
        if self.parts and not self.parts[-1].ended:
            self.end()
        self.parts.append(Part(name, time.perf_counter(), self.cpu()))

    def end(self) -> None:
        part = self.parts[-1]
        part.ended, part.cpu_after = time.perf_counter(), self.cpu()
        print(part.line(), file=sys.stderr, flush=True)  # as it goes: a long run may be stopped


def family(pid: int) -> list[int]:
    """A process and everything that it started."""
    found = [pid]
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{pid}/task/{task}/children").read_text().split()
                found += [one for child in children for one in family(int(child))]
    return found


def proportional_bytes(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def cpu_seconds(pid: int) -> float:
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(int(word) for word in words[11:15]) / TICK
    return 0.0


def size_below(folder: Path) -> int:
    """Bytes of all files; what goes away while we look counts nothing."""
    total = 0
    for place, _, names in os.walk(folder, onerror=lambda error: None):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(place, name)).st_size
    return total


def prepare(folder: Path, pcns: int, one_file: bool, csv: bool) -> Path:
    """The simulated extracts of so many PCNs, in files by PCN or one file a table."""
    root = folder / f"landing_{pcns}"
    if not (root / "simulation.json").exists():
        simulate(root, pcns=pcns)
    source = root / "pseudonymised"
    if not one_file and not csv:
        return source
    made = folder / f"landing_{pcns}{'_one' * one_file}{'_csv' * csv}"
    if not made.exists():
        _copy(source, made, one_file, "csv" if csv else "parquet")
    return made


def _copy(source: Path, made: Path, one_file: bool, ending: str) -> None:
    """The same extracts; one file a table has its rows in no order."""
    draft = made.with_suffix(".draft")
    draft.mkdir(parents=True)
    with session() as con:
        for path in sorted(source.iterdir()):
            if path.suffix == ".gpkg":
                (draft / path.name).write_bytes(path.read_bytes())
                continue
            files = [path] if path.is_file() else sorted(path.glob("*.parquet"))
            for part in [files] if one_file else [[file] for file in files]:
                name = path.stem if one_file or path.is_file() else f"{path.name}/{part[0].stem}"
                target = draft / f"{name}.{ending}"
                target.parent.mkdir(exist_ok=True)
                order = "ORDER BY hash(rowid_)" if one_file else ""
                rows = ", ".join(f"'{file}'" for file in part)
                con.execute(
                    f"COPY (SELECT * EXCLUDE rowid_ FROM (SELECT *, row_number() OVER () AS rowid_ "
                    f"FROM read_parquet([{rows}])) {order}) TO '{target}'"
                )
    draft.rename(made)


def run(folder: Path, landing: Path, options: argparse.Namespace) -> Watch:
    """One run in a process of its own, watched."""
    content = yaml.safe_load(Path("parameters/demo.yml").read_text(encoding="utf-8"))
    content |= {"name": "scale", "landing": str(landing), "truth": None, "outputs": str(folder / "outputs"),
                "identified_root": str(folder / "identified")}  # fmt: skip
    content["resources"] = {"stage_memory": options.memory} if options.memory else {}
    file = folder / "scale.yml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    command = [sys.executable, "-m", "phm_utils.cli"]
    command += ["check", str(file)] if options.only == "check" else ["run", str(file), "--areas", options.areas]
    environment = os.environ | {ROOT_ENV: str(Path.cwd())}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    watch = Watch(process, folder / "outputs" / "scale" / "temp")
    reader = threading.Thread(target=watch.follow)
    reader.start()
    while process.poll() is None:
        watch.look()
        time.sleep(SECONDS_BETWEEN_LOOKS)
    reader.join()
    return watch


def show(pcns: int, landing: Path, watch: Watch, people: int) -> None:
    """One line per stage, and one for all."""
    size = size_below(landing)
    print(f"\n{pcns} PCNs, {people:,} people registered, landing {size / 1e9:.2f} GB")
    print(f"{'stage':<34}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'temp GB':>9}")
    parts = [p for p in watch.parts if p.ended]
    for part in parts:
        if part.ended - part.started >= 0.5:
            print(part.line())
    if parts:
        wall = parts[-1].ended - parts[0].started
        cpu = parts[-1].cpu_after - parts[0].cpu_before
        peak, disk = max(p.memory for p in watch.parts), max(p.disk for p in watch.parts)
        print(f"{'all stages':<34}{wall:>8.1f}{cpu:>8.1f}{peak / 1e6:>9.0f}{disk / 1e9:>9.2f}")
        print(f"{1e6 * cpu / people:.0f} CPU s per million people; temporary files {disk / size:.2f} of the landing")
    for failure in watch.failures:
        print(failure)
    print(f"exit code {watch.process.returncode}", flush=True)


def registered(landing: Path) -> int:
    """People registered, from the practices' list sizes as simulated."""
    with session() as con:
        source = next(landing.glob("practice.*"))
        return int(con.execute(f"SELECT sum(published_list_size) FROM '{source}'").fetchall()[0][0])


def main() -> None:
    """Prepare each size, run it, print what it cost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pcns", type=int, nargs="+", default=[15, 30, 60, 80], help="PCNs of each run")
    parser.add_argument("--memory", default="3GB", help="stage_memory; empty for the default of the machine")
    parser.add_argument("--areas", default="ics", help="whose reports: ics, all, or codes")
    parser.add_argument("--only", choices=("check",), help="this stage alone")
    parser.add_argument("--one-file", action="store_true", help="each table in one file, its rows in no order")
    parser.add_argument("--csv", action="store_true", help="extracts as CSV")
    parser.add_argument("--keep", type=Path, help="folder for the extracts, used again if there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="phm-scale-") as scrap:
        for pcns in options.pcns:
            kept = options.keep or Path(scrap)
            landing = prepare(kept, pcns, options.one_file, options.csv)
            with tempfile.TemporaryDirectory(prefix="run-", dir=kept, ignore_cleanup_errors=True) as folder:
                watch = run(Path(folder), landing, options)
                show(pcns, landing, watch, registered(landing))


if __name__ == "__main__":
    main()
