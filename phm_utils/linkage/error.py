"""How many links are wrong and how many are missed, by source and group: one table in both modes.

`link_error` has the columns of `linkage_error` (tables.py), and `behind`: how
many observations the false share rests on, for disclosure control. Sources
that were linked here bring their estimates with them, from tests and reviews;
for sources pseudonymised before arrival they are made from the check of sex
and month of birth.
"""

import duckdb
import pandas as pd

from phm_utils.engine import Model, quote, read_sql
from phm_utils.linkage.queries import present_tables, query
from phm_utils.methods.linkage_error import SHARES, shares_from_checks
from phm_utils.tables import TABLES

KEY = ("source", "characteristic", "category")
COLUMNS = tuple(column.name for column in TABLES["linkage_error"].columns)
# What a share rests on: values of false_basis and missed_basis.
TESTED, REVIEWED, MODELLED = "test", "review", "model"
CHECKED, BOUNDED, NOT_KNOWN = "check", "bound", "not known"


def error_model(con: duckdb.DuckDBPyConnection, identity_sources: tuple[str, ...]) -> Model:
    """`link_error`, from what `phm link` estimated where the landing has it, else from the checks.

    Needs the link stage's temporary tables `grouped` and `stranger`.
    """
    brought = _brought(con)
    frame = brought if len(brought) else from_checks(con, identity_sources)
    return Model("link_error", key=KEY, frame=frame[[*COLUMNS, "behind"]])


def _brought(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    if "linkage_error" not in present_tables(con):
        return pd.DataFrame()
    frame = read_sql(con, f"SELECT {', '.join(COLUMNS)} FROM linkage_error ORDER BY {', '.join(KEY)}")
    return frame.assign(behind=frame["tested"].where(frame["false_basis"] == TESTED, frame["linked"]))


def from_checks(con: duckdb.DuckDBPyConnection, identity_sources: tuple[str, ...]) -> pd.DataFrame:
    """Estimates for pseudonymised sources: false links from conflicts, missed ones bounded by what is not joined.

    `behind` is the number of records in conflict; where none is, no small
    number stands behind the estimate and `behind` is the number checked.
    """
    among = ", ".join(quote(source) for source in identity_sources)
    checks = read_sql(con, query("link_check", identity_sources=among) + " ORDER BY ALL")
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
