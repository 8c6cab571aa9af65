"""How many links are wrong and how many are missed, by source and group: one table in both modes.

`link_error` has the columns of `linkage_error` (tables.py), and `behind`: how
many observations the false share rests on, for disclosure control. Sources
that were linked here bring their estimates with them, from tests and reviews;
for sources pseudonymised before arrival they are made from the check of sex
and month of birth.
"""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model, present_tables, read_sql
from phm_utils.methods.linkage_error import SHARES, shares_from_checks
from phm_utils.params import Workbook
from phm_utils.tables import TABLES

KEY = ("source", "characteristic", "category")
COLUMNS = tuple(column.name for column in TABLES["linkage_error"].columns)
# What a share rests on: values of false_basis and missed_basis.
TESTED, REVIEWED, MODELLED = "test", "review", "model"
CHECKED, BOUNDED, NOT_KNOWN = "check", "bound", "not known"


def link_error(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: `link_error`, from what `phm link` estimated where the landing has it, else from the checks."""
    brought = _brought(con)
    frame = brought if len(brought) else from_checks(read_sql(con, "SELECT * FROM link_check ORDER BY ALL"))
    yield Model("link_error", key=KEY, frame=frame[[*COLUMNS, "behind"]])


def _brought(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    if "linkage_error" not in present_tables(con):
        return pd.DataFrame()
    frame = read_sql(con, f"SELECT {', '.join(COLUMNS)} FROM linkage_error ORDER BY {', '.join(KEY)}")
    return frame.assign(behind=frame["tested"].where(frame["false_basis"] == TESTED, frame["linked"]))


def from_checks(checks: pd.DataFrame) -> pd.DataFrame:
    """Estimates for pseudonymised sources: false links from conflicts, missed ones bounded by what is not joined.

    checks: one row per source and group of records, as `sql/link_check.sql` says.
    `behind` is the number of records in conflict; where none is, no small
    number stands behind the estimate and `behind` is the number checked.
    """
    frame = checks.join(shares_from_checks(checks))
    # Who is not joined has no ethnicity: what is missed is not known for those groups.
    unknown = frame["characteristic"] == "Ethnicity"
    frame.loc[unknown, list(SHARES[3:])] = float("nan")
    frame.loc[unknown, "records"] = frame.loc[unknown, "linked"]
    return frame.assign(
        tested=frame["checked_people"],
        false_basis=frame["false_share"].isna().map({True: NOT_KNOWN, False: CHECKED}),
        missed_basis=unknown.map({True: NOT_KNOWN, False: BOUNDED}),
        behind=frame["conflicts"].where(frame["conflicts"] > 0, frame["checked_people"]),
    )
