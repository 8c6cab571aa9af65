"""How many people another threshold would move."""

import pandas as pd

from phm_utils.measures.definitions import AS_DEFINED
from phm_utils.reports.comparisons import people, percent
from phm_utils.reports.findings import TOO_FEW, finding
from phm_utils.wording import joined


@finding
def alternative_effect(frame: pd.DataFrame) -> str:
    """How many people each other threshold would place in another segment, in the order of the file.

    At least: moves both ways between the same two segments do not show in their sizes.
    """
    wide = frame.pivot(index="segment", columns="alternative", values="people").astype("Float64")
    changes = wide.sub(wide[AS_DEFINED], axis=0).drop(columns=AS_DEFINED).dropna(how="all", axis=1)
    if changes.empty:
        return TOO_FEW
    everybody = frame["registered"].max()
    order = [words for words in frame["alternative"].unique() if words in changes]
    moved = {words: round(float(changes[words].abs().sum()) / 2 / 5) * 5 for words in order}  # counts are rounded to 5
    parts = [f"“{words}” {people(count)} ({percent(count / everybody)})" for words, count in moved.items()]
    hidden = " Suppressed counts are left out." if changes.isna().any(axis=None) else ""
    return f"Placed in another segment, at least, by another threshold: {joined(parts)}.{hidden}"
