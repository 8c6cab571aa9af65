"""People enrolled and people analysed."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.findings import finding
from phm_utils.topics.evaluation.programme_page import Evaluation, number
from phm_utils.topics.evaluation.trials import ENROLLED


@if_present
def flow_rows(of: Evaluation, area_code: str) -> pd.DataFrame:
    """From eligible to analysed in the area itself: one row per step."""
    return of.people.loc[of.people["unit_code"] == area_code, ["criterion", "people"]]


@if_present
def networks(of: Evaluation, area_code: str, is_ics: bool) -> pd.DataFrame:
    """Each network with people analysed, and their attendances before and after; a PCN sees its own."""
    rows = of.contacts if is_ics else of.contacts[of.contacts["unit_code"] == area_code]
    rows = rows[rows["people"].isna() | (rows["people"] > 0)]
    return rows.rename(columns={"people": "analysed"})[["unit_name", "analysed", "before", "after"]]


@finding
def flow(of: Evaluation, area_code: str, area_name: str) -> str:
    """How many enrolled in the area, and how many of them can be analysed."""
    own = of.people[of.people["unit_code"] == area_code]
    enrolled = own.loc[own["criterion"] == ENROLLED, "people"].iloc[0]
    analysed = own.loc[own["criterion"].str.endswith("analysed"), "people"].iloc[0]
    rule = f"{of.programme['title']} is for people with {of.programme['rule']}."
    if not pd.isna(enrolled) and enrolled == 0:
        return (
            f"{rule} Nobody of {area_name} enrolled: the results below are for the whole ICS, where this network's "
            "people may be among the controls."
        )
    silent = of.programme["silent_months"]
    left_out = f" Follow-up leaves out {silent}, of which the extract holds next to nothing." if silent else ""
    return (
        f"{rule} Of {area_name} {number(enrolled)} people enrolled; {number(analysed)} people met the rule in the "
        f"month of enrolment and are analysed.{left_out}"
    )
