"""The share of people with an event by each day, where others can no longer have it: cumulative incidence."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from phm_utils.errors import InputError
from phm_utils.methods.validation import z_value

CENSORED = 0


def cumulative_incidence(days: ArrayLike, cause: ArrayLike, *, confidence: float = 0.95) -> pd.DataFrame:
    """The share of people who have had an event of each cause by each day, among all who began.

    days: of each person, from the beginning to the first event, or to the last day on which there was none.
    cause: of the event: 1, 2, ...; 0 where there was none until then (censored). Whoever is censored on a day on which
        others have an event was still at risk of it.

    Returns one row per day with an event and cause, in that order: `day`, `cause`, `at_risk` (people just before),
    `events`, `incidence`, `error` (standard error), `lower`, `upper`, and `survival`, the share without any event. The
    limits are missing while the incidence is 0 and where it is 1.
    Raises InputError where a day is missing or below 0, or a cause is no whole number from 0.
    Assumes that people are censored for no reason that has to do with the event. One minus Kaplan and Meier's survival
    with the other causes taken for censored is larger: the share if nobody died or moved.
    Source: Aalen and Johansen 1978; variance by the delta method (Marubini and Valsecchi 1995, 10.3; the same as
    Greenwood's where there is one cause, and as the binomial's where nobody is censored); limits on the scale
    log(-log(1 - incidence)).

    >>> found = cumulative_incidence([1, 2, 2, 3, 5], [1, 2, 1, 0, 1])
    >>> found.loc[found["cause"] == 1, ["day", "at_risk", "events", "incidence"]].round(3).to_numpy().tolist()
    [[1.0, 5.0, 1.0, 0.2], [2.0, 4.0, 1.0, 0.4], [5.0, 1.0, 1.0, 0.8]]
    """
    day, why = _checked(days, cause)
    times = np.unique(day[why != CENSORED])
    causes = np.unique(why[why != CENSORED])
    at_risk = len(day) - np.searchsorted(np.sort(day), times, side="left")
    events = np.zeros((len(times), len(causes)))
    happened = why != CENSORED
    np.add.at(events, (np.searchsorted(times, day[happened]), np.searchsorted(causes, why[happened])), 1)
    every = events.sum(axis=1)
    survival = np.cumprod(1 - every / at_risk)
    before = np.concatenate(([1.0], survival[:-1])) if len(times) else survival
    incidence = np.cumsum(before[:, None] * events / at_risk[:, None], axis=0)
    error = np.sqrt(_variance(events, at_risk, before, incidence))
    parts = [
        pd.DataFrame({"day": times, "cause": number, "at_risk": at_risk, "events": events[:, place].astype(int),
                      "incidence": incidence[:, place], "error": error[:, place],
                      **_limits(incidence[:, place], error[:, place], confidence), "survival": survival})
        for place, number in enumerate(causes)
    ]  # fmt: skip
    if not parts:
        columns = ["day", "cause", "at_risk", "events", "incidence", "error", "lower", "upper", "survival"]
        return pd.DataFrame(columns=columns, dtype=float)
    return pd.concat(parts).sort_values(["day", "cause"]).reset_index(drop=True)


def on_day(found: pd.DataFrame, cause: int, day: float) -> pd.Series:
    """Of `cumulative_incidence`, the row of a cause that holds on a day: of its last event until then.

    Missing limits and an incidence of 0 where there was none.

    >>> on_day(cumulative_incidence([1, 2, 2, 3, 5], [1, 2, 1, 0, 1]), 1, 4)["incidence"].round(3)
    np.float64(0.4)
    """
    rows = found[found["cause"].eq(cause) & found["day"].le(day)]
    nothing = {"cause": cause, "events": 0, "incidence": 0.0, "error": 0.0, "lower": np.nan, "upper": np.nan}
    return rows.iloc[-1] if len(rows) else pd.Series({"day": day, **nothing})


def _checked(days: ArrayLike, cause: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    day, why = np.asarray(days, dtype=float), np.asarray(cause, dtype=float)
    if day.ndim != 1 or day.shape != why.shape:
        raise InputError(f"Each person needs one day and one cause; {day.size} days and {why.size} causes were given.")
    if wrong := int((~(day >= 0) | ~np.isfinite(day)).sum()):
        raise InputError(f"{wrong} of {len(day)} days are missing or below 0: count from the day of the beginning.")
    if wrong := int((~(why >= 0) | (why != np.floor(why))).sum()):
        raise InputError(f"{wrong} of {len(why)} causes are none of 0, 1, 2, ...: 0 is without an event.")
    return day, why.astype(int)


def _variance(events: np.ndarray, at_risk: np.ndarray, before: np.ndarray, incidence: np.ndarray) -> np.ndarray:
    """Of the incidence of each cause at each time: times x causes.

    Three sums over the times until then, opened up so that each is a sum of products with `incidence` outside of it.
    """
    every, n = events.sum(axis=1), at_risk.astype(float)
    left = n - every
    # When all have had an event, no later time has a share in the first sum.
    hazard = np.divide(every, n * left, out=np.zeros_like(n), where=left > 0)[:, None]
    own = before[:, None] ** 2 * (n[:, None] - events) * events / n[:, None] ** 3
    both = before[:, None] * events / n[:, None] ** 2
    later = (np.cumsum(sums, axis=0) for sums in (hazard, hazard * incidence, hazard * incidence**2))
    total, first, second = later
    spread = incidence**2 * total - 2 * incidence * first + second
    joint = incidence * np.cumsum(both, axis=0) - np.cumsum(both * incidence, axis=0)
    return np.maximum(spread + np.cumsum(own, axis=0) - 2 * joint, 0.0)


def _limits(incidence: np.ndarray, error: np.ndarray, confidence: float) -> dict[str, np.ndarray]:
    """Limits that stay between 0 and 1; missing where nobody or everybody has had an event."""
    rest = np.where((incidence > 0) & (incidence < 1 - 1e-12), 1 - incidence, np.nan)
    with np.errstate(all="ignore"):
        reach = np.exp(z_value(confidence) * error / (rest * -np.log(rest)))
    return {"lower": 1 - rest ** (1 / reach), "upper": 1 - rest**reach}
