"""Exact combinations of conditions: figures and sentences from released tables."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.findings import TOO_FEW, beyond_chance, finding, furthest, shown
from phm_utils.topics.segmentation.combinations import JOINED, NONE, ONE, OTHERS
from phm_utils.wording import in_sentence, joined

PER = 1_000  # people


@if_present
def combinations(overlap: pd.DataFrame) -> pd.DataFrame:
    """The listed combinations of two or more conditions, per 1,000 registered here and in the ICS."""
    frame = overlap.assign(per_1000=overlap["share"] * PER)
    if "ics_share" in overlap:
        frame = frame.assign(ics_per_1000=overlap["ics_share"] * PER)
    return frame[~frame["combination"].isin([OTHERS, ONE, NONE])].reset_index(drop=True)


@if_present
def members(frame: pd.DataFrame) -> dict[str, list[str]]:
    """The conditions of each listed combination."""
    return {name: name.split(JOINED) for name in frame["combination"]}


@if_present
def how_many(overlap: pd.DataFrame) -> pd.DataFrame:
    """People with no, one and several conditions on record: `conditions`, `people`, `share` and the ICS's share."""
    at = overlap.set_index("combination")
    rows = {}
    for words in (NONE, ONE, "Two or more conditions"):
        row = at.loc[words] if words in at.index else at.iloc[0]
        column = "people" if words in at.index else "with_several"
        rows[words] = {
            f"{of}{name}": value
            for of in ("", "ics_")
            if f"{of}{column}" in row
            for name, value in (
                ("people", row[f"{of}{column}"]),
                ("share", row[f"{of}{column}"] / row[f"{of}registered"]),
            )
        }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("conditions").reset_index()
    return frame.drop(columns="ics_people", errors="ignore").astype({"people": "Int64", "share": "Float64"})


@finding
def most_frequent_combination(listed: pd.DataFrame) -> str:
    """The most frequent combination of two or more conditions; for a PCN also the widest difference from the ICS."""
    known = shown(listed, "per_1000")
    if known.empty:
        return TOO_FEW
    top, is_ics = known.loc[known["per_1000"].idxmax()], "ics_per_1000" not in listed
    against = "" if is_ics else f", against {top['ics_per_1000']:.1f} in the ICS"
    first = (
        f"The most frequent combination is {in_sentence(_named(top))} only: {top['per_1000']:.1f} per 1,000{against}."
    )
    if is_ics or len(shown(known, "ics_share")) < 2:
        return first
    beyond = beyond_chance(known, "ics_share")
    if beyond.empty:
        return f"{first} No combination shown differs from the ICS beyond chance."
    row = furthest(beyond, "per_1000", "ics_per_1000")
    if row["combination"] == top["combination"]:
        return f"{first} No other differs more, beyond chance."
    return (
        f"{first} Beyond chance, {in_sentence(_named(row))} differs most: {row['per_1000']:.1f} here, "
        f"{row['ics_per_1000']:.1f} in the ICS."
    )


def _named(row: pd.Series) -> str:
    first, *others = row["combination"].split(JOINED)
    return joined([first, *(in_sentence(o) for o in others)])
