"""Identified linkage at full size: cost by stage, and precision and recall against the simulated ICS's truth.

    phm simulate --form linkage --pcns 15 --out FOLDER      (1.18 million records in six sources)
    python benchmarks/linkage.py FOLDER [--train] [--single-pass] [--trials]

Without options: the saved model. `--train` trains one first; `--single-pass`
is Splink over all records at once, with the same comparisons and blocking,
for comparison. Each runs in a separate process, so that its peak memory is
measured separately. `--trials` adds the trials of `linkage_trials.py`.
A link is a record outside the GP list linked to a person on it;
it is correct where the truth names the same person. Pairs are all pairs of
records of one person, within sources and across.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import linkage_trials

from phm_utils.engine import session
from phm_utils.linkage.comparisons import BLOCKING, SWAPPED_NAMES, rule
from phm_utils.linkage.identified_records import read_records
from phm_utils.linkage.linking import finish_linking
from phm_utils.linkage.model import load_model
from phm_utils.linkage.queries import make
from phm_utils.linkage.scheme import Scheme, clean_identities, deterministic_links
from phm_utils.linkage.scoring import ID, compared_columns, settings_for, splink_prediction
from phm_utils.linkage.standalone import write_index
from phm_utils.linkage.training import train_and_save, use_saved
from phm_utils.privacy.pseudonyms import demo_key

SPINE = Scheme("gp")
ETHNIC = {"A": "White", "B": "White", "C": "White", "D": "Mixed", "E": "Mixed", "F": "Mixed", "G": "Mixed",
          "H": "Asian", "J": "Asian", "K": "Asian", "L": "Asian", "R": "Asian",
          "M": "Black", "N": "Black", "P": "Black", "S": "Other"}  # fmt: skip
SINGLE_PASS_WEIGHTS = (0, 5, 10, 15, 20)


def linked(folder: Path, out: Path, *, train: bool) -> None:
    """The workbook's linkage, stage by stage."""
    with session() as con, tempfile.TemporaryDirectory() as scrap:
        with stage("read"):
            read_records(con, folder / "linkage", SPINE.spine)
        with stage("clean, and certain links"):
            deterministic_links(con, SPINE)
        with stage("train the model" if train else "load the model"):
            choose = train_and_save(Path(scrap) / "model.json") if train else use_saved()
            model = choose(con, SPINE)
        with stage("probable links, test, clusters"):
            finish_linking(con, SPINE, model)
        with stage("pseudonyms and index"):
            write_index(con, out, demo_key(1))


