"""The most frequent long-term conditions, and those recorded more or less than in the ICS."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.comparisons import Family, percent
from phm_utils.reports.findings import TOO_FEW, finding, shown
from phm_utils.topics.segmentation.comparisons import NOT_FOR_AGE, WHOLE_ICS, beside_ics, in_order
from phm_utils.wording import in_sentence

COMMON = 0.05  # of people: conditions recorded for as many are listed in the ICS's sentence


@if_present
def leading_conditions(conditions: pd.DataFrame, count: int = 12) -> pd.DataFrame:
    """The rows of the ICS's most frequent conditions, most frequent first."""
    by = "ics_share" if "ics_share" in conditions else "share"
    return conditions.sort_values(by, ascending=False, kind="stable").head(count).reset_index(drop=True)


@finding
def condition_gap(conditions: pd.DataFrame) -> str:
    """Conditions recorded more or less than in the ICS; for the ICS, those of a twentieth of people or more."""
    if shown(conditions, "share").empty:
        return TOO_FEW
    if "ics_share" in conditions:
        words = Family(
            "share of people", "condition", "conditions", WHOLE_ICS, percent, counted="people", caution=NOT_FOR_AGE
        )
        return words.standing_out(beside_ics(conditions, lambda row: in_sentence(row["condition"])))
    common = conditions[conditions["share"].ge(COMMON).fillna(False).astype(bool)]
    if common.empty:
        return f"No condition is recorded for {COMMON:.0%} of people or more."
    named = common.assign(condition=common["condition"].map(in_sentence))
    return f"Recorded for {COMMON:.0%} of people or more: {in_order(named, 'condition', 'share')}."
