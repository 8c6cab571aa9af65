"""Frailty and repeat medicines by age, and how they compare with the ICS."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.comparisons import Family, percent
from phm_utils.reports.findings import TOO_FEW, finding, shown
from phm_utils.reports.segment_headings import ICS
from phm_utils.topics.segmentation.comparisons import WHOLE_ICS, beside_ics, in_order
from phm_utils.topics.segmentation.frailty import EFI, FRAILTY_AGE, HFRS, MEDICINES

# Categories of need, as columns of a figure.
NEED = {
    (EFI, "Mild"): "eFI mild",
    (EFI, "Moderate"): "eFI moderate",
    (EFI, "Severe"): "eFI severe",
    (HFRS, "Intermediate"): "Hospital risk intermediate",
    (HFRS, "High"): "Hospital risk high",
    (MEDICINES, "5 to 9"): "5 to 9 medicines",
    (MEDICINES, "10 or more"): "10 or more medicines",
}


@if_present
def need(scores: pd.DataFrame) -> pd.DataFrame:
    """People of 65 and over by age, one column per category of need; in a PCN's report with rows for the ICS."""
    columns = [NEED.get(pair) for pair in zip(scores["score"], scores["category"], strict=True)]
    known = scores.assign(column=columns)
    known = known[known["column"].notna() & known["age_group"].isin(FRAILTY_AGE)]
    rows = [known.assign(row=known["age_group"], of=0)]
    if "ics_share" in known:
        rows = [
            known.assign(row=known["age_group"] + ", this PCN", of=0),
            known.assign(row=known["age_group"] + ", " + ICS, share=known["ics_share"], of=1),
        ]
    order = {c: i for i, c in enumerate(NEED.values())}
    both = pd.concat(rows).assign(at=lambda f: f["column"].map(order))
    return both.sort_values(["age_group", "of", "at"], kind="stable", ignore_index=True)


@finding
def need_gap(scores: pd.DataFrame) -> str:
    """Categories of need whose share differs from the ICS's; for the ICS, severe frailty by age."""
    wanted = [pair in NEED for pair in zip(scores["score"], scores["category"], strict=True)]
    rows = scores[pd.Series(wanted, index=scores.index) & scores["age_group"].isin(FRAILTY_AGE)]
    if shown(rows, "share").empty:
        return TOO_FEW
    if "ics_share" in scores:
        words = Family(
            "share of people of that age",
            "category at an age",
            "categories at an age",
            WHOLE_ICS,
            percent,
            counted="people",
        )
        return words.standing_out(
            beside_ics(rows, lambda row: f"{NEED[(row['score'], row['category'])]} at {row['age_group']}")
        )
    severe = rows[(rows["score"] == EFI) & (rows["category"] == "Severe")]
    if shown(severe, "share").empty:
        return TOO_FEW
    return f"Severely frail by the electronic frailty index, by age: {in_order(severe, 'age_group', 'share')}."
