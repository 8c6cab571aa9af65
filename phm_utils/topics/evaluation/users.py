"""The distinct people behind the events of trials: one person's many attendances carry no figure.

rows: those of `trials.Trials`, one per person and trial.
"""

import pandas as pd


def users(rows: pd.DataFrame, outcome: str) -> int:
    """The people who had an outcome."""
    return rows.loc[rows[outcome] > 0, "person"].nunique()


def fewest_users(rows: pd.DataFrame, outcome: str = "events") -> int:
    """The same of the group, enrolled or controls, that has fewer: a ratio rests on both."""
    return min(users(rows[rows["treated"]], outcome), users(rows[~rows["treated"]], outcome))


def users_before_and_after(rows: pd.DataFrame) -> int:
    """The same of the time before the trial and the time after, whichever has fewer."""
    return min(users(rows, "before"), users(rows, "events"))
