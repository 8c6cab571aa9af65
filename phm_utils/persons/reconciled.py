"""Registers and list sizes compared with published figures, by practice."""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model, open_workspace
from phm_utils.engine.sql_files import raw, sql_file
from phm_utils.params import Workbook
from phm_utils.persons.derivations import Derived
from phm_utils.rules.concepts import concepts
from phm_utils.rules.derived import columns_missing
from phm_utils.tables import TABLES

LIST_SIZE, LIST_TITLE = "list_size", "People registered"
COLUMNS = ["practice_code", "pcn_code", "register", "title", "counted", "published", "as_at"]
PUBLISHED = "SELECT practice_code, register, published_count, CAST(as_at AS VARCHAR) AS as_at FROM practice_register"


def register_reconciled(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: `register_reconciled`, with a row for each practice and register whose figure was published."""
    derived = Derived.load(concepts())
    names = [r.column for r in derived.registers.registers]
    counts = raw("".join(f",\n    count(*) FILTER (WHERE person.{name}) AS {name}" for name in names))
    with open_workspace(con) as work:
        if not work.has("practice_register"):
            work.make("practice_register", TABLES["practice_register"].empty_sql(), view=True)
        counted = work.read(sql_file("persons", "register_count", registers=counts))
        frame = reconciled(counted, work.read(PUBLISHED), derived, set(columns_missing(con)))
    yield Model("register_reconciled", ("practice_code", "register"), frame=frame)


def reconciled(counts: pd.DataFrame, published: pd.DataFrame, derived: Derived, missing: set[str]) -> pd.DataFrame:
    """One row per practice and register for which a figure was published.

    counts: one row per practice: `practice_code`, `pcn_code`, `list_size`, and a column per register.
    published: `practice_code`, `register`, `published_count`, `as_at`.
    missing: register columns that are null in this run: left out.
    Returns COLUMNS: `counted` people, 0 where nobody is on the register.
    """
    titles = {r.name: r.title for r in derived.registers.registers if r.column not in missing} | {LIST_SIZE: LIST_TITLE}
    long = counts.rename(columns=lambda c: c.removeprefix("qof_")).melt(
        ["practice_code", "pcn_code"], var_name="register", value_name="counted"
    )
    known = published[published["register"].isin(titles)].rename(columns={"published_count": "published"})
    found = known.merge(long, on=["practice_code", "register"], how="inner")
    found["title"] = found["register"].map(titles)
    found = found.sort_values(["practice_code", "register"], ignore_index=True)[COLUMNS]
    kinds = {"counted": "int64", "published": "int64", "as_at": "datetime64[s]"}
    return found.astype(dict.fromkeys(COLUMNS[:4], "str") | kinds)
