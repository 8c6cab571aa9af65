"""Primary disclosure control: small counts suppressed, the rest rounded.

Source: HES and ECDS analysis rules: sub-national counts of 1-7 shown as *,
others rounded to the nearest 5, zeros shown; estimates on 10 events or more.
Events are those of people: a count of events whose people are too few to be
shown is not shown, and an estimate from events needs 10 people who had them.
This first form does not yet protect against subtraction between tables.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.params import Disclosure
from phm_utils.privacy.release import Release

SUPPRESSED = "*"
SIGNIFICANT_DIGITS = 3


def protect_counts(counts: pd.Series, policy: Disclosure, *, zeros_shown: bool = True) -> pd.Series:
    """Counts as they may be shown: Int64, <NA> where suppressed, else rounded.

    counts: whole numbers of people or events, 0 or more, or missing.
    A count of 0 stays 0, unless zeros are not to be shown, and nothing else is
    shown as 0: a count that the policy would round down to it is suppressed
    too. A count that is missing stays missing, so a caller must fill true
    zeros first. Ties round up.
    """
    values = _whole_numbers(counts)
    rounded = ((2 * values + policy.round_to) // (2 * policy.round_to)) * policy.round_to
    least = 0 if zeros_shown else -1
    hidden = (values > least) & ((values < policy.suppress_below) | (rounded == 0))
    return rounded.mask(hidden.fillna(False))


def _whole_numbers(counts: pd.Series) -> pd.Series:
    """`counts` as Int64; whole numbers are kept exact at any size."""
    try:
        values = pd.to_numeric(counts).astype("Int64")
    except (TypeError, ValueError):
        values = None
    if values is None or (values < 0).any():
        raise InputError(f"Column `{counts.name}` is declared as a count but has negative or invalid numbers.")
    return values


def protect_estimates(
    estimates: pd.Series, events: pd.Series, policy: Disclosure, people: pd.Series | None = None
) -> pd.Series:
    """Estimates as they may be shown: NaN on too few events or people, else 3 significant digits.

    events: number behind each estimate; missing counts as too few.
    people: distinct people who had those events; by default `events` are people.
    An estimate that is not finite is withheld.
    """
    values = pd.to_numeric(estimates).astype(float)
    values = values.where(np.isfinite(values))
    rounded = values.map(lambda value: float(f"{value:.{SIGNIFICANT_DIGITS}g}"), na_action="ignore")
    enough_events = pd.to_numeric(events).fillna(0) >= policy.min_events_for_estimate
    had = pd.to_numeric(events if people is None else people).fillna(0)
    return rounded.where(enough_events & (had >= policy.min_people_for_estimate))


def protect(release: Release, frame: pd.DataFrame, policy: Disclosure, parameters: Mapping[str, Any]) -> pd.DataFrame:
    """The table as it may be released, ordered by its keys.

    frame: its true figures, as `privacy.release.aggregate` made them.
    parameters: those of the run, by name; the release names which it is given.
    Only declared columns leave. An optional column that the frame lacks is left out.
    """
    frame = frame.sort_values(list(release.keys), kind="stable").reset_index(drop=True)
    shown = pd.DataFrame(index=frame.index)
    for column in (c for c in release.columns if c.name in frame):
        values = frame[column.name]
        if column.kind == "count" and not release.published:
            values = protect_counts(values, policy, zeros_shown=release.zeros_shown)
            if column.people:
                values = values.mask(protect_counts(frame[column.people], policy).isna())
        elif column.kind == "estimate" and not release.published:
            values = protect_estimates(values, frame[column.behind], policy, frame[column.people or column.behind])
        shown[column.name] = values
    if release.derive:
        shown = release.derive(shown, **{name: parameters[name] for name in release.parameters})
    _refuse_undeclared(release, shown)
    return shown[[name for name in release.names if name in shown]]


def _refuse_undeclared(release: Release, shown: pd.DataFrame) -> None:
    """Refuse a table that has another column than the declaration, or lacks one that is not optional."""
    optional = {c.name for c in release.columns if c.optional}
    if extra := [c for c in shown if c not in release.names]:
        raise InputError(f"Release `{release.name}` derives columns that it does not declare: {', '.join(extra)}.")
    if missing := [n for n in release.names if n not in shown and n not in optional]:
        raise InputError(f"Release `{release.name}` declares columns that are not made: {', '.join(missing)}.")
