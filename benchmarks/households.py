"""What one model of vulnerability costs from its rules to the matrix: CPU seconds at the size of an ICS.

    python benchmarks/households.py PARAMETERS [--models cold_weather] [--profile]
    (make bench-households: Demoshire with 15 PCNs, 817,000 people)

The tables of the run that the stages read are made first where they are not up to date. Each stage then runs on one
thread pool of this process; its CPU seconds are those of all threads. --profile: the slowest queries of each model.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import duckdb

from phm_utils.batch.batch import Batch
from phm_utils.batch.plan import Plan
from phm_utils.batch.progress import Progress
from phm_utils.batch.route import route_of
from phm_utils.batch.run import locked_folder
from phm_utils.batch.stage_steps import run_stages
from phm_utils.engine import session
from phm_utils.measures.topic import VULNERABILITY
from phm_utils.measures.vulnerability import vulnerability
from phm_utils.measures.vulnerability_model import model_names
from phm_utils.params import Workbook
from phm_utils.runs import StageWriter, Store, resolve
from phm_utils.topic import Stage
from phm_utils.topics.registry import load_workbook
from phm_utils.topics.vulnerability.household_tables import household_tables
from phm_utils.topics.vulnerability.topic import TOPIC

WANTED = 20  # CPU seconds from one model to its matrix
TABLES = next(stage for stage in TOPIC.stages if stage.name == "vulnerability_tables")


def bring_up_to_date(workbook: Workbook) -> Store:
    """Run the stages that make what the two stages read, and those that these need in turn."""
    route = route_of(workbook.data)
    wanted = {*VULNERABILITY.reads, *TABLES.reads} - set(VULNERABILITY.makes)
    chosen: list[Stage] = []
    for stage in reversed(route.stages):
        if wanted & set(stage.makes):
            chosen.insert(0, stage)
            wanted |= set(stage.reads)
    with locked_folder(resolve(workbook.outputs) / workbook.name) as folder:
        batch = Batch(workbook, route, Plan({}, (), ()), folder, Progress())
        batch.open_temp()
        try:
            problem = run_stages(batch, [step for stage in chosen for step in stage.steps(workbook)])
        finally:
            batch.close_temp()
        batch.fingerprints.save()
        if problem is not None:
            raise problem
        return batch.store


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print the wall and CPU seconds of a block."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    print(f"{what:<60} {time.perf_counter() - wall:6.2f} s {time.process_time() - cpu:6.2f} CPU s", flush=True)


def measure(store: Store, workbook: Workbook, model: str) -> float:
    """The stage and the tables of one model; their CPU seconds together."""
    before = time.process_time()
    with tempfile.TemporaryDirectory() as folder, session() as con:
        store.register_some(
            con, [name for name in {*VULNERABILITY.reads, *TABLES.reads} if name not in VULNERABILITY.makes]
        )
        writer = StageWriter(Path(folder))
        steps = {"vulnerability": vulnerability(con, workbook, model), "tables": household_tables(con, workbook)}
        for name, made in steps.items():
            with timed(f"{model}: {name}"):
                for table in made:
                    with timed(f"    {table.name}"):
                        writer.add(con, table)
    return time.process_time() - before


@contextmanager
def queries() -> Iterator[list[tuple[float, str]]]:
    """CPU seconds and first words of every query of the block, by way of DuckDB's own connection class."""
    found: list[tuple[float, str]] = []
    real = duckdb.DuckDBPyConnection.execute

    def execute(con: duckdb.DuckDBPyConnection, query: str, *given: object) -> duckdb.DuckDBPyConnection:
        started = time.process_time()
        answer = real(con, query, *given)
        found.append((time.process_time() - started, " ".join(str(query).split())[:150]))
        return answer

    with patch.object(duckdb.DuckDBPyConnection, "execute", execute):
        yield found


def main() -> None:
    """Print a line per table, and the sum of each model against what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parameters", type=Path)
    parser.add_argument("--models", nargs="+", default=model_names())
    parser.add_argument("--profile", action="store_true", help="the slowest queries of each model")
    options = parser.parse_args()
    workbook = load_workbook(options.parameters)
    store = bring_up_to_date(workbook)
    print(f"{len(store.read('person')):,} people")
    for model in options.models:
        with queries() as found:
            total = measure(store, workbook, model)
        print(f"{model}: {total:.1f} CPU s (wanted: {WANTED})")
        for seconds, words in sorted(found, reverse=True)[:12] if options.profile else ():
            print(f"    {seconds:6.2f} {words}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB")


if __name__ == "__main__":
    main()
