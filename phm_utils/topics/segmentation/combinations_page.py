"""Exact combinations of conditions: figures and sentences from released tables."""

import pandas as pd

from phm_utils.reports.findings import TOO_FEW, finding, in_sentence, joined, shown
from phm_utils.topics.segmentation.combinations import JOINED, NONE, ONE, OTHERS

PER = 1_000  # people


def combinations(mine: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """The listed combinations of two or more conditions, per 1,000 registered here and in the ICS."""
    frame = mine.merge(whole[["combination", "share"]], on="combination", suffixes=("", "_ics"))
    frame = frame.assign(per_1000=frame["share"] * PER, per_1000_ics=frame["share_ics"] * PER)
    return frame[~frame["combination"].isin([OTHERS, ONE, NONE])].sort_values("place", ignore_index=True)


def members(frame: pd.DataFrame) -> dict[str, list[str]]:
    """The conditions of each listed combination."""
    return {name: name.split(JOINED) for name in frame["combination"]}


def how_many(both: pd.DataFrame) -> pd.DataFrame:
    """One row per area: people with none, with one and with several conditions, as counted and as shares."""
    rows = []
    for area, part in both.groupby("area", sort=False):
        at = part.set_index("combination")
        several, registered = at["with_several"].iloc[0], at["registered"].iloc[0]
        people = [at.loc[NONE, "people"], at.loc[ONE, "people"], several]
        for words, number in zip((NONE, ONE, "Two or more conditions"), people, strict=True):
            rows.append((area, words, number, number / registered * 100 if registered else pd.NA))
    frame = pd.DataFrame(rows, columns=["Area", "Conditions", "People", "Share, %"])
    return frame.astype({"People": "Int64", "Share, %": "Float64"})


@finding
def commonest_combination(listed: pd.DataFrame, *, is_ics: bool) -> str:
    """The most frequent combination of two or more conditions; for a PCN also the widest difference from the ICS."""
    known = shown(listed, "per_1000")
    if known.empty:
        return TOO_FEW
    top = known.loc[known["per_1000"].idxmax()]
    against = "" if is_ics else f", against {top['per_1000_ics']:.1f} in the ICS"
    first = f"{_named(top)} and no other is the most frequent combination: {top['per_1000']:.1f} per 1,000{against}."
    both = shown(known, "per_1000_ics")
    if is_ics or len(both) < 2:
        return first
    apart = both[(both["lower"] * 1000 > both["per_1000_ics"]) | (both["upper"] * 1000 < both["per_1000_ics"])]
    if apart.empty:
        return f"{first} No combination shown differs from the ICS beyond chance."
    row = apart.loc[(apart["per_1000"] - apart["per_1000_ics"]).abs().idxmax()]
    if row["combination"] == top["combination"]:
        return f"{first} No other differs more, beyond chance."
    return (
        f"{first} Beyond chance, {in_sentence(_named(row))} differs most: {row['per_1000']:.1f} here, "
        f"{row['per_1000_ics']:.1f} in the ICS."
    )


def _named(row: pd.Series) -> str:
    first, *others = row["combination"].split(JOINED)
    return joined([first, *(in_sentence(o) for o in others)])
