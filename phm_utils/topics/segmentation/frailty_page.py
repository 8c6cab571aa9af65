"""Frailty and repeat medicines by age, and how they compare with the ICS."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.findings import TOO_FEW, beyond_chance, finding, furthest, shown
from phm_utils.reports.segment_headings import ICS
from phm_utils.topics.segmentation.frailty import EFI, FRAILTY_AGE, HFRS, MEDICINES
from phm_utils.wording import in_sentence

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
    """The highest share of severe frailty by age; for a PCN, the category furthest from the ICS beyond chance."""
    wanted = [pair in NEED for pair in zip(scores["score"], scores["category"], strict=True)]
    known = shown(scores[pd.Series(wanted, index=scores.index) & scores["age_group"].isin(FRAILTY_AGE)], "share")
    if "ics_share" not in scores:
        severe = known[(known["score"] == EFI) & (known["category"] == "Severe")].nlargest(1, "share")
        if severe.empty:
            return TOO_FEW
        row = severe.iloc[0]
        return (
            f"By the electronic frailty index {row['share']:.1%} of people aged {row['age_group']} are severely frail."
        )
    beyond = beyond_chance(known, "ics_share")
    if beyond.empty:
        return "No category of frailty or repeat medicines differs from the ICS beyond chance, as far as shown."
    row = furthest(beyond, "share", "ics_share")
    return (
        f"{row['score']}, {in_sentence(row['category'])}, at {row['age_group']} differs most from the ICS: "
        f"{row['share']:.1%} of people here, {row['ics_share']:.1%} there."
    )
