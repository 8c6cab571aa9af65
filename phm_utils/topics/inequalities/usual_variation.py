"""Practices and networks against what the others of the whole ICS predict for them.

A page holds the practices of one network, from which nobody can tell how much practices usually
differ. So verdicts are made here, from the true counts of all, and are released as estimates.
"""

import numpy as np
import pandas as pd

from phm_utils.methods.comparisons import ABOVE, BELOW, CANNOT_TELL, TOO_FEW
from phm_utils.methods.funnels import Kind
from phm_utils.methods.overdispersion import MIN_UNITS, outliers
from phm_utils.methods.pooling import pool_proportions, pool_rates
from phm_utils.privacy.release import Column, estimate

USUAL = ("usual_lower", "usual_upper", "p_adjusted", "pooled")
FALSE_DISCOVERIES = 0.05  # of the units named, on average


def usual_columns(behind: str, people: str = "") -> tuple[Column, ...]:
    """Declarations of `USUAL`. behind, people: see `release.estimate`."""
    return tuple(estimate(name, behind, people=people) for name in USUAL)


def against_others(
    units: pd.DataFrame, ics_code: str, events: str, sizes: str, *, kind: Kind, scale: float = 1.0
) -> pd.DataFrame:
    """The units with `USUAL`: what the others predict, and the value drawn towards theirs.

    units: one row per `area_code` x unit: all practices of the ICS in the blocks of their networks, and all
        networks in the ICS's own block; `events` and `sizes` are its columns of true counts, see `funnels`.
    scale: by which predictions are multiplied, such as the ICS's rate where values are ratios to it.

    p_adjusted: for false-discovery control over all units of a kind: 0.05 and below may be named. All are NaN
    where fewer than 11 units of a kind have events and sizes.
    """
    of_ics = units["area_code"] == ics_code
    parts = [_of_one_kind(part, events, sizes, kind, scale) for _, part in units.groupby(of_ics)]
    return units.join(pd.concat(parts)) if parts else units.assign(**dict.fromkeys(USUAL, float("nan")))


def _of_one_kind(units: pd.DataFrame, events: str, sizes: str, kind: Kind, scale: float) -> pd.DataFrame:
    x, n = units[events].astype(float), units[sizes].astype(float)
    found = outliers(x, n, kind=kind)
    enough = (n > 0).sum() > MIN_UNITS and 0 < x[n > 0].sum() < (n.sum() if kind == "proportion" else float("inf"))
    if not enough:
        return pd.DataFrame(float("nan"), index=units.index, columns=list(USUAL))
    pool = pool_proportions if kind == "proportion" else pool_rates
    columns = (scale * found["lower"], scale * found["upper"], found["p_adjusted"], scale * pool(x, n)["value"])
    return pd.concat(columns, axis=1).set_axis(list(USUAL), axis=1)


def judged(
    units: pd.DataFrame, *, events: str, value: str = "value", lower: str = "lower", upper: str = "upper"
) -> pd.DataFrame:
    """Released units as `reports.comparisons` takes them, with the `verdict` against what the others predict.

    units: `unit_name`, `USUAL` and the columns named: a value with its limits, and the events behind it.
    """
    found = units["p_adjusted"] <= FALSE_DISCOVERIES
    high, low = units[value] > units["usual_upper"], units[value] < units["usual_lower"]
    verdict = np.select([units["p_adjusted"].isna(), found & high, found & low], [TOO_FEW, ABOVE, BELOW], CANNOT_TELL)
    columns = {"unit": "unit_name", "value": value, "lower": lower, "upper": upper, "events": events, "p": "p_adjusted"}
    return units.assign(
        **{name: units[column] for name, column in columns.items()}, comparator=float("nan"), verdict=verdict
    )
