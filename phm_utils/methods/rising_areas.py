"""How many people are rising in each area, when what rising looks like is known from everybody together."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import optimize, stats

from phm_utils.errors import InputError
from phm_utils.methods.rising import Rising
from phm_utils.methods.rising_limits import CONFIDENCE
from phm_utils.methods.rising_mixture import TINY
from phm_utils.methods.validation import matched

MOST = 0.999  # of a stratum's people


def rising_in_areas(found: Rising, area: pd.Series) -> pd.DataFrame:
    """People rising by area: a mixture estimate with limits for each, and not the number of those flagged.

    area: code of each person, on the index of `found.people`. An area's people rise so many times as often as all do,
        whatever their stratum; limits are those of that number, widened by what is not known of everybody.
    Returns one row per area, in order: `people` (judged), `rising`, `lower` and `upper`, in people. Areas' estimates
    need not add up to that of all together.

    >>> from phm_utils.methods.rising import Rising
    >>> people = pd.DataFrame({"steady": [1.0] * 98 + [0.0] * 2, "risen": [0.0] * 98 + [1.0] * 2, "prior": 0.02})
    >>> alone = Rising(people, pd.DataFrame(), pd.Series(), 0.02, 0.005, 0.06)
    >>> rising_in_areas(alone, pd.Series(["A"] * 100)).round(1)["rising"].tolist()
    [2.0]
    """
    people, codes = found.people, matched(people=found.people["steady"], area=area)[1]
    seen = people["steady"].notna() & codes.notna()
    if not seen.any():
        raise InputError(f"None of {len(people)} people has both contacts and an area. Check the codes of areas.")
    wider = _wider(found, people[people["steady"].notna()])
    rows = []
    for code, mine in people[seen].groupby(codes[seen], sort=True):
        total = float(mine["prior"].sum())
        times, lower, upper = _times(mine)
        rows.append(
            (code, len(mine), times * total, lower * wider[0] * total, min(upper * wider[1] * total, len(mine)))
        )
    frame = pd.DataFrame(rows, columns=["area_code", "people", "rising", "lower", "upper"])
    return frame.set_index("area_code")


def _wider(found: Rising, people: pd.DataFrame) -> tuple[float, float]:
    """By what the limits of everybody are wider than if all but the number were known."""
    times, lower, upper = _times(people)
    if not 0 < lower < times or np.isnan(found.lower):
        return 1.0, 1.0
    return min(found.lower / found.share / (lower / times), 1.0), max(found.upper / found.share / (upper / times), 1.0)


def _times(people: pd.DataFrame) -> tuple[float, float, float]:
    """How many times as often as their strata these people rise, and its limits, by likelihood."""
    prior = people["prior"].to_numpy()
    steady = people["steady"].clip(lower=TINY).to_numpy()
    gain = people["risen"].to_numpy() - steady
    most = MOST / max(prior.max(), 1e-12)

    def slope(times: float) -> float:
        return float((prior * gain / (steady + times * prior * gain)).sum())

    def log_likelihood(times: float) -> float:
        return float(np.log(steady + times * prior * gain).sum())

    best = _root(slope, 0.0, most)
    least = log_likelihood(best) - stats.chi2.ppf(CONFIDENCE, 1) / 2
    lower = _root(lambda times: least - log_likelihood(times), 0.0, best)
    upper = _root(lambda times: log_likelihood(times) - least, best, most)
    return best, lower, upper


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function is 0; the end at which it is nearest, where it never is."""
    if high <= low or falling(low) <= 0:
        return low
    return high if falling(high) >= 0 else float(optimize.brentq(falling, low, high, xtol=1e-6))
