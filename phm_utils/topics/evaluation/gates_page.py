"""Whether the groups can be compared, in words."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.findings import finding
from phm_utils.topics.evaluation.programme_page import Evaluated

CHECK = ["check_name", "requirement", "sentence", "passed"]


@if_present
def balance_rows(of: Evaluated) -> pd.DataFrame:
    """How far the groups are apart on each thing known beforehand."""
    return of.balance[["covariate", "smd_before", "smd_after"]]


@if_present
def gates(of: Evaluated) -> pd.DataFrame:
    """The checks that stand before any effect is shown."""
    return of.check.loc[of.check["gate"].astype(bool), CHECK]


@if_present
def later_checks(of: Evaluated) -> pd.DataFrame:
    """The checks of a result that is shown."""
    return of.check.loc[~of.check["gate"].astype(bool), CHECK]


@finding
def balance(of: Evaluated) -> str:
    """Whether the groups can be compared."""
    if of.balance.empty:
        return "The people enrolled and the controls could not be weighted to be alike."
    worst = of.balance.loc[of.balance["smd_before"].abs().idxmax()]
    before = f"{worst['covariate']}, by {abs(worst['smd_before']):.1f} standard deviations"
    if of.balance["smd_after"].isna().all():
        return f"No weighting makes the groups alike; they are furthest apart on {before}."
    after = of.balance["smd_after"].abs().max()
    return f"Before weighting the groups were furthest apart on {before}; after it, by {after:.2f} at most."
