"""What the segmentation and cohort reports draw: released frames in, frames ready for figures and tables out.

Nothing here has seen a true count: every frame comes from released tables,
in which a suppressed number is missing.
"""

from collections.abc import Mapping

import pandas as pd

from phm_utils.cohorts.definitions import Cohort, Segmentation
from phm_utils.cohorts.segment_rule_releases import MET_BY_NOBODY
from phm_utils.tables import TABLES

ICS = "Whole ICS"
SHARE = "Share of everybody registered"  # the unit of an axis
NOT_A_TABLE = {"unit_costs": "National unit costs"}  # what a column may lack besides an input table
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
# Columns of released tables as a reader would name them; shares become per cent.
TITLES = {
    "segment": "Segment",
    "reason": "Rule",
    "state": "Asked?",
    "needs": "Needs",
    "people_meeting": "People in the ICS who meet it",
    "area": "Area",
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
    "practice_name": "Practice",
    "title": "Register",
    "counted": "Counted",
    "published": "Published",
    "ratio": "Counted to published",
    "as_at": "Published as at",
    "contacts": "Contacts",
    "other_segment": "Other segment",
    "remark": "Why it places nobody",
    "age_band": "Age",
    "sex": "Sex",
    "condition": "Condition",
    "dimension": "By",
    "level": "Group",
    "also": "Also true of members",
    "activity": "Contact",
    "people": "People",
    "registered": "Registered",
    "in_cohort": "In the cohort",
    "share": "Share, %",
    "lower": "Lower 95% limit, %",
    "upper": "Upper 95% limit, %",
    "share_ics": "Share in the ICS, %",
    "cost_share": "Share of cost, %",
    "cost_gbp": "Cost, £",
    "cost_per_person_gbp": "Cost per person, £",
    "times": "Times everybody's rate",
    "per_1000": "Per 1,000 people",
    "per_1000_all": "Per 1,000 registered",
    "lower_per_1000": "Lower 95% limit",
    "upper_per_1000": "Upper 95% limit",
}
RATES = ("people", "registered", "per_1000", "lower_per_1000", "upper_per_1000")  # columns of most cohort tables
PERCENT = ("share", "share_ics", "lower", "upper", "cost_share")


