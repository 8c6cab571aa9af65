"""Rates standardised for age to the European Standard Population 2013, and their gradients.

A group without people in some age band is not standardised: its rate is
withheld.
"""

import re

import numpy as np
import pandas as pd
from scipy import stats

from phm_utils.errors import InputError
from phm_utils.methods.count_limits import MIN_EVENTS
from phm_utils.methods.discovery import of_one_page
from phm_utils.methods.gradients import FEWEST, Scale, slope_index
from phm_utils.methods.rates import direct_rate
from phm_utils.rules.data_files import rows_by, whole_number
from phm_utils.runs import project_root

AGE_BAND = re.compile(r"[0-9]{1,3}(-[0-9]{1,3}|\+)")
FAMILIES = 3  # of comparisons in the report: units by admissions, units by condition, ethnic groups
RATE = of_one_page(FAMILIES)
TEN_YEARS_TO = 80  # one band from here on
INDICES = ("sii", "sii_lower", "sii_upper", "rii", "rii_lower", "rii_upper")


def esp2013() -> pd.Series:
    """Weights of the European Standard Population 2013 by `age_band`, five years each and 90+.

    Source: Eurostat 2013, Revision of the European Standard Population.
    """
    path = project_root() / "parameters" / "reference" / "esp2013.csv"
    rows = rows_by(path, "the standard population", "age_band", ("age_band", "weight"))
    weights = {band: whole_number(path, band, row, "weight") for band, row in rows.items()}
    if wrong := [band for band, weight in weights.items() if not weight or not AGE_BAND.fullmatch(band)]:
        raise InputError(f"{path.name}, `{wrong[0][:40]}`: an age band such as 0-4 or 90+, with a weight above 0.")
    return pd.Series(weights, name="weight").rename_axis("age_band")


def ten_years(age_band: pd.Series) -> pd.Series:
    """Five-year bands as ten-year ones, 80+ together: for groups too small for the finer ones. Unknown stays so."""
    low = age_band.str.extract(r"^(\d+)", expand=False).astype("Int64")
    start = low // 10 * 10
    label = start.astype("string") + "-" + (start + 9).astype("string")
    return label.mask((low >= TEN_YEARS_TO).fillna(False), f"{TEN_YEARS_TO}+")


def esp2013_ten_years() -> pd.Series:
    """The standard's weights in the bands of `ten_years`."""
    weights = esp2013()
    return weights.groupby(ten_years(pd.Series(weights.index, index=weights.index))).sum()


def expected(strata: pd.DataFrame, by: list[str]) -> pd.Series:
    """Events of each stratum, had it the rate of all strata together at its age: `by` names age, and condition.

    strata: `by`, `events` and `person_years`, each person once.
    """
    whole = strata.groupby(by)[["events", "person_years"]].transform("sum")
    rate = whole["events"] / whole["person_years"].where(whole["person_years"] > 0)
    return (strata["person_years"] * rate).fillna(0.0)


def standardised(
    strata: pd.DataFrame,
    keys: list[str],
    standard: pd.Series,
    *,
    per: int,
    confidence: float,
    min_events: int = MIN_EVENTS,
) -> pd.DataFrame:
    """Directly standardised rates of every group, with their limits.

    strata: `keys`, `age_band` (rows of other bands are left out), `events`,
        `person_years`, and `event_variance` where people can have several
        events; many rows of one group and band are added up.
    Returns one row per group: `keys`, `events` (in the bands of the
        standard), `value`, `lower`, `upper` in units of `per`: NaN on fewer
        than `min_events` events, or where an age band has nobody.
    """
    numbers = [c for c in ("events", "event_variance", "person_years") if c in strata]
    sums = strata[strata["age_band"].isin(standard.index)].groupby([*keys, "age_band"], as_index=False)[numbers].sum()
    groups = sums[keys].drop_duplicates(ignore_index=True).rename_axis("group_no").reset_index()
    grid = groups.merge(pd.DataFrame({"age_band": standard.index}), how="cross")
    grid = grid.merge(sums, how="left", on=[*keys, "age_band"])
    grid[numbers] = grid[numbers].fillna(0)
    found = grid.groupby("group_no")[["events"]].sum()
    has_all_ages = grid.groupby("group_no")["person_years"].transform("min") > 0
    usable = grid.loc[has_all_ages, ["group_no", "age_band", *numbers]].rename(columns={"group_no": "area_code"})
    if usable.empty:
        rates = pd.DataFrame(columns=["value", "lower", "upper"], dtype=float)
    else:
        rates = direct_rate(usable, standard, per=per, confidence=confidence, min_events=min_events)
        rates = rates.drop(columns="events")
    return groups.join(found.join(rates), on="group_no").drop(columns="group_no")


def gradient(fifths: pd.DataFrame, keys: list[str], *, confidence: float, scale: Scale = "log") -> pd.DataFrame:
    """Slope and relative index of inequality, most over least deprived, of standardised rates.

    fifths: one row per `keys` x `quantile` (1 most deprived, 5 least):
        `population`, `events`, `people_admitted` where events are admissions, `expected` (events at the rates of the
        whole ICS), and `value` with its limits of `confidence`, also on few events.
    Returns one row per `keys`: the `events`, and `people_admitted`, of all fifths, on which a gradient
    rests; and `sii`, `rii` with limits: NaN where a fifth is missing or fewer than 10 events are expected
    in it. Deciding on the events that occurred would show the gradients that chance made flatter. A positive
    slope, or a ratio above 1, is more among the most deprived.
    scale: on which line and sampling errors are: log for rates, logit for shares of people (0 to 1), whose errors
        there are the limits' on the log scale over sqrt(1 - share): a share's own, as its limits are of Poisson counts.
    """
    behind = [c for c in ("events", "people_admitted") if c in fifths]
    groups = fifths.groupby(keys, as_index=False)[behind].sum().rename_axis("group_no").reset_index()
    rows = fifths.merge(groups[["group_no", *keys]], on=keys)
    rows = rows[rows.groupby("group_no")["expected"].transform("min") >= MIN_EVENTS]
    rows = rows[["group_no", "quantile", "population", "value", "lower", "upper"]]
    rows["se"] = np.log(rows["upper"] / rows["lower"]) / 2 / stats.norm.isf((1 - confidence) / 2)
    rows = rows.drop(columns=["lower", "upper"]).rename(columns={"group_no": "area_code"})
    rows = rows[rows["value"] > 0]
    if scale == "logit":
        rows = rows[rows["value"] < 1]
        rows["se"] /= np.sqrt(1 - rows["value"])
    rows = rows[rows.groupby("area_code")["quantile"].transform("size") == FEWEST]
    if rows.empty:
        return groups.assign(**dict.fromkeys(INDICES)).astype(dict.fromkeys(INDICES, float)).drop(columns="group_no")
    found = slope_index(rows, scale=scale, multiplier=-1, confidence=confidence)
    return groups.join(found[list(INDICES)], on="group_no").drop(columns="group_no")
