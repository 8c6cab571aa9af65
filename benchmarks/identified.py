"""`phm link` killed at random moments, and started twice at once: what is left, and whether the result is whole.

A small simulated ICS with names, of few tables, is linked undisturbed. Then `phm link` is killed
after a random time and another command follows (doctor, check or link in turn);
after it no file outside the extract has a person's names in it, unless in its
published place (quarantine, pairs for review), the system's temporary folder is
empty, and the landing is absent or whole. A last `phm link` gives the same bytes
as the undisturbed one. Of two `phm link` at once one ends with exit code 0 and
the other is refused with 2.
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from phm_utils.engine import parquet_source
from phm_utils.runs import project_root

NAME = "demoshire_identified"
FOLLOWING = ("doctor", "check", "link")
COMMAND = (sys.executable, "-m", "phm_utils.cli")
TABLES = ("gp_registration", "ecds_attendance", "partner_list", "practice", "area", "postcode_area", "death")
NAMED = {"forename", "surname", "date_of_birth", "nhs_number"}
LEAST_BYTES = 6  # of a surname that is looked for: shorter ones occur by chance


@dataclass
class Place:
    """A workbook's folder of its own, with an extract; `temp` is the commands' system temporary folder."""

    root: Path
    temp: Path
    names: frozenset[bytes] = frozenset()

    @property
    def identified(self) -> Path:
        return self.root / "outputs" / "identified"

    def start(self, *arguments: str, memory: str = "2GB") -> subprocess.Popen:
        environment = os.environ | {"PHM_ROOT": str(self.root), "TMPDIR": str(self.temp), "PHM_MEMORY": memory}
        return subprocess.Popen(
            [*COMMAND, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip

    def run(self, *arguments: str) -> int:
        process = self.start(*arguments)
        process.communicate()
        return process.returncode

    @property
    def parameters(self) -> str:
        return str(self.root / "parameters" / "demo_identified.yml")

    def clear(self) -> None:
        """As before the first linkage."""
        for folder in ("landing/" + NAME, "linking", "stamps", "quarantine"):
            shutil.rmtree(self.identified / folder, ignore_errors=True)

    def result(self) -> dict[str, str]:
        """Hash of each published file but those of the vault, whose bytes are encrypted anew each time."""
        folders = [self.identified / folder for folder in ("landing/" + NAME, "linking", "stamps", "quarantine")]
        files = [p for folder in folders for p in folder.rglob("*") if p.is_file() and p.parent.name != "vault"]
        return {p.relative_to(self.identified).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}

    def leaks(self) -> list[str]:
        """Files with names in them that lie neither in the extract nor in a published place."""
        published = [self.identified / "landing" / "demoshire", self.identified / "quarantine"]
        published.append(self.identified / "linking" / NAME / "review")
        return [
            str(path)
            for folder in (self.root / "outputs", self.temp)
            for path in folder.rglob("*")
            if path.is_file() and not any(path.is_relative_to(p) for p in published) and self._named(path)
        ]

    def _named(self, path: Path) -> bool:
        if path.suffix == ".parquet":
            try:
                return bool(NAMED & set(pq.read_schema(path).names))
            except Exception:  # cut off by the kill: what it holds cannot be told
                return True
        content = path.read_bytes()
        return any(name in content for name in self.names)


def make_place(folder: Path, people: int) -> Place:
    """A workbook's folder with a simulated extract."""
    place = Place(folder / "workbook", folder / "temporary")
    place.temp.mkdir()
    for name in ("parameters", "notebooks"):
        shutil.copytree(project_root() / name, place.root / name)
    assert place.run("simulate", "--pcns", "1", "--people-per-pcn", str(people), "--form", "both") == 0
    landing = place.identified / "landing" / "demoshire" / "identified"
    for other in [path for path in landing.iterdir() if path.stem not in TABLES]:
        shutil.rmtree(other) if other.is_dir() else other.unlink()
    rows = parquet_source(sorted((landing / "gp_registration").glob("*")))
    with duckdb.connect() as con:
        found = con.execute(f"SELECT DISTINCT surname FROM {rows} WHERE length(surname) >= {LEAST_BYTES}").fetchall()
    place.names = frozenset(name.encode() for (name,) in found)
    return place


def landing_of(result: dict[str, str]) -> dict[str, str]:
    """The part of a result that an ordinary run reads."""
    return {name: digest for name, digest in result.items() if name.startswith("landing/")}


def kills(place: Place, number: int, whole: dict[str, str], seconds: float, memory: str) -> Counter:
    """Outcomes of kills: each is followed by a command, then by `phm link` to the end."""
    outcomes: Counter = Counter()
    draws = random.Random(2025)
    for turn in range(number):
        place.clear()
        process = place.start("link", place.parameters, memory=memory)
        time.sleep(draws.uniform(0.2, seconds))
        outcomes["killed before its end"] += process.poll() is None
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        outcomes["left files with names"] += bool(place.leaks())
        place.run(FOLLOWING[turn % len(FOLLOWING)], place.parameters)
        outcomes["files with names after the next command"] += len(place.leaks())
        outcomes["files in the temporary folder"] += sum(p.is_file() for p in place.temp.rglob("*"))
        outcomes["part of a landing"] += landing_of(place.result()) not in ({}, landing_of(whole))
        outcomes["last link done"] += place.run("link", place.parameters) == 0
        outcomes["other bytes than undisturbed"] += place.result() != whole
        print(f"kill {turn + 1}: {dict(outcomes)}", file=sys.stderr, flush=True)
    return outcomes


def pairs(place: Place, number: int, whole: dict[str, str]) -> Counter:
    """Outcomes of two linkages at once: exit codes, the refusal's words, and the result."""
    outcomes: Counter = Counter()
    for _ in range(number):
        place.clear()
        both = [place.start("link", place.parameters) for _ in range(2)]
        said = [process.communicate()[1] for process in both]
        codes = sorted(process.returncode for process in both)
        outcomes["one done, one refused"] += codes == [0, 2]
        outcomes["refusal is clear"] += sum("Another `phm link`" in words for words in said) == 1
        outcomes["other bytes than undisturbed"] += place.result() != whole
    return outcomes


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=6)
    options.add_argument("--pairs", type=int, default=3)
    options.add_argument("--people", type=int, default=300, help="in the one network that is simulated")
    options.add_argument("--memory", default="2GB", help="DuckDB's limit in the link that is killed")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="phm-identified-") as folder:
        place = make_place(Path(folder), given.people)
        started = time.perf_counter()
        assert place.run("link", place.parameters) == 0
        seconds = time.perf_counter() - started
        whole = place.result()
        print(f"undisturbed: {seconds:.1f} s, {len(whole)} files", flush=True)
        for title, outcomes, number in (
            ("kills", kills(place, given.kills, whole, seconds, given.memory), given.kills),
            ("pairs", pairs(place, given.pairs, whole), given.pairs),
        ):
            for outcome, count in outcomes.items():
                print(f"{title}: {outcome}: {count} in {number}", flush=True)


if __name__ == "__main__":
    main()
