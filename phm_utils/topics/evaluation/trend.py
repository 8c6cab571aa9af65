"""Events by month around enrolment."""

import numpy as np
import pandas as pd

from phm_utils.topics.evaluation.interventions import Intervention
from phm_utils.topics.evaluation.panel import Panel
from phm_utils.topics.evaluation.trials import Trials

LIKE_THEM, ELSEWHERE = "People like them, no programme", "All eligible elsewhere, no programme"
MONTHS_BEFORE = 12


def trend(panel: Panel, trials: Trials, programme: Intervention, weights: np.ndarray | None) -> pd.DataFrame:
    """Events per person and month from a year before the trial to the end of follow-up, in both groups.

    Month 0 is the month of enrolment. `events` counts the controls' without
    weights, and `users` the distinct people who had them, for disclosure
    control. Without weights: everybody eligible elsewhere. Nobody is observed
    in a month in which the source fell silent.
    """
    rows, counts = trials.rows, panel.counts[programme.outcome]
    person, start = rows["person"].to_numpy(int), rows["month"].to_numpy(int)
    end = rows["end"].to_numpy(float)
    treated = rows["treated"].to_numpy(bool)
    weight = np.ones(len(rows))
    if weights is not None:
        weight[~treated] = weights
    groups = {"Enrolled": treated, ELSEWHERE if weights is None else LIKE_THEM: ~treated}
    lines = []
    for month in range(-MONTHS_BEFORE, programme.follow_up_months):
        when = start + month
        seen = (when >= 0) & (when < end) & ~np.isin(when, panel.silent)
        time = weight * seen * (1.0 if month < 0 else np.clip(end - when, 0, 1))
        events = np.where(seen, counts[person, np.clip(when, 0, counts.shape[1] - 1)], 0)
        for name, group in groups.items():
            rate = (weight * events)[group].sum() / max(time[group].sum(), 1e-9)
            users = len(np.unique(person[group & (events > 0)]))
            lines.append((month, name, rate, int(events[group].sum()), users, int(seen[group].sum())))
    return pd.DataFrame(lines, columns=["month", "people_group", "rate", "events", "users", "people"])
