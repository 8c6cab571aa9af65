"""A list as its recipient would fill it in and send it back, from the planted truth: once, or an edition each week."""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from phm_utils.synthetic.follow_up import RETURNED, STATUSES
from phm_utils.synthetic.outreach import FRAILTY


def returned_list(
    truth: pd.DataFrame,
    people: Mapping[str, str],
    cohort: str = FRAILTY,
    *,
    since: date = date.min,
    until: date = date.max,
) -> pd.DataFrame:
    """The rows that come back of the people of one list: `reference`, `status`, `date` (2025-01-31), as text.

    truth: rows of `truth/outreach`. people: the token of each reference of the request, in the order of the list.
    since, until: the days on which what came is written, both included: from the day of the list to that of the
    edition, or to the last on which the list may be used.
    A person has as many rows as statuses, by day; whoever is not planted, or was never tried, has one without either.

    >>> planted = pd.DataFrame(
    ...     [("t1", "reached", "2025-01-09", "returned"), ("t1", "offered", "2025-01-07", "returned"),
    ...      ("t2", "reviewed", "2025-01-30", "code")], columns=["token_person_id", "status", "day", "how"])
    >>> returned_list(planted.assign(cohort=FRAILTY), {"A": "t1", "B": "t2"}).values.tolist()
    [['A', 'offered', '2025-01-07'], ['A', 'reached', '2025-01-09'], ['B', '', '']]
    >>> returned_list(planted.assign(cohort=FRAILTY), {"A": "t1"}, until=date(2025, 1, 7)).values.tolist()
    [['A', 'offered', '2025-01-07']]
    """
    written = truth[(truth["cohort"] == cohort) & (truth["how"] == RETURNED)]
    written = written[pd.to_datetime(written["day"]).dt.date.between(since, until)]
    listed = pd.DataFrame({"reference": list(people), "token_person_id": list(people.values())}, dtype="str")
    rows = listed.reset_index(names="place").merge(written, on="token_person_id", how="left")
    rows["date"] = pd.to_datetime(rows["day"]).dt.strftime("%Y-%m-%d")
    rows["step"] = rows["status"].map({status: step for step, status in enumerate(STATUSES)})
    rows = rows.sort_values(["place", "date", "step"], ignore_index=True)
    return rows[["reference", "status", "date"]].astype("object").fillna("").astype("str")
