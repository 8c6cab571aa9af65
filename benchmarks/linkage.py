"""Precision and recall of `phm link` on the make-believe ICS, whose truth is known.

    phm simulate --form both --out FOLDER
    phm link PARAMETERS                      (form: identified, landing: FOLDER/identified)
    python benchmarks/linkage.py LANDING FOLDER/truth

LANDING is the folder that `phm link` prints. A link is a record outside the
GP registrations attached to a person registered there; it is right where the
truth names the same person. Recall counts records of people who are there.
"""

import sys
from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import parquet_source
from phm_utils.linkage.link import IDENTITY_SOURCES
from phm_utils.tables import TABLES


def measure(landing: Path, truth: Path) -> pd.DataFrame:
    """One row per source and one for all: records, links, `precision`, `recall`; and GP tokens that mix people."""
    con = duckdb.connect()
    tables = [s for s in IDENTITY_SOURCES if (landing / f"{s}.parquet").is_file()]
    linked = " UNION ALL ".join(
        f"SELECT '{s}' AS table_name, {TABLES[s].key[0]}::VARCHAR AS record_id, token_person_id AS token "
        f"FROM read_parquet('{landing / f'{s}.parquet'}')"
        for s in tables
    )
    con.execute(
        f"""
        CREATE TABLE record AS
        SELECT linked.*, truth.person
        FROM ({linked}) AS linked
        INNER JOIN (SELECT * FROM {parquet_source(sorted((truth / "record").glob("*.parquet")))}) AS truth
            ON truth.table_name = linked.table_name AND truth.record_id::VARCHAR = linked.record_id;
        CREATE TABLE gp AS
        SELECT token, min(person) AS person, count(DISTINCT person) AS people
        FROM record WHERE table_name = 'gp_registration' GROUP BY token;
        """
    )
    return con.execute(
        """
        SELECT
            coalesce(record.table_name, 'all') AS source,
            count(*) AS records,
            count(gp.token) AS links,
            count(*) FILTER (WHERE gp.person = record.person AND gp.people = 1) / count(gp.token) AS precision,
            count(*) FILTER (WHERE gp.person = record.person AND gp.people = 1) / count(here.person) AS recall,
            (SELECT count(*) FROM gp WHERE people > 1) AS mixed_gp_tokens
        FROM record
        LEFT JOIN gp ON gp.token = record.token
        LEFT JOIN (SELECT DISTINCT person FROM record WHERE table_name = 'gp_registration') AS here
            ON here.person = record.person
        WHERE record.table_name <> 'gp_registration'
        GROUP BY ROLLUP (record.table_name)
        ORDER BY source
        """
    ).df()


if __name__ == "__main__":
    print(measure(Path(sys.argv[1]), Path(sys.argv[2])).to_string(index=False, float_format="{:.5f}".format))
