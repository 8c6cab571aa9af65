"""The rows of a returned list held against the request: taken, with nothing yet, or faulty and why."""

from datetime import date

import numpy as np
import pandas as pd

from phm_utils.measures.outreach_status import FROM_LISTS, WORDS
from phm_utils.privacy.request_file import REFERENCE, ListHead

TYPED = str.maketrans("OIL", "011")  # what Crockford's base 32 reads these letters as
YEAR_FIRST = r"(\d{4}-\d{1,2}-\d{1,2})(?:[T ][\d:.]+)?"
YEAR_LAST = r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?: [\d:]+)?"
NOT_KEPT = "(text)"  # in place of what could tell something of somebody
DAY_SIGNS = r"\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}(?:[T ][\d:.]{1,12})?"


def reference_form(texts: pd.Series) -> pd.Series:
    """References as they were made: in capitals, without blanks and hyphens, O read as 0 and I and L as 1.

    A spreadsheet takes one of twelve digits for a number, and drops zeros in front.

    >>> reference_form(pd.Series(["9dpb-xeyp ahax", "OI2345678901", "12345678901"])).tolist()
    ['9DPBXEYPAHAX', '012345678901', '012345678901']
    """
    bare = texts.str.upper().str.replace(r"[\s-]", "", regex=True).map(lambda text: text.translate(TYPED)).astype("str")
    return bare.where(~bare.str.fullmatch(r"\d{11}"), bare.str.zfill(12))


def status_form(texts: pd.Series) -> pd.Series:
    """Statuses as the workbook writes them.

    >>> status_form(pd.Series([" Not  reached", "NOT-REACHED", "closed"])).tolist()
    ['not_reached', 'not_reached', 'closed']
    """
    return texts.str.strip().str.casefold().str.replace(r"[\s_-]+", "_", regex=True).astype("str")


def days_of(texts: pd.Series, first: date, last: date) -> pd.Series:
    """Days from 2025-01-31 or 31/01/2025, missing where a text is none.

    Where day and month could stand either way, the way that puts more days from `first` to `last` holds for all; the
    day stands first where both do.

    >>> days_of(pd.Series(["2025-01-09", "10/01/2025", "31.12.25"]), date(2025, 1, 6), date(2025, 1, 20)).tolist()
    [Timestamp('2025-01-09 00:00:00'), Timestamp('2025-01-10 00:00:00'), NaT]
    """
    iso = texts.str.extract(f"^{YEAR_FIRST}$")[0]
    found = pd.to_datetime(iso, format="%Y-%m-%d", errors="coerce").astype("datetime64[s]")
    parts = texts.str.extract(f"^{YEAR_LAST}$")
    ways = [_day(parts[2], parts[1], parts[0]), _day(parts[2], parts[0], parts[1])]
    within = [int(way.between(pd.Timestamp(first), pd.Timestamp(last)).sum()) for way in ways]
    return found.fillna(ways[int(within[1] > within[0])])


def _day(year: pd.Series, month: pd.Series, day: pd.Series) -> pd.Series:
    return pd.to_datetime(year + "-" + month + "-" + day, format="%Y-%m-%d", errors="coerce").astype("datetime64[s]")


def judged(rows: pd.DataFrame, head: ListHead, known: pd.Series, others: pd.Series, today: date) -> pd.DataFrame:
    """The rows of a returned list with `reference`, `status` and `day` as they are kept, and `reason`.

    reason: why a row is faulty; "" of all others. status: "" of a row that means nothing yet.
    known: the references of the request. others: the run's other requests, by their people's references.
    """
    reference, status = reference_form(rows["reference"]), status_form(rows["status"])
    undated, unsaid = rows["date"].eq(""), status.eq("")
    day = days_of(rows["date"], head.made, min(today, head.expires))
    listed, elsewhere = reference.isin(known), reference.map(others).astype("str")
    statuses = ", ".join(WORDS[name] for name in FROM_LISTS)
    faults: list[tuple[str | pd.Series, pd.Series]] = [
        ("no reference", reference.eq("")),
        ("a row of the list " + elsewhere.fillna(""), ~listed & elsewhere.notna()),
        ("this list has no such reference", ~listed),
        ("a day and no status", unsaid & ~undated),
        (f"the status is none of {statuses}", ~unsaid & ~status.isin(FROM_LISTS)),
        ("a status and no day", ~unsaid & undated),
        ("not a day such as 2025-01-31 or 31/01/2025", ~undated & day.isna()),
        (f"the day lies in the future (today is {today})", day > pd.Timestamp(today)),
        (f"the day is before the list was made ({head.made})", day < pd.Timestamp(head.made)),
        (f"the list had expired ({head.expires})", day > pd.Timestamp(head.expires)),
    ]
    reason = pd.Series("", index=rows.index, dtype="str")
    for words, holds in faults:
        reason = reason.mask(reason.eq("") & holds, words)
    stamp = day.dt.strftime("%Y-%m-%d").fillna("").astype("str")
    return pd.DataFrame(
        {"line": rows["line"], "reference": reference, "status": status, "day": stamp, "reason": reason}
    )


def kept_text(rows: pd.DataFrame, faulty: pd.DataFrame) -> pd.DataFrame:
    """The faulty rows as they are kept: reference, status and day where they are that, and no other text.

    rows: as they were read. faulty: of `judged`.
    """
    raw = rows.loc[faulty.index]
    reference = faulty["reference"].where(
        raw["reference"].str.len().ge(12) & _is(faulty["reference"], REFERENCE.pattern)
    )
    status = faulty["status"].where(faulty["status"].isin(["", *FROM_LISTS]))
    day = raw["date"].where(raw["date"].eq("") | _is(raw["date"], DAY_SIGNS))
    texts = {"reference": reference.where(raw["reference"].ne(""), ""), "status": status, "day": day}
    return faulty[["line", "reason"]].assign(**{name: found.fillna(NOT_KEPT) for name, found in texts.items()})


def _is(texts: pd.Series, pattern: str) -> np.ndarray:
    return texts.str.fullmatch(pattern).to_numpy(dtype=bool)
