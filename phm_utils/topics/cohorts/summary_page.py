"""All cohorts of a run on one page: how many there are, at which rate, and what is not known of them."""

from collections.abc import Mapping

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.methods.comparisons import rates_against
from phm_utils.reports.comparisons import Family, number, people, times
from phm_utils.reports.findings import finding
from phm_utils.reports.segment_headings import per_1000
from phm_utils.topics.cohorts.cohort_page import named
from phm_utils.topics.cohorts.cohort_releases import RATE

SAME_AGES = Family("", "cohort", "cohorts", "what the ICS's rates by age and sex give", times, counted="people")


@if_present
def at_a_glance(sizes: pd.DataFrame, cohorts: Mapping[str, Cohort]) -> pd.DataFrame | Absent:
    """One row per cohort, in their order: people, per 1,000 with limits, and the ratio at the same age and sex."""
    return per_1000(named(sizes, cohorts))


@if_present
def shown(glance: pd.DataFrame, cohorts: Mapping[str, Cohort], is_ics: bool) -> pd.DataFrame:
    """The table of all cohorts for readers."""
    rate = glance["per_1000"].map(_figure)
    limits = [
        "*" if pd.isna(low) or pd.isna(high) else f"{_figure(1_000 * low)} to {_figure(1_000 * high)}"
        for low, high in zip(glance["lower"], glance["upper"], strict=True)
    ]
    made = {
        "Cohort": glance["cohort"].map(lambda name: cohorts[name].title),
        "People": glance["people"],
        "Per 1,000 registered": rate,
        "Limits": limits,
    }
    if not is_ics:
        made["Times as many as at the ICS's rates by age and sex"] = [
            "*"
            if pd.isna(row.alike_ratio)
            else f"{row.alike_ratio:.2f} ({row.alike_lower:.2f} to {row.alike_upper:.2f})"
            for row in glance.itertuples()
        ]
    made["To be reviewed by"] = glance["cohort"].map(lambda name: str(cohorts[name].review or "not stated"))
    return pd.DataFrame(made)


def _figure(value: float) -> str:
    return "*" if pd.isna(value) else number(value)


@finding
def glance_said(glance: pd.DataFrame, is_ics: bool) -> str:
    """How many cohorts there are and, in a PCN, which have more or fewer people than its ages and sexes explain."""
    known = glance[glance["people"].notna()]
    few = len(glance) - len(known)
    lead = f"{len(glance)} cohorts are counted"
    lead += f", {few} of them with too few people to show" if few else ""
    if len(known):
        low, high = known["people"].min(), known["people"].max()
        lead += (
            f"; the others have {int(low):,} to {people(int(high))}"
            if few
            else f": {int(low):,} to {people(int(high))}"
        )
    if is_ics:
        return f"{lead}."
    units = (
        glance[["alike_ratio", "alike_lower", "alike_upper"]]
        .set_axis(["value", "lower", "upper"], axis=1)
        .astype(float)
    )
    judged = rates_against(units, 1.0, rate=RATE).assign(unit=glance["short"], events=glance["people"])
    return f"{lead}. {SAME_AGES.standing_out(judged)}"


@if_present
def not_known(attrition: pd.DataFrame, cohorts: Mapping[str, Cohort]) -> pd.DataFrame | Absent:
    """One row per cohort and criterion that could not judge somebody: of how many people it is not known."""
    chosen = named(attrition, cohorts)
    if isinstance(chosen, Absent):
        return chosen
    rows = chosen[(chosen["unknown"].isna() | (chosen["unknown"] > 0)) & (chosen["step"].astype(int) > 0)]
    return pd.DataFrame(
        {"Cohort": rows["short"], "Criterion": rows["criterion"], "People of whom it is not known": rows["unknown"]}
    )


@finding
def not_known_said(unknown: pd.DataFrame) -> str:
    """The largest number of people that a criterion could not judge, by cohort."""
    if unknown.empty:
        return "Every criterion could be judged for everybody."
    parts = []
    for cohort, rows in unknown.groupby("Cohort", sort=False):
        counts = rows["People of whom it is not known"].dropna()
        if len(counts):
            parts.append(f"{cohort}: {int(counts.sum()):,}")
    if not parts:
        return "The people whom a criterion could not judge are too few to show."
    return f"People left out because a criterion is not known of them: {'; '.join(parts)}. Not known is not no."