def single_pass(folder: Path, out: Path) -> None:
    """Splink alone over every identity: one prediction, then connected components at several thresholds."""
    from splink.backends.duckdb import DuckDBAPI
    from splink.clustering import cluster_pairwise_predictions_at_threshold

    with session() as con:
        with stage("read"):
            read_records(con, folder / "linkage", SPINE.spine)
        with stage("clean"):
            clean_identities(con, SPINE)
            make(con, "everybody", f"SELECT {ID}, {compared_columns()} FROM identity ORDER BY {ID}")
            for column in ("given", "family"):
                total = f"(SELECT count({column}) FROM everybody)"
                make(
                    con,
                    f"frequency_{column}",
                    f"SELECT {column}, count(*) / {total} AS tf_{column} FROM everybody"
                    f" WHERE {column} IS NOT NULL GROUP BY {column}",
                )
        with stage("predict"):
            rules = [*map(rule, BLOCKING), SWAPPED_NAMES, "l.digits = r.digits"]
            settings = settings_for(load_model(), people=817_000, rules=rules, link_type="dedupe_only")
            api = DuckDBAPI(con)
            predicted = splink_prediction(api, "everybody", None, settings, SINGLE_PASS_WEIGHTS[0], lambda table: table)
        for weight in SINGLE_PASS_WEIGHTS:
            with stage(f"cluster at {weight} bits"):
                clusters = cluster_pairwise_predictions_at_threshold(
                    con.table("everybody"),
                    predicted.as_duckdbpyrelation(),
                    api,
                    node_id_column_name=ID,
                    threshold_match_weight=weight,
                )
            con.execute(
                "COPY (SELECT record.source, record.record_id, cluster_id::VARCHAR AS person_id, NULL AS method"
                f" FROM {clusters.physical_name} INNER JOIN identity USING ({ID}) INNER JOIN record"
                " ON record.source = identity.source AND record.record_id = identity.first_id)"
                f" TO '{out.with_name(f'{out.stem}_{weight}.parquet')}' (FORMAT parquet)"
            )


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Print a stage's CPU seconds, and the process's peak memory so far."""
    start = time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps({"stage": name, "cpu_s": round(time.process_time() - start, 2), "peak_mb": round(peak)}), flush=True
    )


def judge(out: Path, truth: Path) -> duckdb.DuckDBPyConnection:
    """Connection with `record`: one row per record outside the GP list, and the person it was linked to."""
    con = duckdb.connect()
    groups = ", ".join(f"('{code}', '{name}')" for code, name in ETHNIC.items())
    con.execute(
        f"""
        CREATE TABLE linked_record AS
        SELECT link_index.*, truth.person, truth.registered, coalesce(truth.trap, 'none') AS trap,
            coalesce(ethnic.name, 'Not known') AS ethnic_group
        FROM '{out}' AS link_index
        INNER JOIN '{truth}' AS truth
            ON truth.source = link_index.source AND truth.record_id::VARCHAR = link_index.record_id
        LEFT JOIN (VALUES {groups}) AS ethnic (code, name) ON ethnic.code = truth.ethnicity;
        CREATE TABLE gp AS
        SELECT person_id, min(person) AS person, count(DISTINCT person) AS people
        FROM linked_record WHERE source = 'gp' GROUP BY person_id;
        CREATE TABLE record AS
        SELECT linked_record.*, gp.person AS linked_person
        FROM linked_record LEFT JOIN gp USING (person_id) WHERE source <> 'gp';
        """
    )
    return con


def by(con: duckdb.DuckDBPyConnection, column: str):
    """One row per value of a column: records, links, wrong links and their share, recall, unregistered attached."""
    return con.execute(
        f"""
        SELECT {column}, count(*) AS records, count(linked_person) AS links,
            count(*) FILTER (WHERE linked_person <> person) AS wrong,
            round(wrong / links, 6) AS wrong_share,
            round(count(*) FILTER (WHERE linked_person = person) / count(*) FILTER (WHERE registered), 5) AS recall,
            count(*) FILTER (WHERE NOT registered) AS not_in_gp,
            count(*) FILTER (WHERE NOT registered AND linked_person IS NOT NULL) AS attached_to_gp
        FROM record GROUP BY ALL ORDER BY ALL
        """
    ).df()


def pairs(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """Pairwise precision, recall and F1 over every two records, and GP clusters of two people."""
    [(found, true, both)] = con.execute(
        """
        SELECT
            (SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM linked_record GROUP BY person_id)),
            (SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM linked_record GROUP BY person)),
            (SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM linked_record GROUP BY person_id, person))
        """
    ).fetchall()
    [(mixed,)] = con.execute("SELECT count(*) FROM gp WHERE people > 1").fetchall()
    scores = {"precision": both / found, "recall": both / true, "f1": 2 * both / (found + true)}
    return {name: round(value, 6) for name, value in scores.items()} | {"mixed_gp_clusters": mixed}


def unnumbered(con: duckdb.DuckDBPyConnection, folder: Path) -> float:
    """Of voluntary-sector records without an NHS number whose people are on the GP list, the share linked right."""
    voluntary = folder / "linkage" / "voluntary.parquet"
    [(share,)] = con.execute(
        "SELECT count(*) FILTER (WHERE linked_person = person) / count(*) FROM record"
        f" INNER JOIN '{voluntary}' AS given ON given.record_id::VARCHAR = record.record_id"
        " WHERE record.source = 'voluntary' AND registered AND given.nhs_number IS NULL"
    ).fetchall()
    return round(share, 5)


def report(out: Path, folder: Path) -> None:
    """Print precision and recall by source, ethnic group and trap."""
    con = judge(out, folder / "truth" / "linkage.parquet")
    print(pairs(con))
    print("voluntary records without an NHS number, of people on the GP list, linked right:", unnumbered(con, folder))
    for column in ("'all'", "source", "ethnic_group", "trap", "method"):
        print(by(con, column).to_string(index=False))


def main() -> None:
    folder, asked = Path(sys.argv[1]), sys.argv[2:]
    if "--child" in asked:
        kind, target = asked[asked.index("--child") + 1 :]
        single_pass(folder, Path(target)) if kind == "single-pass" else linked(
            folder, Path(target), train=kind == "train"
        )
        return
    with tempfile.TemporaryDirectory() as scrap:
        for kind in ("saved", *(k for k in ("train", "single-pass") if f"--{k}" in asked)):
            out = Path(scrap) / f"{kind}.parquet"
            print(f"\n== {kind}")
            command = [sys.executable, "-W", "ignore", __file__, str(folder), "--child", kind, str(out)]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(command, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(f"{cpu:.1f} CPU s with start and imports", flush=True)
            if kind == "single-pass":
                for weight in SINGLE_PASS_WEIGHTS:
                    found = out.with_name(f"{out.stem}_{weight}.parquet")
                    print(weight, "bits:", pairs(judge(found, folder / "truth" / "linkage.parquet")))
            else:
                report(out, folder)
    if "--trials" in asked:
        print("\n== trials", flush=True)
        linkage_trials.main()


if __name__ == "__main__":
    main()
