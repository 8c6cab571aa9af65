"""What `phm simulate` costs: CPU seconds, peak memory, and what it writes.

    python benchmarks/simulate.py [--pcns 15] [--people-per-pcn N] [--workers 2] [--form pseudonymised] [--keep FOLDER]

CPU seconds are those of this process and its workers together; peak memory is
the largest process's, as the system counts it (not given on Windows).
"""

import argparse
import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq

from phm_utils.synthetic import simulate


def main() -> None:
    """Simulate into a temporary folder, or one that is kept, and print the figures."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="phm-simulate-") as folder:
        root = (options.keep or Path(folder)) / "demoshire"
        start = time.perf_counter()
        simulate(
            root,
            pcns=options.pcns,
            people_per_pcn=options.people_per_pcn,
            workers=options.workers,
            form=options.form,
        )
        wall = time.perf_counter() - start
        print(f"{options.pcns} networks, {options.workers} workers, {options.form}: {wall:.1f} s wall, {_cost()}")
        for part in sorted(p for p in root.iterdir() if p.is_dir()):
            _print_tables(part)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pcns", type=int, default=15)
    parser.add_argument("--people-per-pcn", type=int)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--form", choices=("pseudonymised", "identified", "both"), default="pseudonymised")
    parser.add_argument("--keep", type=Path, help="folder to simulate into and leave")
    return parser.parse_args()


def _cost() -> str:
    """CPU seconds of this process and its finished children, and the largest one's memory."""
    spent = os.times()
    text = f"{spent.user + spent.system + spent.children_user + spent.children_system:.1f} CPU s"
    try:
        import resource
    except ImportError:
        return text
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return f"{text}, peak {peak / 1024:.0f} MB"


def _print_tables(part: Path) -> None:
    rows: defaultdict[str, int] = defaultdict(int)
    size: defaultdict[str, int] = defaultdict(int)
    for path in sorted(p for p in part.rglob("*.parquet")):
        table = path.stem if path.parent == part else path.parent.name
        rows[table] += pq.read_metadata(path).num_rows
        size[table] += path.stat().st_size
    print(f"\n{part.name:24s}{'rows':>14s}{'MB':>10s}")
    for table in sorted(rows, key=lambda name: rows[name], reverse=True):
        print(f"{table:24s}{rows[table]:14,d}{size[table] / 1e6:10.1f}")
    print(f"{'all':24s}{sum(rows.values()):14,d}{sum(size.values()) / 1e6:10.1f}")


if __name__ == "__main__":
    main()
