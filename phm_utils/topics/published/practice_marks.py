"""Practices that are not compared with others: of another kind, with a short list, or changed between the files.

A practice of another kind moves every comparison that it is part of: students hide a gradient, a care-home
service makes one. They are marked wherever they appear, shown, and neither named nor counted in
what practices usually have.
"""

from typing import Any

import pandas as pd

from phm_utils.errors import InputError

SHORT_LIST = 1_000  # patients: fewer are of a special service, or of a practice that is opening or closing
YOUNG, OLD = 0.20, 0.75  # share aged 50 and over: below, mostly students; above, mostly homes for older people
LIST_GREW = 1.2  # registered patients over the earlier QOF list, or the reverse: more suggests a merger
NEEDS = ("practice_code", "registered", "qof_list_size", "qof_list_50_over", "in_practices", "in_qof_counts")


def marks(practices: pd.DataFrame) -> pd.Series:
    """Why each practice is not compared with others, in words; empty where it is. Index: `practice_code`.

    practices: `published_practice`: numbers of patients may be missing where no file has them.
    Of several reasons the first holds: closed, list that changed, short list, ages.

    >>> practices = pd.DataFrame({"practice_code": ["A", "B"], "registered": [5_000, 5_200], "in_practices": True,
    ...     "qof_list_size": 5_000, "qof_list_50_over": [2_000, 750], "in_qof_counts": True})
    >>> marks(practices).to_dict()
    {'A': '', 'B': '15% of its patients are 50 and over'}
    """
    if missing := [name for name in NEEDS if name not in practices]:
        raise InputError(f"Practices lack {len(missing)} of {len(NEEDS)} columns: {', '.join(missing)}.")
    rows = practices.astype(dict.fromkeys(("registered", "qof_list_size", "qof_list_50_over"), "Float64"))
    return pd.Series([_mark(row) for row in rows.itertuples()], index=rows["practice_code"], name="mark", dtype="str")


def _mark(row: Any) -> str:
    if row.in_qof_counts and not row.in_practices:
        return "no longer in the list of practices"
    now, then = row.registered, row.qof_list_size
    if pd.notna(now) and pd.notna(then) and then and now and not 1 / LIST_GREW <= now / then <= LIST_GREW:
        return f"list {abs(now / then - 1):.0%} {'larger' if now > then else 'smaller'} than in the QOF year"
    newest = then if pd.isna(now) else now
    if pd.notna(newest) and newest < SHORT_LIST:
        return f"fewer than {SHORT_LIST:,} patients"
    older = row.qof_list_50_over / then if pd.notna(then) and then else pd.NA
    if pd.notna(older) and not YOUNG <= older <= OLD:
        return f"{older:.0%} of its patients are 50 and over"
    return ""
