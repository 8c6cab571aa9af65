"""Covariates at the start of a trial: months of activity, age, sex, deprivation, conditions."""

import numpy as np
import pandas as pd

from phm_utils.topics.evaluation.interventions import Intervention
from phm_utils.topics.evaluation.panel import KEY_COLUMNS, Panel, window

# Windows of history, first and last month, counted back from the trial (1 is last month).
WINDOWS = {
    "1 month before": (1, 1),
    "2 months before": (2, 2),
    "3 months before": (3, 3),
    "4-6 months before": (6, 4),
    "7-9 months before": (9, 7),
    "10-12 months before": (12, 10),
    "13-24 months before": (24, 13),
}
# Balanced separately, as well as the number of conditions.
CONDITIONS = {
    "smi": "severe mental illness",
    "alcohol_problems": "alcohol problems",
    "depression": "depression",
    "anxiety": "anxiety",
}
OFTEN_MISSING = 0.05  # rarer gaps are filled, without a covariate: one person could make balance impossible
SINCE, ADMISSIONS = "months in a row eligible", "emergency admissions, 12 months"


def covariates_of(
    panel: Panel, programme: Intervention, eligible: np.ndarray, person, when
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Covariates of each row before its trial, and log(1 + count) of those that are counts."""
    counts = panel.counts[programme.outcome]
    what = programme.outcome.replace("ed_", "ED ").replace("_", " ")
    past = {f"{what} {name}": window(counts, *months)[person, when] for name, months in WINDOWS.items()}
    if "emergency_admissions" in panel.counts:
        past[ADMISSIONS] = window(panel.counts["emergency_admissions"], 12, 1)[person, when]
    past[SINCE] = _months_in_a_row(eligible)[person, when]
    fixed = _fixed(panel, person, when)
    raw = pd.concat([pd.DataFrame(past), fixed], axis=1).astype(float)
    raw = raw.loc[:, raw.nunique() > 1]
    return raw, np.log1p(raw[[c for c in raw if c in past and c != SINCE]])


def _fixed(panel: Panel, person, when) -> pd.DataFrame:
    """Age at the trial, sex, deprivation and the conditions recorded before it."""
    fixed = panel.people.iloc[person].drop(columns=list(KEY_COLUMNS)).reset_index(drop=True)
    if "birth" in fixed:
        fixed.insert(0, "age", (when - fixed.pop("birth")) / 12)
    if len(panel.since.columns):
        known = panel.since.to_numpy(float)[person] <= when[:, None]
        fixed["long-term conditions"] = known.sum(axis=1)
        for condition, title in CONDITIONS.items():
            fixed[title] = known[:, panel.since.columns.get_loc(condition)]
    for column in fixed.columns[fixed.isna().any()]:
        if fixed[column].isna().mean() >= OFTEN_MISSING:
            fixed[f"{column} not known"] = fixed[column].isna()
        fixed[column] = fixed[column].fillna(fixed[column].mean())
    return fixed


def _months_in_a_row(eligible: np.ndarray) -> np.ndarray:
    """People x months: for how many months up to this one the rule has held without a break, at most 12."""
    run = np.zeros(eligible.shape, int)
    for month in range(1, eligible.shape[1]):
        run[:, month] = np.where(eligible[:, month], np.minimum(run[:, month - 1] + 1, 12), 0)
    return run
