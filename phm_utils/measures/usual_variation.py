"""Practices and networks against what the others of the whole ICS predict for them.

A page holds the practices of one network, from which nobody can tell how much practices usually
differ. So verdicts are made here, from the true counts of all, and are released as estimates. A practice
that `practice_caution` lists is shown with its `why`: it counts for no other's prediction and is not judged.
"""

from collections.abc import Sequence

import duckdb
import numpy as np
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.methods.comparisons import ABOVE, BELOW, CANNOT_TELL, NOT_COMPARED, TOO_FEW
from phm_utils.methods.discovery import RATE, discoveries
from phm_utils.methods.funnels import Kind
from phm_utils.methods.overdispersion import MIN_UNITS, outliers
from phm_utils.methods.pooling import pool_proportions, pool_rates
from phm_utils.privacy.release import Column, estimate, key

USUAL = ("usual_lower", "usual_upper", "p_adjusted", "pooled")


def usual_columns(behind: str, people: str = "") -> tuple[Column, ...]:
    """Declarations of `USUAL`. behind, people: see `release.estimate`."""
    return tuple(estimate(name, behind, people=people) for name in USUAL)


NO_CAUTIONS = pd.Series(dtype=str)
DAGGER = " †"  # after the name of a practice or network that is not compared
WHY = key("why")  # for which a practice is not compared; empty for all others and for networks


def cautions(con: duckdb.DuckDBPyConnection) -> pd.Series:
    """`why` by practice code, of the practices that are not compared with others."""
    return read_sql(con, "SELECT practice_code, why FROM practice_caution ORDER BY ALL").set_index("practice_code")[
        "why"
    ]


def with_why(units: pd.DataFrame, cautions: pd.Series, ics_code: str) -> pd.DataFrame:
    """The units with `why`. units: as in `against_others`, with `unit_code`. cautions: of `cautions`."""
    why = units["unit_code"].map(cautions).astype(object).where(units["area_code"] != ics_code).fillna("").astype("str")
    return units.assign(why=why)


def daggers(why: pd.Series) -> pd.Series:
    """What follows the names of units: a dagger for those not compared.

    >>> daggers(pd.Series(["", "its last event is old"])).tolist()
    ['', ' †']
    """
    return why.ne("").map({True: DAGGER, False: ""})


def marked(units: pd.DataFrame) -> pd.DataFrame:
    """Released units with a dagger after the `unit_name` of those whose `why` is not empty."""
    return units.assign(unit_name=units["unit_name"] + daggers(units["why"])) if "why" in units else units


def against_others(
    units: pd.DataFrame,
    ics_code: str,
    events: str,
    sizes: str,
    *,
    kind: Kind,
    scale: float = 1.0,
    families: Sequence[str] = (),
    rate: float = RATE,
) -> pd.DataFrame:
    """The units with `USUAL`: what the others predict, and the value drawn towards theirs.

    units: one row per `area_code` x unit (x `families`): all practices of the ICS in the blocks of their networks, and
        all networks in the ICS's own block; `events` and `sizes` are its columns of true counts, see `funnels`.
        Those whose `why` is not empty are left out: they have none of `USUAL`.
    scale: by which predictions are multiplied, such as the ICS's rate where values are ratios to it.
    families: columns by which comparisons are apart, such as the cohort; see `discovery`.
    rate: of false ones among those named; `judged` needs the same.

    p_adjusted: for false-discovery control over all units of a kind, and all families: `rate` and below may be named.
    All are NaN where fewer than 11 units of a kind have events and sizes.
    """
    of_ics = (units["area_code"] == ics_code).rename("of_ics")
    compared = units[units["why"] == ""] if "why" in units else units
    keys = [of_ics.loc[compared.index], *families]
    parts = [_of_one_kind(part, events, sizes, kind, scale) for _, part in compared.groupby(keys)]
    columns = [*USUAL[:2], "p", *USUAL[3:]]
    found = pd.concat(parts) if parts else pd.DataFrame(columns=columns, dtype=float)
    found = found.reindex(units.index)
    family = units[list(families)].astype(str).agg(" ".join, axis=1) if families else pd.Series("", index=units.index)
    found["p_adjusted"] = float("nan")
    for _, rows in found.groupby(of_ics):
        found.loc[rows.index, "p_adjusted"] = _adjusted(rows["p"], family.loc[rows.index], rate)
    return units.join(found[list(USUAL)])


def _adjusted(p: pd.Series, family: pd.Series, rate: float) -> pd.Series:
    """p-values that may be held against `rate`: adjusted within families, times m / R of these selected.

    A family that is not selected has none at or below it: its smallest is above `rate` times R / m.
    """
    found = discoveries(pd.DataFrame({"family": family, "p": p}), rate)
    tested, selected = family[p.notna()].nunique(), family[found["selected"]].nunique()
    return (found["p_adjusted"] * tested / max(selected, 1)).clip(upper=1)


def _of_one_kind(units: pd.DataFrame, events: str, sizes: str, kind: Kind, scale: float) -> pd.DataFrame:
    x, n = units[events].astype(float), units[sizes].astype(float)
    enough = (n > 0).sum() > MIN_UNITS and 0 < x[n > 0].sum() < (n.sum() if kind == "proportion" else float("inf"))
    columns = [*USUAL[:2], "p", *USUAL[3:]]
    if not enough:
        return pd.DataFrame(float("nan"), index=units.index, columns=columns)
    found = outliers(x, n, kind=kind)
    pool = pool_proportions if kind == "proportion" else pool_rates
    parts = (scale * found["lower"], scale * found["upper"], found["p"], scale * pool(x, n)["value"])
    return pd.concat(parts, axis=1).set_axis(columns, axis=1)


def judged(
    units: pd.DataFrame,
    *,
    events: str,
    value: str = "value",
    lower: str = "lower",
    upper: str = "upper",
    rate: float = RATE,
) -> pd.DataFrame:
    """Released units as `reports.comparisons` takes them, with the `verdict` against what the others predict.

    units: `unit_name`, `USUAL` and the columns named: a value with its limits, and the events behind it. Those whose
        `why` is not empty are not compared. rate: that of `against_others`.
    """
    out = units["why"] != "" if "why" in units else pd.Series(False, index=units.index)
    found = units["p_adjusted"] <= rate
    high, low = units[value] > units["usual_upper"], units[value] < units["usual_lower"]
    few = units["p_adjusted"].isna()
    verdict = np.select([out, few, found & high, found & low], [NOT_COMPARED, TOO_FEW, ABOVE, BELOW], CANNOT_TELL)
    columns = {"unit": "unit_name", "value": value, "lower": lower, "upper": upper, "events": events, "p": "p_adjusted"}
    return units.assign(
        **{name: units[column] for name, column in columns.items()}, comparator=float("nan"), verdict=verdict
    )