def table(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The named columns under a reader's names, shares as per cent."""
    shown = frame[list(columns)].copy()
    for column in shown.columns.intersection(PERCENT):
        shown[column] = shown[column].astype("Float64") * 100
    return shown.rename(columns=TITLES)


def beside(mine: pd.DataFrame, whole: pd.DataFrame, name: str, *, is_ics: bool) -> pd.DataFrame:
    """An area's rows and, for a PCN, the ICS's after them, told apart by `area`."""
    own = mine.assign(area=ICS if is_ics else name)
    return own if is_ics else pd.concat([own, whole.assign(area=ICS)], ignore_index=True)


def with_ics(mine: pd.DataFrame, whole: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """An area's rows in their order, with the ICS's share of the same row as `share_ics`."""
    theirs = whole[[*keys, "share"]].rename(columns={"share": "share_ics"})
    return mine.sort_values("place").merge(theirs, how="left", on=list(keys), validate="one_to_one")


def shares(*, is_ics: bool) -> tuple[str, ...]:
    """The columns of shares that a table has: the ICS's own report compares with nothing."""
    return ("share",) if is_ics else ("share", "share_ics")


def segments_told(model: Segmentation) -> pd.DataFrame:
    """One row per segment of a rule file, in order: who it is for."""
    rows = [(s.name, s.about) for s in model.segments] + [(model.otherwise.name, model.otherwise.about)]
    return pd.DataFrame(rows, columns=["Segment", "Who is in it"])


def notes_told(model: Segmentation) -> pd.DataFrame:
    """One row per note of a rule file: where its rules leave their source, and what they cannot see."""
    numbers = [str(n) for n in range(1, len(model.notes) + 1)]
    return pd.DataFrame({"Note": numbers, "What to know of these rules": list(model.notes)})


def telling(remarks: pd.DataFrame) -> pd.DataFrame:
    """Remarks on rules that are about the rules: those that merely nobody meets in this run stay in the table."""
    return remarks[remarks["remark"] != MET_BY_NOBODY]


def not_asked(rules: pd.DataFrame) -> pd.DataFrame:
    """One row per segment: the rules of the published model that were not asked, and why."""
    unasked = rules[rules["state"] != "assessed"]
    why = unasked["needs"].map(lambda needs: f"this run lacks {needs}" if needs else "not yet in this workbook")
    grouped = unasked.assign(why=why).groupby(["segment", "why"], sort=False)["reason"].agg("; ".join).reset_index()
    return grouped[["segment", "reason", "why"]].rename(
        columns={"segment": "Segment", "reason": "Rules not asked", "why": "Why"}
    )


def left_out(columns: pd.DataFrame) -> pd.DataFrame:
    """One row per absent or short table: `table`, and `what` is left out with it."""
    title = columns["table_name"].map(
        lambda name: TABLES[name].title if name in TABLES else NOT_A_TABLE.get(name, name)
    )
    grouped = columns.assign(table=title).groupby("table", sort=True)["what"].agg("; ".join)
    return grouped.reset_index()


def windows(days: pd.DataFrame) -> pd.DataFrame:
    """The days over which each source is counted, as a table for readers."""
    return pd.DataFrame(
        {
            "Source": days["source"].map(lambda name: TABLES[name].title),
            "Last 12 months": days["from_date"] + " to " + days["to_date"],
            "The 12 before": days["prior_from"] + " to " + days["prior_to"],
        }
    )


def age_pyramid(mine: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """Female and male shares of everybody registered, by age band, with the ICS's share as a column of its own."""
    keys = ["age_band", "sex"]
    frame = mine.merge(whole[[*keys, "share"]].rename(columns={"share": ICS}), on=keys)
    return frame[frame["sex"].isin(["Female", "Male"])].sort_values("place", ignore_index=True)


def people_and_cost(sizes: pd.DataFrame) -> pd.DataFrame:
    """One row per segment and measure: its share of people and its share of the cost counted."""
    measures = {"share": "Share of people", "cost_share": "Share of cost"}
    parts = [sizes[["segment"]].assign(measure=title, share=sizes[column]) for column, title in measures.items()]
    return pd.concat(parts, ignore_index=True)


def contacts(sizes: pd.DataFrame) -> pd.DataFrame:
    """One row per segment and kind of contact: rate per 1,000 people, and how many times everybody's rate that is.

    Everybody's rate is the sum of the shown counts over everybody registered,
    so a suppressed count leaves it slightly low.
    """
    parts = []
    for activity, title in SHORT.items():
        column = f"{activity}_12m"
        if column in sizes:
            rate = sizes[f"{column}_per_1000"].astype("Float64")
            everybody = sizes[column].sum() / sizes["registered"].max() * 1_000
            times = rate / everybody if everybody else rate.where(rate.isna())
            parts.append(sizes[["segment"]].assign(activity=title, per_1000=rate, times=times))
    return pd.concat(parts, ignore_index=True)


def leading_conditions(frame: pd.DataFrame, count: int = 12) -> pd.DataFrame:
    """The rows of the ICS's most frequent conditions, most frequent first."""
    order = frame[frame["area"] == ICS].sort_values("share", ascending=False)["condition"].head(count)
    chosen = frame[frame["condition"].isin(order)]
    return chosen.sort_values("condition", key=lambda c: c.map({n: i for i, n in enumerate(order)}), kind="stable")


def named(frame: pd.DataFrame, cohorts: Mapping[str, Cohort]) -> pd.DataFrame:
    """The rows of the chosen cohorts, in their order, with each one's short name as `short`."""
    order = {name: place for place, name in enumerate(cohorts)}
    chosen = frame[frame["cohort"].isin(order)].assign(short=lambda f: f["cohort"].map(lambda c: cohorts[c].short))
    return chosen.sort_values("cohort", key=lambda c: c.map(order), kind="stable").reset_index(drop=True)


def use_ratios(use: pd.DataFrame) -> pd.DataFrame:
    """One row per cohort and kind of contact: both rates per 1,000, and the cohort's as a multiple of everybody's."""
    cohort, everybody = (use[use["compared"].str.startswith(word)].set_index("short") for word in ("In", "Everybody"))
    parts = []
    for activity, title in SHORT.items():
        column = f"{activity}_12m_per_1000"
        if column in use:
            rates = pd.DataFrame({"per_1000": cohort[column], "per_1000_all": everybody[column]}).astype("Float64")
            some = rates["per_1000_all"].mask(rates["per_1000_all"] == 0)
            parts.append(rates.assign(times=rates["per_1000"] / some, activity=title).reset_index())
    return pd.concat(parts, ignore_index=True)


def per_1000(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with its share and limits also per 1,000 people."""
    columns = {"per_1000": "share", "lower_per_1000": "lower", "upper_per_1000": "upper"}
    return frame.assign(**{name: frame[column].astype("Float64") * 1_000 for name, column in columns.items()})


def by_group(profile: pd.DataFrame) -> pd.DataFrame:
    """Cohort members per 1,000 people of each group; groups named with what they divide by.

    A group of nobody is left out: it has no rate, which is not the same as one that is suppressed.
    """
    some = profile[profile["registered"].ne(0).fillna(True)]
    return per_1000(some.assign(level=some["dimension"] + ": " + some["level"]))


def described(cohorts: Mapping[str, Cohort]) -> pd.DataFrame:
    """One row per cohort: its question, what it is for, and whose definition it is."""
    rows = [(c.short, c.question, c.use, c.source) for c in cohorts.values()]
    return pd.DataFrame(rows, columns=["Cohort", "Question", "What could be offered", "Definition"])


def limits(cohorts: Mapping[str, Cohort]) -> pd.DataFrame:
    """One row per cohort and known limit of its definition."""
    rows = [(c.short, limit) for c in cohorts.values() for limit in c.limits]
    return pd.DataFrame(rows, columns=["Cohort", "What the definition misses"])
