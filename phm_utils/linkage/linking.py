"""Linkage from records to people: deterministic links, probabilistic links, and the person of every record."""

from pathlib import Path

import duckdb
import pandas as pd

from phm_utils.engine import ROW_GROUP_SIZE, quote, read_sql
from phm_utils.errors import InputError
from phm_utils.linkage.model import LinkageModel
from phm_utils.linkage.probabilistic import Options, probabilistic_links
from phm_utils.linkage.queries import make, query
from phm_utils.linkage.scheme import Scheme


def finish_linking(
    con: duckdb.DuckDBPyConnection, scheme: Scheme, model: LinkageModel, options: Options | None = None
) -> None:
    """After `deterministic_links`: the probabilistic links, and tables with each identity's and record's person.

    person_of: one row per source and distinct set of raw identifiers.
    person_of_record: one row per record: `source`, `record_id`, `identity_id`,
        `person` (a value to be pseudonymised, never written), `method` and
        `match_weight` (bits; null where deterministic).
    Raises InputError where a person of the spine would have two verified NHS numbers.
    """
    probabilistic_links(con, scheme, model, options or Options())
    make(con, "person_of_record", query("identified/person_of_record"))
    _check_numbers(con)


def _check_numbers(con: duckdb.DuckDBPyConnection) -> None:
    """Refuse clusters with two verified NHS numbers."""
    [(mixed,)] = con.execute(query("identified/mixed_numbers")).fetchall()
    if mixed:
        raise InputError(
            f"{mixed} people of the spine would have two verified NHS numbers each: the linkage is stopped and nothing "
            "is written. This is an error in the program: report it."
        )


def copy_index(con: duckdb.DuckDBPyConnection, out: Path, where: str = "true") -> None:
    """After linking and `token_of_person`: one row per record, with its person's pseudonym and linkage method.

    where: a condition on `person_of_record`, for the records of some sources alone.
    """
    con.execute(
        "COPY (SELECT source, record_id, token AS person_id, method, match_weight FROM person_of_record"
        f" INNER JOIN token_of_person USING (person) WHERE {where} ORDER BY source, record_id) TO {quote(out)}"
        f" (FORMAT parquet, ROW_GROUP_SIZE {ROW_GROUP_SIZE})"
    )


def method_counts(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """After linking: one row per source and method, with `records` and `people`."""
    return read_sql(
        con,
        "SELECT source, method, count(*) AS records, count(DISTINCT person) AS people"
        " FROM person_of_record GROUP BY source, method ORDER BY source, method",
    )
