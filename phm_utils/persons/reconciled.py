"""Registers and list sizes held against published figures, practice by practice."""

import pandas as pd

from phm_utils.persons.derivations import Derived

LIST_SIZE, LIST_TITLE = "list_size", "People registered"
COLUMNS = ["practice_code", "pcn_code", "register", "title", "counted", "published", "as_at"]


def reconciled(counts: pd.DataFrame, published: pd.DataFrame, derived: Derived, missing: set[str]) -> pd.DataFrame:
    """One row per practice and register for which a figure was published.

    counts: one row per practice: `practice_code`, `pcn_code`, `list_size`, and a column per register.
    published: `practice_code`, `register`, `published_count`, `as_at`.
    missing: registers' columns that this run cannot know: they are left out.
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
