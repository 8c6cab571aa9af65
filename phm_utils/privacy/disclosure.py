"""Primary disclosure control: small counts suppressed, the rest rounded.

Source: HES and ECDS analysis rules: sub-national counts of 1-7 shown as *,
others rounded to the nearest 5, zeros shown; estimates on 10 events or more.
This first form does not yet protect against subtraction between tables.
"""

import numpy as np
import pandas as pd

from phm_utils.errors import InputError
from phm_utils.params import Disclosure
from phm_utils.privacy.release import Release

SUPPRESSED = "*"
SIGNIFICANT_DIGITS = 3


def protect_counts(counts: pd.Series, policy: Disclosure) -> pd.Series:
    """Counts as they may be shown: Int64, <NA> where suppressed, else rounded.

    counts: whole numbers of people or events, 0 or more, or missing.
    A count of 0 stays 0, and nothing else is shown as 0: a count that the
    policy would round down to it is suppressed too. A count that is missing
    stays missing, so a caller must fill true zeros first. Ties round up.
    """
    values = _whole_numbers(counts)
    rounded = ((2 * values + policy.round_to) // (2 * policy.round_to)) * policy.round_to
    hidden = (values > 0) & ((values < policy.suppress_below) | (rounded == 0))
    return rounded.mask(hidden.fillna(False))


def _whole_numbers(counts: pd.Series) -> pd.Series:
    """`counts` as Int64; whole numbers are kept exact at any size."""
    try:
        values = pd.to_numeric(counts).astype("Int64")
    except (TypeError, ValueError):
        values = None
    if values is None or (values < 0).any():
        raise InputError(f"Column `{counts.name}` is declared as a count but holds negative or broken numbers.")
    return values


def protect_estimates(estimates: pd.Series, events: pd.Series, policy: Disclosure) -> pd.Series:
    """Estimates as they may be shown: NaN on too few events, else 3 significant digits.

    events: how many stand behind each estimate; missing counts as too few.
    An estimate that is not finite is withheld.
    """
    values = pd.to_numeric(estimates).astype(float)
    values = values.where(np.isfinite(values))
    rounded = values.map(lambda value: float(f"{value:.{SIGNIFICANT_DIGITS}g}"), na_action="ignore")
    return rounded.where(pd.to_numeric(events).fillna(0) >= policy.min_events_for_estimate)


def protect(release: Release, policy: Disclosure) -> pd.DataFrame:
    """The table as it may be released, ordered by its keys.

    Only declared columns leave: keys, counts, estimates, and what `derive`
    makes of them. An undeclared column is dropped, never passed on.
    """
    frame = release.frame
    _check(release)
    frame = frame.sort_values(list(release.keys), kind="stable").reset_index(drop=True)
    shown = frame[list(release.keys)].copy()
    for column in release.counts:
        shown[column] = frame[column] if release.published else protect_counts(frame[column], policy)
    for column, events in release.estimates.items():
        shown[column] = frame[column] if release.published else protect_estimates(frame[column], frame[events], policy)
    return release.derive(shown) if release.derive else shown


def _check(release: Release) -> None:
    """Refuse a declaration that does not fit its frame, or that would show a column in two ways."""
    declared = (*release.keys, *release.counts, *release.estimates)
    if twice := sorted({c for c in declared if declared.count(c) > 1}):
        raise InputError(f"Release `{release.name}` declares a column in two ways: {', '.join(twice)}.")
    if missing := [c for c in (*declared, *release.estimates.values()) if c not in release.frame]:
        raise InputError(f"Release `{release.name}` declares columns that it lacks: {', '.join(missing)}.")
    if release.frame.duplicated(list(release.keys)).any():
        raise InputError(f"Release `{release.name}` has repeated keys ({', '.join(release.keys)}).")
