"""Who may stand on a list on a day: one decision for every person asked about, and the reason where it is no.

The facts are those of the day on which a list is made, not of the run that found the people: who died, moved, opted
out or asked for their record to be hidden since is not on it. Where it cannot be known, the answer is no.
"""

from collections.abc import Collection
from datetime import date

import numpy as np
import pandas as pd

GRANTED = "granted"
# In this order: the first that holds is the reason given.
OF_THE_DAY = (
    NOT_FOUND := "not among the registrations of the day",
    ELSEWHERE := "registered with a practice that the agreement does not name",
    DIED := "died",
    OPTED_OUT := "opted out",
    SENSITIVE := "record flagged as sensitive",
    NOT_CLEAR := "registration not clear",
    LEFT := "not registered on the day",
)
# Of whom all else permits: nobody is asked twice. See `requests.earlier`.
REASONS = (
    *OF_THE_DAY,
    ALREADY := "already reached or declined",
    STILL_LISTED := "on a list that still runs",
)


def decide(
    asked: pd.Series, registrations: pd.DataFrame, practices: pd.DataFrame, permitted: Collection[str], day: date
) -> pd.DataFrame:
    """Decide for each person asked about.

    asked: tokens, each once.
    registrations: one row per registration of theirs: `token`, `practice_code`, `registered_from`, `registered_to`
        (None while current), `unreadable` (a day or the practice of it could not be read), `opted_out`, `sensitive`,
        `date_of_death` (None; it is that of the person, on any of their rows).
    practices: one row per practice: `practice_code`, `close_date`, `successor_code`; merged ones give their
        patients to their successor from the day after `close_date`.
    permitted: codes of the practices whose patients may be listed. day: that of the list.
    Returns one row per person asked about, in their order: `token`, `decision` (GRANTED or one of OF_THE_DAY), and
    `practice_code`, that of the day, of those granted.

    >>> rows = pd.DataFrame([{"token": "a", "practice_code": "A99001", "registered_from": date(2020, 1, 1),
    ...     "registered_to": None, "unreadable": False, "opted_out": False, "sensitive": False, "date_of_death": None}])
    >>> known = pd.DataFrame({"practice_code": ["A99001"], "close_date": [None], "successor_code": [None]})
    >>> list(decide(pd.Series(["a", "b"]), rows, known, {"A99001"}, date(2025, 3, 31))["decision"])
    ['granted', 'not among the registrations of the day']
    """
    rows = registrations[registrations["token"].isin(asked)].copy()
    today = pd.Timestamp(day)
    begun, ended = (pd.to_datetime(rows[name], errors="coerce") for name in ("registered_from", "registered_to"))
    unreadable = rows["unreadable"].astype(bool) | begun.isna()
    open_today = ~unreadable & (begun <= today) & ~(ended < today)
    rows["practice"] = _practice_of_day(rows["practice_code"], practices, today)
    flags = rows.assign(
        died=pd.to_datetime(rows["date_of_death"], errors="coerce") <= today,
        opted_out=rows["opted_out"].astype(bool),
        sensitive=rows["sensitive"].astype(bool),
        open_today=open_today,
        # One that could not be read may be newer than the one that could.
        doubtful=unreadable,
    )
    by_person = flags.groupby("token")[["died", "opted_out", "sensitive", "open_today", "doubtful"]].any()
    current = _current(flags.assign(begun=begun)[open_today])
    found = pd.DataFrame({"token": asked.to_numpy()}).merge(by_person, on="token", how="left")
    found = found.merge(current, on="token", how="left")
    known = found["died"].notna()
    yes = {name: found[name].eq(True) for name in by_person.columns}
    several = pd.to_numeric(found["practices"]).fillna(0) > 1
    not_clear = yes["doubtful"] | several
    registered = yes["open_today"] & found["practice"].notna()
    conditions = [
        ~known,
        registered & ~not_clear & ~found["practice"].isin(list(permitted)),
        yes["died"],
        yes["opted_out"],
        yes["sensitive"],
        not_clear,
        ~registered,
    ]
    found["decision"] = np.select(conditions, OF_THE_DAY, GRANTED)
    found["practice_code"] = found["practice"].where(found["decision"] == GRANTED)
    return found[["token", "decision", "practice_code"]]


def _current(rows: pd.DataFrame) -> pd.DataFrame:
    """The practice of each person's open registration: of several the one that began last; `practices` then."""
    latest = rows[rows["begun"] == rows.groupby("token")["begun"].transform("max")]
    distinct = latest.drop_duplicates(["token", "practice"]).groupby("token")["practice"]
    found = distinct.agg(["first", "size"])
    return found.set_axis(["practice", "practices"], axis=1).reset_index()


def _practice_of_day(codes: pd.Series, practices: pd.DataFrame, today: pd.Timestamp) -> pd.Series:
    """The practice that has the patients of a code on the day: itself, or a successor; None where there is none."""
    known = practices.drop_duplicates("practice_code").set_index("practice_code")
    closed = pd.to_datetime(known["close_date"], errors="coerce") < today
    successor = {code: next_ for code, next_ in known["successor_code"].items() if isinstance(next_, str)}
    heirs = {code: _heir(code, set(closed[closed].index), successor) for code in codes.dropna().unique()}
    return codes.map(heirs)


def _heir(code: str, closed: Collection[str], successor: dict[str, str]) -> str | None:
    seen: set[str] = set()
    while code in closed:
        seen.add(code)
        following = successor.get(code)
        if following is None or following in seen:
            return None
        code = following
    return code
