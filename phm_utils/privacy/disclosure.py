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
    A count of 0 stays 0; a count that is missing stays missing, so a caller
    must fill true zeros first. Ties round away from zero.
    """
    values = pd.to_numeric(counts).astype("Float64")
    if (values < 0).any() or (values.dropna() % 1 != 0).any():
        raise InputError(f"Column `{counts.name}` is declared as a count but holds negative or broken numbers.")
    small = (values > 0) & (values < policy.suppress_below)
    rounded = ((values + policy.round_to / 2) // policy.round_to) * policy.round_to
    return rounded.mask(small.fillna(False)).astype("Int64")


def protect_estimates(estimates: pd.Series, events: pd.Series, policy: Disclosure) -> pd.Series:
    """Estimates as they may be shown: NaN on too few events, else 3 significant digits."""
    values = pd.to_numeric(estimates).astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = SIGNIFICANT_DIGITS - 1 - np.floor(np.log10(values.abs().where(values != 0, 1)))
    scale = 10.0**digits
    rounded = (values * scale).round() / scale
    return rounded.where(pd.to_numeric(events).fillna(0) >= policy.min_events_for_estimate)


def protect(release: Release, policy: Disclosure) -> pd.DataFrame:
    """The table as it may be released, ordered by its keys.

    Only declared columns leave: keys, counts, estimates, and what `derive`
    makes of them. An undeclared column is dropped, never passed on.
    """
    frame = release.frame
    if missing := [c for c in (*release.keys, *release.counts, *release.estimates) if c not in frame]:
        raise InputError(f"Release `{release.name}` declares columns that it lacks: {', '.join(missing)}.")
    if frame.duplicated(list(release.keys)).any():
        raise InputError(f"Release `{release.name}` has repeated keys ({', '.join(release.keys)}).")
    frame = frame.sort_values(list(release.keys), kind="stable").reset_index(drop=True)
    shown = frame[list(release.keys)].copy()
    for column in release.counts:
        shown[column] = frame[column] if release.published else protect_counts(frame[column], policy)
    for column, events in release.estimates.items():
        shown[column] = frame[column] if release.published else protect_estimates(frame[column], frame[events], policy)
    return release.derive(shown) if release.derive else shown
