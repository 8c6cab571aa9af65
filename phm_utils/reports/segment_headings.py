"""Headings, labels and rates per 1,000 people of the reports on segments and cohorts."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.headings import Headings

ICS = "Whole ICS"
SHARE = "Share of everybody registered"  # the unit of an axis
# Contacts as columns of a figure name them.
SHORT = {
    "gp_appointments": "GP appointments",
    "ed_attendances": "ED attendances",
    "emergency_admissions": "Emergency admissions",
    "other_admissions": "Planned and other admissions",
    "op_attendances": "Outpatient attendances",
    "community_contacts": "Community contacts",
    "mental_health_contacts": "Mental health contacts",
}
HEADINGS = Headings(
    {
        "segment": "Segment",
        "reason": "Rule",
        "state": "Assessed",
        "needs": "Needs",
        "people_meeting": "People in the ICS who meet it",
        "short": "Cohort",
        "criterion": "Criterion",
        "alternative": "Threshold",
        "quintile": "IMD quintile",
        "ethnic_group": "Ethnic group",
        "setting": "Setting",
        "from_segment": "Segment 24 months before",
        "to_segment": "Segment on the index date",
        "people_by_age": "Moved because of age alone",
        "band": "Age",
        "combination": "Combination of conditions",
        "named": "Cluster",
        "conditions": "Long-term conditions on record",
        "says": "Age reached (range by 95% limits)",
        "part": "Part of the service",
        "measure": "Measure",
        "verdict": "Stability",
        "jaccard": "Jaccard similarity",
        "median_age": "Median age",
        "in_cluster": "Adults in the cluster",
        "score": "Score",
        "age_group": "Age",
        "category": "Category",
        "title": "Register",
        "counted": "Counted",
        "published": "Published",
        "ratio": "Ratio, counted over published",
        "alike_ratio": "Times as many as at everybody's rates by age and sex",
        "alike_lower": "Its lower 95% limit",
        "alike_upper": "Its upper 95% limit",
        "contacts": "Contacts",
        "other_segment": "Other segment",
        "remark": "Why it places nobody",
        "age_band": "Age",
        "condition": "Condition",
        "status": "Status",
        "day": "Days since the first list",
        "incidence": "With a first contact (%)",
        "reached": "Reached",
        "listed": "People listed",
        "dimension": "Breakdown",
        "level": "Group",
        "also": "Characteristic",
        "activity": "Type of contact",
        "in_cohort": "In the cohort",
        "share": "Share (%)",
        "lower": "Lower 95% limit (%)",
        "upper": "Upper 95% limit (%)",
        "cost_share": "Share of cost (%)",
        "cost_per_person_gbp": "Cost per person, £",
        "usual_lower": "What the others predict, from (%)",
        "usual_upper": "What the others predict, to (%)",
        "p_adjusted": "p-value for all comparisons",
        "pooled": "Drawn towards the others (%)",
        "error": "Standard error of the rate's logarithm",
        "times": "Rate ratio to everybody",
        "per_1000": "Per 1,000 people",
        "per_1000_all": "Per 1,000 registered",
        "lower_per_1000": "Lower 95% limit",
        "upper_per_1000": "Upper 95% limit",
        "usual_lower_per_1000": "What the others predict, from",
        "usual_upper_per_1000": "What the others predict, to",
        "share_all": "Share of everybody registered (%)",
    }
)


@if_present
def per_1000(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with its share and limits also per 1,000 people, and the ICS's share where it is there.

    >>> per_1000(pd.DataFrame({"share": [0.02], "lower": [0.01], "upper": [0.03]}))["per_1000"].tolist()
    [20.0]
    """
    columns = {
        "per_1000": "share",
        "lower_per_1000": "lower",
        "upper_per_1000": "upper",
        "ics_per_1000": "ics_share",
        "usual_lower_per_1000": "usual_lower",
        "usual_upper_per_1000": "usual_upper",
    }
    made = {name: frame[column].astype("Float64") * 1_000 for name, column in columns.items() if column in frame}
    return frame.assign(**made)
