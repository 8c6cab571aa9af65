"""Estimated false and missed links by source and group: one table in both modes.

`link_error` has the columns of `linkage_error` (tables.py), and `behind`: how
many observations the false share rests on, for disclosure control. For
sources linked by `phm link`, estimates come with the landing, from tests and
reviews; for sources pseudonymised before arrival, from the check of sex and
month of birth.
"""

from collections.abc import Iterator

import duckdb
import pandas as pd

from phm_utils.engine import Model, present_tables, read_sql
from phm_utils.linkage_tables import BOUNDED
from phm_utils.methods.linkage_error import SHARES, shares_from_checks
from phm_utils.params import Workbook
from phm_utils.tables import TABLES

KEY = ("source", "characteristic", "category")
COLUMNS = tuple(column.name for column in TABLES["linkage_error"].columns)
# Basis of an estimate: values of false_basis and missed_basis.
TESTED, REVIEWED, MODELLED = "test", "review", "model"
CHECKED, NOT_KNOWN = "check", "not known"


def link_error(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: `link_error`, from the landing's estimates where it has them, else from the checks."""
    landed = _landed_estimates(con)
    frame = landed if len(landed) else from_checks(read_sql(con, "SELECT * FROM link_check ORDER BY ALL"))
    yield Model("link_error", key=KEY, frame=frame[[*COLUMNS, "behind"]])


def _landed_estimates(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    if "linkage_error" not in present_tables(con):
        return pd.DataFrame()
    frame = read_sql(con, f"SELECT {', '.join(COLUMNS)} FROM linkage_error ORDER BY {', '.join(KEY)}")
    return frame.assign(behind=frame["tested"].where(frame["false_basis"] == TESTED, frame["linked"]))


def from_checks(checks: pd.DataFrame) -> pd.DataFrame:
    """Estimates for pseudonymised sources: false links from conflicts, missed links at most all that are not linked.

    checks: one row per source and group of records, as in `sql/link_check.sql`.
    `behind` is the number of records in conflict; where there is none,
    the number checked.
    """
    frame = checks.join(shares_from_checks(checks))
    # Records that are not linked have no ethnicity: missed links are not known for those groups.
    unknown = frame["characteristic"] == "Ethnicity"
    frame.loc[unknown, list(SHARES[3:])] = float("nan")
    frame.loc[unknown, "records"] = frame.loc[unknown, "linked"]
    return frame.assign(
        tested=frame["checked_people"],
        false_basis=frame["false_share"].isna().map({True: NOT_KNOWN, False: CHECKED}),
        missed_basis=unknown.map({True: NOT_KNOWN, False: BOUNDED}),
        behind=frame["conflicts"].where(frame["conflicts"] > 0, frame["checked_people"]),
    )
