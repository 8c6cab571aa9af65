"""The practices of a run: one row each, with the network and the ICB that it belonged to on the index date.

Organisations are dated: practices change network, merge, close and move to another ICB. A practice table has a row
for each membership, or one undated row. Nobody registered may fall out of the counts because of it: practices in no
network, and those that the table does not list, make up a network of their own, PCN_NOT_KNOWN.
"""

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.params import Workbook
from phm_utils.schema import PCN_NOT_KNOWN
from phm_utils.tables import TABLES

NOT_KNOWN_NAME = "PCN not known"
# How a practice stands on the index date.
LISTED, NO_PCN, MERGED, CLOSED, UNLISTED, ELSEWHERE = (
    *("in a network", "in no network", "merged into another", "closed", "not in the practice table"),
    "of another ICB",
)
MEMBERSHIP = ("pcn_code", "pcn_name", "sub_icb_code", "sub_icb_name", "icb_code")
FIRST_DAY = pd.Timestamp("1850-01-01")  # of memberships that give none
DAYS = ("pcn_from", "pcn_to", "open_date", "close_date")


def settled_practices(listed: pd.DataFrame, registered: pd.Series, workbook: Workbook) -> pd.DataFrame:
    """One row per practice that is listed, or with which people are registered.

    listed: the practice table: one row per practice and membership.
    registered: registrations by practice code.
    Returns the columns of `listed`, and `standing`, `of_ics` and `memberships` (rows of it in `listed`).
    Raises InputError for two memberships on the index date that no date tells apart, and for an
    `ics_code` that no practice has.
    """
    texts = [c.name for c in TABLES["practice"].columns if c.type == "text"] + ["nulled_fields"]
    rows = listed.assign(**{day: pd.to_datetime(listed[day]).astype("datetime64[s]") for day in DAYS})
    rows = rows.astype(dict.fromkeys(texts, "str"))
    rows = rows.sort_values(list(rows.columns), ignore_index=True)  # whatever order the files give them in
    day = pd.Timestamp(workbook.index_date)
    _refuse_ambiguous(rows, registered, workbook)
    found = _memberships_at(rows, day)
    found = _with_successors(found, rows)
    found = pd.concat([found, _unlisted(found, registered)], ignore_index=True)
    found["of_ics"] = _of_ics(found, workbook)
    found.loc[~found["of_ics"], "standing"] = ELSEWHERE
    unknown = found["of_ics"] & found["pcn_code"].isna()
    found.loc[unknown, ["pcn_code", "pcn_name"]] = [PCN_NOT_KNOWN, NOT_KNOWN_NAME]
    return found.sort_values("practice_code", ignore_index=True)


def _ranked(rows: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """The rows of each practice, the one that holds on `day` first; `current`: does it?

    Of several that hold, the one that began last, and one with a network before one without; of those
    that have ended, the one that began last.
    """
    ended = (rows["pcn_to"] < day) | (rows["close_date"] < day)
    rows = rows.assign(
        current=~ended & ~(rows["pcn_from"] > day),
        begun=rows["pcn_from"].fillna(FIRST_DAY).mask(rows["pcn_from"] > day, FIRST_DAY),
        none=rows["pcn_code"].isna(),
    )
    order = ["practice_code", "current", "none", "begun", "pcn_code", "icb_code"]
    return rows.sort_values(order, ascending=[True, False, True, False, True, True], kind="stable")


def _memberships_at(rows: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """One row per listed practice: its membership on `day`. A practice that closed keeps the last one it had."""
    ranked = _ranked(rows, day)
    ranked["memberships"] = ranked.groupby("practice_code")["practice_code"].transform("size")
    found = ranked.groupby("practice_code", sort=True).head(1).copy()
    closed = found["close_date"] < day
    left = ~found["current"] & ~(closed & ~(found["pcn_to"] < found["close_date"]))
    found.loc[left, ["pcn_code", "pcn_name"]] = np.nan
    found["standing"] = np.select([closed, found["pcn_code"].isna()], [CLOSED, NO_PCN], LISTED)
    return found.drop(columns=["current", "begun", "none"])


def _refuse_ambiguous(rows: pd.DataFrame, registered: pd.Series, workbook: Workbook) -> None:
    """Refuse two memberships that hold on the index date and began together, of a practice that is counted."""
    ranked = _ranked(rows, pd.Timestamp(workbook.index_date)).query("current and not none")
    first = ranked.groupby("practice_code")["begun"].transform("first")
    networks = ranked[ranked["begun"] == first].groupby("practice_code")["pcn_code"].nunique()
    counted = rows.loc[rows["icb_code"] == workbook.ics_code, "practice_code"]
    doubtful = [code for code in networks[networks > 1].index if code in registered.index or code in set(counted)]
    if doubtful:
        raise InputError(
            f"practice: {len(doubtful)} of {rows['practice_code'].nunique()} practices (first: {doubtful[0]}) are in "
            f"two networks on {workbook.index_date}, and no date tells which is current. Give `pcn_from` and `pcn_to`, "
            "or take out the rows that have ended."
        )


def _with_successors(found: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Practices that closed, or are in no network, in that of the practice that they were merged into."""
    by_code = found.set_index("practice_code")
    given = rows.dropna(subset="successor_code").groupby("practice_code")["successor_code"].first()
    found = found.copy()
    for place in found.index[found["standing"].isin([CLOSED, NO_PCN]) & found["practice_code"].isin(given.index)]:
        code, seen = found.at[place, "practice_code"], set[str]()
        while code in given.index and code not in seen and (not seen or by_code.at[code, "standing"] != LISTED):
            seen.add(code)
            code = given[code]
        if code in by_code.index and by_code.at[code, "standing"] == LISTED:
            found.loc[place, list(MEMBERSHIP)] = by_code.loc[code, list(MEMBERSHIP)].to_numpy()
            found.at[place, "standing"] = MERGED
    return found


def _unlisted(found: pd.DataFrame, registered: pd.Series) -> pd.DataFrame:
    """A row for each practice that registrations name and the table does not."""
    codes = sorted(set(registered.index) - set(found["practice_code"]))
    rows = pd.DataFrame({"practice_code": codes, "standing": UNLISTED, "memberships": 0})
    numbers = {"published_list_size": "float64", "memberships": "int64"}
    return rows.reindex(columns=found.columns).astype(found.dtypes.to_dict() | numbers)


def _of_ics(found: pd.DataFrame, workbook: Workbook) -> pd.Series:
    """Is a practice of the run's own ICS? All are, where the table names no ICB."""
    own, given = found["icb_code"] == workbook.ics_code, found["icb_code"].notna()
    if given.any() and not own.any():
        most = ", ".join(f"{code} ({n})" for code, n in found["icb_code"].value_counts().head(3).items())
        raise InputError(
            f"practice: none of {int(given.sum())} practices has the icb_code {workbook.ics_code}, the `ics_code` of "
            f"the parameter file; they have {most}. ICBs merge and change code: correct `ics_code`, or give the new "
            "code of each old one in the mapping file (`values`)."
        )
    return own | ~given
