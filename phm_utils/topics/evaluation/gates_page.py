"""Balance and gates: frames and sentences."""

import pandas as pd

from phm_utils.absent import if_present
from phm_utils.reports.findings import finding
from phm_utils.topics.evaluation.gates import gap, unlike
from phm_utils.topics.evaluation.programme_page import Evaluation

CHECK = ["check_name", "requirement", "sentence", "passed"]


@if_present
def balance_rows(of: Evaluation) -> pd.DataFrame:
    """Standardised differences between the groups by covariate."""
    return of.balance[["covariate", "smd_before", "smd_after"]]


@if_present
def gates(of: Evaluation) -> pd.DataFrame:
    """The gates before an effect is shown."""
    return of.check.loc[of.check["gate"].astype(bool), CHECK]


@if_present
def later_checks(of: Evaluation) -> pd.DataFrame:
    """The checks of a result that is shown."""
    return of.check.loc[~of.check["gate"].astype(bool), CHECK]


@finding
def balance(of: Evaluation) -> str:
    """Whether the groups can be compared."""
    if of.balance.empty:
        return "No weights were made: a gate before them failed."
    before = unlike(of.balance["smd_before"])
    if of.balance["smd_after"].isna().all():
        return f"No weighting balances the people enrolled and the controls: {before}."
    after = of.balance["smd_after"].abs().max()
    return f"People enrolled and controls: before weighting {before}; after it, by {gap(after)} at most."
