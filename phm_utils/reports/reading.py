"""Released tables made ready to read: an area beside its ICS, under the headings that readers see."""

import pandas as pd

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
        "state": "Asked?",
        "needs": "Needs",
        "people_meeting": "People in the ICS who meet it",
        "short": "Cohort",
        "criterion": "Criterion",
        "alternative": "Threshold",
        "unit_name": "Place",
        "quintile": "Deprivation of small area",
        "ethnic_group": "Ethnic group",
        "setting": "Setting",
        "from_segment": "Segment then",
        "to_segment": "Segment now",
        "people_by_age": "Moved by age alone",
        "band": "Age",
        "combination": "Conditions, and no other",
        "per_1000_ics": "Per 1,000 in the ICS",
        "named": "Cluster",
        "verdict": "Comes back?",
        "jaccard": "Jaccard similarity",
        "median_age": "Median age",
        "in_cluster": "Adults in the cluster",
        "score": "Score",
        "age_group": "Age",
        "category": "Category",
        "title": "Register",
        "counted": "Counted",
        "published": "Published",
        "ratio": "Counted to published",
        "contacts": "Contacts",
        "other_segment": "Other segment",
        "remark": "Why it places nobody",
        "age_band": "Age",
        "condition": "Condition",
        "dimension": "By",
        "level": "Group",
        "also": "Also true of members",
        "activity": "Contact",
        "in_cohort": "In the cohort",
        "share": "Share (%)",
        "lower": "Lower 95% limit (%)",
        "upper": "Upper 95% limit (%)",
        "share_ics": "Share in the ICS (%)",
        "cost_share": "Share of cost (%)",
        "cost_per_person_gbp": "Cost per person, £",
        "times": "Times everybody's rate",
        "per_1000": "Per 1,000 people",
        "per_1000_all": "Per 1,000 registered",
        "lower_per_1000": "Lower 95% limit",
        "upper_per_1000": "Upper 95% limit",
    }
)
RATES = ("people", "registered", "per_1000", "lower_per_1000", "upper_per_1000")  # columns of most cohort tables


def beside(mine: pd.DataFrame, whole: pd.DataFrame, name: str, *, is_ics: bool) -> pd.DataFrame:
    """An area's rows and, for a PCN, the ICS's after them, told apart by `area`.

    >>> mine, whole = pd.DataFrame({"sex": ["Male"], "share": [0.5]}), pd.DataFrame({"sex": ["Male"], "share": [0.4]})
    >>> beside(mine, whole, "Elm PCN", is_ics=False)
        sex  share       area
    0  Male    0.5    Elm PCN
    1  Male    0.4  Whole ICS
    """
    own = mine.assign(area=ICS if is_ics else name)
    return own if is_ics else pd.concat([own, whole.assign(area=ICS)], ignore_index=True)


def with_ics(mine: pd.DataFrame, whole: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """An area's rows in their order, with the ICS's share of the same row as `share_ics`.

    >>> mine, whole = pd.DataFrame({"sex": ["Male"], "share": [0.5]}), pd.DataFrame({"sex": ["Male"], "share": [0.4]})
    >>> with_ics(mine.assign(place=1), whole, "sex")[["share", "share_ics"]]
       share  share_ics
    0    0.5        0.4
    """
    theirs = whole[[*keys, "share"]].rename(columns={"share": "share_ics"})
    return mine.sort_values("place").merge(theirs, how="left", on=list(keys), validate="one_to_one")


def shares(*, is_ics: bool) -> tuple[str, ...]:
    """The columns of shares that a table has: the ICS's own report compares with nothing.

    >>> shares(is_ics=False), shares(is_ics=True)
    (('share', 'share_ics'), ('share',))
    """
    return ("share",) if is_ics else ("share", "share_ics")


def beside_ics(both: pd.DataFrame, value: str, *keys: str) -> pd.DataFrame:
    """An area's rows with the ICS's `value` as a column of its own; the ICS's own rows have nothing beside them.

    >>> mine, whole = pd.DataFrame({"sex": ["Male"], "share": [0.5]}), pd.DataFrame({"sex": ["Male"], "share": [0.4]})
    >>> beside_ics(beside(mine, whole, "Elm PCN", is_ics=False), "share", "sex")
        sex  share     area  share_ics
    0  Male    0.5  Elm PCN        0.4
    """
    own, whole = both[both["area"] != ICS], both[both["area"] == ICS]
    if own.empty:
        return whole
    theirs = whole[[*keys, value]].rename(columns={value: f"{value}_ics"})
    return own.merge(theirs, how="left", on=list(keys), validate="one_to_one")


def per_1000(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with its share and limits also per 1,000 people.

    >>> per_1000(pd.DataFrame({"share": [0.02], "lower": [0.01], "upper": [0.03]}))["per_1000"].tolist()
    [20.0]
    """
    columns = {"per_1000": "share", "lower_per_1000": "lower", "upper_per_1000": "upper"}
    return frame.assign(**{name: frame[column].astype("Float64") * 1_000 for name, column in columns.items()})
