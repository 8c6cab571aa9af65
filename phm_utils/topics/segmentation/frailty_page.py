"""Frailty and repeat medicines by age, beside the ICS."""

import pandas as pd

from phm_utils.reports.findings import TOO_FEW, finding, in_sentence, shown
from phm_utils.topics.segmentation.frailty import EFI, HFRS, MEDICINES, OLDER

# The categories that say something of need, as columns of a figure.
NEED = {
    (EFI, "Mild"): "eFI mild",
    (EFI, "Moderate"): "eFI moderate",
    (EFI, "Severe"): "eFI severe",
    (HFRS, "Intermediate"): "Hospital risk intermediate",
    (HFRS, "High"): "Hospital risk high",
    (MEDICINES, "5 to 9"): "5 to 9 medicines",
    (MEDICINES, "10 or more"): "10 or more medicines",
}


def need(both: pd.DataFrame) -> pd.DataFrame:
    """People of 65 and over by age and area, one column per category of need."""
    columns = [NEED.get(pair) for pair in zip(both["score"], both["category"], strict=True)]
    shown = both.assign(column=columns)
    shown = shown[shown["column"].notna() & shown["age_group"].isin(OLDER)]
    single = shown["area"].nunique() == 1
    rows = shown["age_group"] if single else shown["age_group"] + ", " + shown["area"]
    order = {c: i for i, c in enumerate(NEED.values())}
    return shown.assign(row=rows, at=shown["column"].map(order)).sort_values(
        ["age_group", "area", "at"], kind="stable", ignore_index=True
    )


@finding
def need_gap(need: pd.DataFrame, ics: str) -> str:
    """The highest share of severe frailty by age; for a PCN, the category furthest from the ICS beyond chance."""
    own, whole = need[need["area"] != ics], need[need["area"] == ics]
    if own.empty:
        top = shown(whole[whole["column"] == NEED["Frailty by eFI", "Severe"]], "share").nlargest(1, "share")
        if top.empty:
            return TOO_FEW
        row = top.iloc[0]
        return (
            f"By the electronic frailty index {row['share']:.1%} of people aged {row['age_group']} are severely frail."
        )
    keys = ["score", "age_group", "category"]
    merged = own.merge(whole[[*keys, "share"]], on=keys, suffixes=("", "_ics"))
    known = shown(shown(merged, "share"), "share_ics")
    beyond = known[(known["lower"] > known["share_ics"]) | (known["upper"] < known["share_ics"])]
    if beyond.empty:
        return "No category of frailty or repeat medicines differs from the ICS beyond chance, as far as shown."
    row = beyond.loc[(beyond["share"] - beyond["share_ics"]).abs().idxmax()]
    return (
        f"{row['score']}, {in_sentence(row['category'])}, at {row['age_group']} differs most from the ICS: "
        f"{row['share']:.1%} of people here, {row['share_ics']:.1%} there."
    )
