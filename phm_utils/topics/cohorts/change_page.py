"""What changed in the cohorts since an earlier run: a frame for a table, and a sentence for each cohort."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from phm_utils.absent import Absent, if_present
from phm_utils.measures.cohort_change import CHANGED
from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.reports.findings import finding
from phm_utils.reports.words import day
from phm_utils.wording import joined

NEW, LEFT = "New", "Left"
# The columns of `cohort_change`: which way, in a table's words, and after a number in a sentence.
REASONS = {
    "joined": (NEW, "Registered since", "registered since"),
    "not_then": (NEW, "Practice not counted then", "of practices that were not counted then"),
    "moved_in": (NEW, "Moved here, a member already", "moved here and were members already"),
    "met": (NEW, "Meets a criterion not met then", "meet a criterion now that they did not"),
    "known": (NEW, "A criterion was not known then", "of whom a criterion was not known then"),
    "redefined_in": (NEW, "The definition has changed", "by the changed definition"),
    "died": (LEFT, "Died", "died"),
    "gone": (LEFT, "No longer registered", "no longer registered"),
    "ended": (LEFT, "Died or no longer registered", "died or no longer registered"),
    "not_now": (LEFT, "Practice not counted now", "of practices that are not counted now"),
    "moved_out": (LEFT, "Moved, a member still", "moved and are members elsewhere"),
    "unmet": (LEFT, "No longer meets a criterion", "no longer meet a criterion"),
    "unknown": (LEFT, "A criterion is not known now", "of whom a criterion is not known now"),
    "redefined_out": (LEFT, "The definition has changed", "by the changed definition"),
}
# Where the criterion is told: in a table's words, and after a number in a sentence.
CRITERIA = {
    "met": ("Meets now: {}", 'meet "{}" now'),
    "known": ("Not known then: {}", 'of whom "{}" was not known then'),
    "unmet": ("No longer meets: {}", 'no longer meet "{}"'),
    "unknown": ("Not known now: {}", 'of whom "{}" is not known now'),
}
TOO_FEW = "too few to show"


@if_present
def sizes(change: pd.DataFrame) -> pd.DataFrame:
    """One row per cohort: members then, who stayed, left and are new, and members now.

    change: of `cohort_change`, with the chosen cohorts' names (`cohort_page.named`).
    """
    columns = {
        "short": "Cohort", "members_then": "Members then", "members_left": "Left", "stayed": "Stayed",
        "members_new": "New", "members_now": "Members now", "definition": "Definition",
    }  # fmt: skip
    return change[list(columns)].rename(columns=columns)


@if_present
def reasons(change: pd.DataFrame, criteria: pd.DataFrame) -> pd.DataFrame | Absent:
    """One row per cohort and reason for which somebody is new or left; where it is a criterion, one for each.

    change, criteria: of `cohort_change` and `cohort_change_criterion`, with the chosen cohorts' names.
    """
    rows = [row for _, cohort in change.iterrows() for row in _reasons(cohort, criteria)]
    frame = pd.DataFrame(rows, columns=["Cohort", "Change", "Why", "People"]).astype({"People": "Int64"})
    if len(frame) and frame["People"].isna().all():
        return Absent("Why people came and left", "numbers that are large enough to show")
    return frame


def _reasons(cohort: pd.Series, criteria: pd.DataFrame) -> Iterable[tuple]:
    for name in _told(cohort):
        way, words, _ = REASONS[name]
        rows = [(CRITERIA[name][0].format(step.criterion), step.people) for step in _steps(cohort, criteria, name)]
        yield from ((cohort["short"], way, *row) for row in rows or [(words, cohort[name])])


def _steps(cohort: pd.Series, criteria: pd.DataFrame, change: str) -> list:
    """The criteria behind one change of a cohort, each with `people`; none where no number can be shown.

    Criteria that nobody is counted for are left out.
    """
    here = criteria["cohort"].eq(cohort["cohort"]) & criteria["change"].eq(change)
    rows = criteria[here & criteria["people"].ne(0).fillna(True)]
    return list(rows.itertuples()) if rows["people"].notna().any() else []


def _told(cohort: pd.Series) -> list[str]:
    """The reasons that apply to somebody of a cohort, or to a number too small to show."""
    without = {"ended"} if "died" in cohort else {"died", "gone"}
    return [name for name in REASONS if name not in without and (pd.isna(cohort[name]) or cohort[name] > 0)]


@finding
def changes(change: pd.DataFrame, criteria: pd.DataFrame) -> list[str]:
    """For each cohort, how many of its members are new and how many left, and why. See `reasons`."""
    return [_change(cohort, criteria) for _, cohort in change.iterrows()]


def _change(cohort: pd.Series, criteria: pd.DataFrame) -> str:
    if cohort[["members_now", "members_new", "members_then", "members_left"]].isna().all():
        return f"{cohort['short']}: numbers are too small to show."
    then = day(cohort["earlier"])
    now, new, before, left = (_number(cohort[f"members_{name}"]) for name in ("now", "new", "then", "left"))
    text = f"{cohort['short']}: of {now} members {new} are new since {then}{_why(cohort, NEW, criteria)}"
    text += f"; of {before} then, {left} left{_why(cohort, LEFT, criteria)}."
    if cohort["definition"] == CHANGED:
        text += " The definition has changed since, so no criterion is named as the reason."
    return text


def _why(cohort: pd.Series, way: str, criteria: pd.DataFrame) -> str:
    """The reasons of one way in brackets, in their order; those with numbers too small to show are the others."""
    parts: list[tuple[Any, str]] = []
    for name in (name for name in _told(cohort) if REASONS[name][0] == way):
        steps = [(step.people, CRITERIA[name][1].format(step.criterion)) for step in _steps(cohort, criteria, name)]
        parts += steps or [(cohort[name], REASONS[name][2])]
    said = [f"{people:,} {words}" for people, words in parts if pd.notna(people)]
    if said and len(said) < len(parts):
        said.append(f"the others {TOO_FEW}")
    return f" ({', '.join(said)})" if said else ""


def _number(people: int) -> str:
    return TOO_FEW if pd.isna(people) else f"{people:,}"


@finding("limit")
def not_compared(change: pd.DataFrame, cohorts: Mapping[str, Cohort]) -> str | None:
    """The chosen cohorts that one of the two runs did not count.

    change: of `cohort_change`, all cohorts.
    """
    lacking = [cohort.short for name, cohort in cohorts.items() if name not in set(change["cohort"])]
    if not lacking:
        return None
    then = day(change["earlier"].iloc[0])
    return f"Not compared with {then}, because one of the two runs did not count them: {joined(lacking)}."
