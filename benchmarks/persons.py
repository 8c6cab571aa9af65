"""What the person table costs: CPU seconds and memory by size, against a bare scan of the same files.

    python benchmarks/persons.py [--sizes 100000 400000 817000] [--keep FOLDER]

For each size the make-believe ICS is simulated in 15 networks, checked and
linked; then the persons stage runs on the validated tables, and so does a bare
scan that only reads them. Each is a process of its own, so that its peak
memory is its own; DuckDB has two threads and 2.3 GB. `person` stands when
everything that it needs is made and it is written to the store;
person_concept, person_follow_up and person_month are written after it. At last
the tables of one network are read as a notebook would read them.
"""

import argparse
import itertools
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from phm_utils.engine import session
from phm_utils.params import Workbook
from phm_utils.runs import ROOT_ENV, Store, resolve
from phm_utils.topics.registry import load_workbook

NETWORKS = 15
REAL = 817_000
STAGED = ("person", "person_concept", "person_follow_up", "person_month")
LIMITS = {"PHM_MEMORY": "2300MB", "PHM_THREADS": "2"}


def main() -> None:
    """Prepare each size once, measure it, and print how the cost grows."""
    options = _options()
    if options.part:
        PARTS[options.part](options.folder, options.people)
        return
    with tempfile.TemporaryDirectory(prefix="phm-persons-") as scrap:
        costs = []
        for size in options.sizes:
            folder = (options.keep or Path(scrap)) / str(size)
            for part in PARTS:
                if part == "prepare" and (folder / "prepared").exists():
                    continue
                text = _own_process(part, folder, size)
                print(f"{size:,} people: {part}\n{text}", flush=True)
                if part == "persons":
                    costs.append(_person_line(text))
        _print_growth(costs)


def _print_growth(costs: list[tuple[int, float]]) -> None:
    """CPU seconds per million people, and of each step from one size to the next."""
    for people, cpu in costs:
        print(f"{people:>9,} people: {cpu:5.1f} CPU s to `person`, {1e6 * cpu / people:.1f} per million")
    for (few, less), (many, more) in itertools.pairwise(costs):
        print(f"from {few:,} to {many:,}: {1e6 * (more - less) / (many - few):.1f} CPU s per further million")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 400_000, REAL], help="people")
    parser.add_argument("--keep", type=Path, help="folder for the prepared tables, used again if there")
    parser.add_argument("--part", choices=tuple(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--people", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def _own_process(part: str, folder: Path, size: int) -> str:
    """What a part prints. The memory of a process counts from its parent's, which stays small for that."""
    command = [sys.executable, __file__, "--part", part, "--folder", str(folder), "--people", str(size)]
    done = subprocess.run(command, env=os.environ | LIMITS, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.rstrip()


def _person_line(text: str) -> tuple[int, float]:
    """People and CPU seconds of the line that says that `person` stands."""
    words = next(line for line in text.splitlines() if line.strip().startswith("person ")).split()
    return int(words[1].replace(",", "")), float(words[3])


def _prepare(folder: Path, size: int) -> None:
    """Simulate, check and link."""
    from phm_utils.batch.route import route_of
    from phm_utils.batch.single_stage import run_single_stage
    from phm_utils.linkage.link import link
    from phm_utils.synthetic import simulate

    people = None if size == REAL else size // NETWORKS
    root = simulate(folder / "landing", pcns=NETWORKS, people_per_pcn=people)
    content = yaml.safe_load((Path("parameters") / "demo.yml").read_text(encoding="utf-8"))
    content |= {"name": "benchmark", "landing": str(root / "pseudonymised"), "truth": None}
    content |= {"outputs": str(folder / "outputs"), "identified_root": str(folder / "identified")}
    (folder / "benchmark.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    os.environ.setdefault(ROOT_ENV, str(Path.cwd()))
    workbook = _workbook(folder)
    for stage in ("check", "code_lists"):
        run_single_stage(workbook, route_of(workbook.data), stage, resolve(workbook.outputs))
    store = _store(workbook)
    with session() as con:
        store.register(con)
        with store.stage("link", "benchmark") as writer:
            for model in link(con, workbook):
                writer.add(con, model)
    (folder / "prepared").touch()


def _workbook(folder: Path) -> Workbook:
    return load_workbook(folder / "benchmark.yml")


def _store(workbook: Workbook) -> Store:
    return Store(Path(workbook.outputs) / workbook.name / "store")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _persons(folder: Path, _: int) -> None:
    from phm_utils.persons import persons

    workbook = _workbook(folder)
    store = _store(workbook)
    with session() as con:
        store.register(con)
        start = _cpu()
        with store.stage("persons", "benchmark") as writer:
            for model in persons(con, workbook):
                writer.add(con, model)
                if model.name in STAGED:
                    rows = writer.tables[model.name]["rows"]
                    cost = f"{_cpu() - start:6.1f} CPU s since start, peak {_peak_mb():,.0f} MB"
                    print(f"  {model.name:18} {rows:>12,} rows {cost}")


def _scan(folder: Path, _: int) -> None:
    """Read every column of the tables that the stage reads, and do nothing with it."""
    from phm_utils.persons.person_tables import INPUT_TABLES

    store = _store(_workbook(folder))
    with session() as con:
        store.register(con)
        start, rows = _cpu(), 0
        for table in (*INPUT_TABLES, "gp_registration", "person_index"):
            columns = [row[0] for row in con.execute(f"DESCRIBE {table}").fetchall()]
            reads = ", ".join(f"max({column})" for column in columns)
            rows += con.execute(f"SELECT count(*), {reads} FROM {table}").fetchall()[0][0]
        print(f"  {rows:,} rows in {_cpu() - start:.1f} CPU s, peak {_peak_mb():,.0f} MB")


def _network(folder: Path, _: int) -> None:
    """One network's partitions as DataFrames, one after another, all kept."""
    store, start = _store(_workbook(folder)), _cpu()
    pcn, kept = store.files("person")[0].stem, []
    for name in STAGED:
        kept.append(store.read(name, pcn))
        print(f"  {pcn}: {name} {len(kept[-1]):,} rows, {_cpu() - start:.1f} CPU s so far, peak {_peak_mb():,.0f} MB")


PARTS = {"prepare": _prepare, "scan": _scan, "persons": _persons, "network": _network}

if __name__ == "__main__":
    main()
