"""Who is in the cohorts and who meets them: groups, other characteristics and contacts of their members."""

from collections.abc import Mapping

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.measures.definitions import Cohort
from phm_utils.methods.comparisons import mirrored, rates_against, the_others
from phm_utils.reports.comparisons import Family, percent, times
from phm_utils.reports.findings import finding, shown
from phm_utils.reports.segment_headings import SHORT, per_1000
from phm_utils.rules.tree import All, criteria
from phm_utils.topics.cohorts.cohort_page import FEW, MEMBERS, each, rate
from phm_utils.topics.cohorts.cohort_tables import COHORT, DIMENSIONS, TIMES
from phm_utils.wording import in_sentence, joined

JUDGED = ["comparator", "p", "verdict"]


def defined_by(cohort: Cohort) -> set[str]:
    """The columns of `person` in a cohort's criteria: what follows from them is no finding."""
    return {criterion.column for criterion in criteria(All(all=cohort.criteria))}


@if_present
def by_group(profile: pd.DataFrame) -> pd.DataFrame:
    """Cohort members per 1,000 people of each group; groups named with what they divide by.

    A group of nobody is left out: it has no rate, which is not the same as one that is suppressed.
    """
    some = profile[profile["registered"].ne(0).fillna(True)]
    return per_1000(some.assign(level=some["dimension"] + ": " + some["level"]))


@finding
def group_gap(groups: pd.DataFrame, cohorts: Mapping[str, Cohort]) -> str:
    """For each cohort the groups in which it is more or less frequent than in the others of their kind.

    Ages, sexes, fifths and ethnic groups are a family each. What the cohort's criteria ask for is not compared, nor are
    people whose group is not known.
    """
    return " ".join(_groups(part, cohorts[name]) for name, part in groups.groupby("cohort", sort=False))


def _groups(part: pd.DataFrame, cohort: Cohort) -> str:
    defining = [name for name, (*_, column) in DIMENSIONS.items() if column in defined_by(cohort)]
    known = part[~part["dimension"].isin(defining) & ~part["level"].str.contains(": Not ")]
    known = shown(known.dropna(subset=["registered"]), "share")
    of, registered = known["dimension"], known["registered"].astype(float)
    units = known[["share", "lower", "upper"]].astype(float).set_axis(["value", "lower", "upper"], axis=1)
    others = the_others(units, registered, family=of)
    found = units.join(rates_against(units, others, family=of, left_out=mirrored(of))[JUDGED])
    is_are = "is" if len(defining) == 1 else "are"
    family = Family(
        MEMBERS, "group", "groups", "the other groups of its kind", rate, counted="members",
        caution=f"{joined(defining)} {is_are} part of the definition and not compared." if defining else "",
    )  # fmt: skip
    return f"{cohort.short}: {family.standing_out(found.assign(unit=_names(known), events=known['people']))}"


def _names(groups: pd.DataFrame) -> pd.Series:
    """`age 18-39` for `Age: 18-39`."""
    return groups["level"].map(lambda level: level[0].lower() + level[1:].replace(": ", " ", 1))


@finding
def overlap(also: pd.DataFrame) -> str:
    """What else is true of each cohort's members, in the order of the table, unless it is true of all or of nobody."""
    return "Also true of members. " + each(_also(part) for _, part in also.groupby("cohort", sort=False))


def _also(part: pd.DataFrame) -> str:
    known = shown(part, "share")
    known = known[(known["share"] > 0) & (known["share"] < 1)]
    parts = [
        f"{in_sentence(row.also)} {percent(row.share)} ({percent(row.lower)} to {percent(row.upper)})"
        for row in known.itertuples()
    ]
    return f"{part['short'].iloc[0]}: {', '.join(parts) or FEW}"


@if_present
def use_ratios(use: pd.DataFrame) -> pd.DataFrame | Absent:
    """One row per cohort and kind of contact: `contacts`, the rate per 1,000, and `times` everybody's with limits."""
    members = use[use["compared"] == COHORT]
    parts = []
    for activity, title in SHORT.items():
        column = f"{activity}_12m"
        if f"{column}_per_1000" in use:
            frame = members[["cohort", "short"]].assign(
                column=column, activity=title, contacts=members[column], per_1000=members[f"{column}_per_1000"]
            )
            limits = {part: members.get(f"{column}_{part}", float("nan")) for part in TIMES}
            parts.append(frame.assign(**limits))
    if not parts:
        return Absent("Contacts of the cohorts' members", "a source of contacts")
    return pd.concat(parts, ignore_index=True)


@finding
def use(ratios: pd.DataFrame, cohorts: Mapping[str, Cohort]) -> str:
    """For each cohort the contacts of which its members have more, or fewer, than everybody.

    The kinds of contact of a cohort are a family; what its criteria ask for is not compared.
    """
    return " ".join(_use(part, cohorts[name]) for name, part in ratios.groupby("cohort", sort=False))


def _use(part: pd.DataFrame, cohort: Cohort) -> str:
    by_definition = part["column"].isin(defined_by(cohort))
    asked = [in_sentence(title) for title in part.loc[by_definition, "activity"]]
    known = part[~by_definition].reset_index(drop=True)
    units = known[list(TIMES)].astype(float).set_axis(["value", "lower", "upper"], axis=1)
    found = units.join(rates_against(units, 1.0)[JUDGED]).assign(
        unit=known["activity"].map(in_sentence), events=known["contacts"]
    )
    family = Family(
        "", "kind of contact", "kinds of contact", "everybody's rate", times,
        counted="contacts",
        caution=f"What the definition asks for is not compared: {joined(asked)}." if asked else "",
    )  # fmt: skip
    return f"{cohort.short}: {family.standing_out(found)}"
