"""The days counted by source, values by their unit, and the columns left out of this run."""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model, read_sql
from phm_utils.params import Workbook
from phm_utils.persons.person_plan import USABLE_VALUES
from phm_utils.persons.value_units import OUTCOMES
from phm_utils.privacy.relations import RowSum
from phm_utils.privacy.release import AREA, PLACE, Release, aggregate, count, key, keys
from phm_utils.rules.concepts import concepts

DAYS = ("from_date", "to_date", "prior_from", "prior_to")
WINDOW = Release(
    "activity_window",
    "Days over which each source's contacts are counted, and the 12 months before",
    (AREA, *keys("source", *DAYS), key("complete", "bool")),
    part="Days over which contacts are counted",
    needs="a source of contacts",
)
LEFT_OUT = Release(
    "person_left_out",
    "Columns of the person table left out of this run, because a table is absent or too short, or a field is empty",
    (AREA, *keys("table_name", "column_name", "what")),
    may_be_empty=True,
    lists_lacks=True,
)
VALUES = Release(
    "value_units",
    "Values of GP entries by what became of them, one row per concept",
    (
        *(AREA, PLACE, *keys("concept", "title", "unit"), key("left_out", "bool")),
        *(count(name, "rows") for name in ("entries", *OUTCOMES)),
    ),
    relations=(RowSum(OUTCOMES, "entries"),),
    part="Values and their units",
    needs="GP coded events",
    may_be_empty=True,
)
RELEASES = (WINDOW, LEFT_OUT, VALUES)


def coverage_tables(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: windows, gaps and values, for the ICS only: extracts are not by PCN."""
    days = ", ".join(f"strftime({day}, '%Y-%m-%d') AS {day}" for day in DAYS)
    windows = read_sql(con, f"SELECT source, {days}, complete FROM activity_window ORDER BY source")
    yield aggregate(WINDOW, windows.assign(area_code=workbook.ics_code))
    left = read_sql(con, "SELECT table_name, column_name, what FROM person_left_out ORDER BY ALL")
    yield aggregate(LEFT_OUT, left.assign(area_code=workbook.ics_code))
    yield aggregate(VALUES, _values(con).assign(area_code=workbook.ics_code))


def _values(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """One row per value concept; none where no GP entry has a value.

    left_out: is the concept's column null because most of its values cannot be used?
    """
    counts = read_sql(con, "SELECT concept, outcome, entries FROM value_count")
    left = read_sql(con, f"SELECT column_name FROM person_left_out WHERE table_name = '{USABLE_VALUES}'")
    known = {c.concept: c for c in concepts() if c.kind == "value"} if len(counts) else {}
    frame = pd.DataFrame(
        [(place, name, c.title, c.unit or "", name in set(left["column_name"]))
         for place, (name, c) in enumerate(known.items())],
        columns=["place", "concept", "title", "unit", "left_out"],
    )  # fmt: skip
    wide = counts.pivot_table(index="concept", columns="outcome", values="entries", aggfunc="sum", fill_value=0)
    wide = wide.reindex(index=frame["concept"], columns=list(OUTCOMES), fill_value=0).astype("int64")
    frame[list(OUTCOMES)] = wide.to_numpy()
    frame = frame.assign(entries=wide.sum(axis=1).to_numpy())
    return frame.astype({"place": "int64", "left_out": "bool"} | dict.fromkeys(("concept", "title", "unit"), "str"))
