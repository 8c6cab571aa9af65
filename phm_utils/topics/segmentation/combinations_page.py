"""Exact combinations of conditions: figures and sentences from released tables."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.comparisons import Family, number, percent
from phm_utils.reports.findings import TOO_FEW, finding, shown
from phm_utils.topics.segmentation.combinations import JOINED, NONE, ONE, OTHERS
from phm_utils.topics.segmentation.comparisons import NOT_FOR_AGE, WHOLE_ICS, beside_ics
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
def combination_gap(listed: pd.DataFrame) -> str:
    """Combinations more or less frequent than in the ICS; for the ICS, how many people those listed hold."""
    known = shown(listed, "per_1000")
    if known.empty:
        return TOO_FEW
    if "ics_share" in listed:
        words = Family(
            "per 1,000 people", "combination", "combinations", WHOLE_ICS, lambda share: number(share * PER),
            counted="people", caution=NOT_FOR_AGE,
        )  # fmt: skip
        return words.standing_out(beside_ics(listed, _named))
    people, several = int(known["people"].sum()), known["with_several"].iloc[0]
    of = f", {percent(people / several)} of those with two or more long-term conditions on record" if several else ""
    return f"The {len(known)} combinations shown hold about {people:,} people{of}."


def _named(row: pd.Series) -> str:
    return f"{joined([in_sentence(condition) for condition in row['combination'].split(JOINED)])} only"
