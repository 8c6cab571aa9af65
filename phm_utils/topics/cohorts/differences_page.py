"""How the members of cohorts differ: by practice, group of people, other characteristics and contacts, in words."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from phm_utils.measures.cohort_definitions import Cohort
from phm_utils.measures.usual_variation import judged
from phm_utils.methods.comparisons import (
    ABOVE,
    BELOW,
    CANNOT_TELL,
    NOT_COMPARED,
    TOO_FEW,
    mirrored,
    rates_against,
    shares_against,
    the_others,
)
from phm_utils.methods.validation import z_value
from phm_utils.reports.comparisons import Family, not_compared, out_of, percent, times
from phm_utils.reports.findings import finding
from phm_utils.topics.cohorts.alike import ADJUSTED
from phm_utils.topics.cohorts.by_definition import BY_DEFINITION, asked_columns, asks_for, asks_for_also
from phm_utils.topics.cohorts.cohort_page import PER
from phm_utils.topics.cohorts.cohort_releases import RATE
from phm_utils.wording import in_sentence, joined, uncapitalised

NOT_FOR_AGE = "Not adjusted for age."
GROUPS = Family(
    "members per 1,000 people", "group", "groups", "all others of the same characteristic", out_of(PER),
    own_comparators=True, counted="people",
)  # fmt: skip
ALIKE = Family("", "group", "groups", "what everybody's rates by age and sex give", times, counted="people")
ALSO = Family(
    "share of people", "characteristic", "characteristics", "everybody registered", percent, own_comparators=True,
    counted="people",
)  # fmt: skip
CONTACTS = Family(
    "contacts per 1,000 people in 12 months", "kind of contact", "kinds of contact", "everybody registered",
    own_comparators=True,
)  # fmt: skip


@finding
def cohort_spread(units: pd.DataFrame, kind: str) -> str:
    """For each cohort the practices, or PCNs, whose rate differs from what all others of the ICS predict for it."""
    family = Family(
        "members per 1,000 registered", kind, f"{kind}s", "what the others predict", out_of(PER), among_others=True,
        counted="people",
    )  # fmt: skip
    rows = judged(units, value="share", events="people", rate=RATE)
    if rows["verdict"].isin([TOO_FEW, NOT_COMPARED]).all():
        count = rows["unit"].nunique()
        ranges = "; ".join(_range(part) for _, part in rows.groupby("cohort", sort=False))
        return (
            f"By {kind}. How much {kind}s usually differ cannot be told from {count}, so none is named. "
            f"Members per 1,000 registered: {ranges}. {NOT_FOR_AGE}"
        )
    compared = rows[rows["verdict"] != NOT_COMPARED]
    said = " ".join([f"By {kind}.", *_in_order(compared, family.standing_out, NOT_FOR_AGE)])
    return said + not_compared(rows)


def _range(units: pd.DataFrame) -> str:
    """From the lowest to the highest rate of a cohort, where no unit's is suppressed."""
    name, low, high = units["short"].iloc[0], units["value"].min(), units["value"].max()
    if units["value"].isna().any():
        return f"{name} too few to show in some"
    form = out_of(PER)
    return f"{name} {form(low)}" if form(low) == form(high) else f"{name} {form(low)} to {form(high)}"


@finding("detail")
def group_gap(groups: pd.DataFrame, cohorts: Mapping[str, Cohort]) -> list[str]:
    """For each cohort the ages and sexes in which it is more or less frequent than in all others.

    Groups that the definition asks for are not compared, and people of unknown group are left out.
    """
    known = _known_groups(groups[~groups["dimension"].isin(ADJUSTED)])
    asked = pd.Series([asks_for(cohorts[row.cohort], row.level) for row in known.itertuples()], dtype=bool)
    compared = known[~asked].reset_index(drop=True)
    family = compared["cohort"] + compared["dimension"]
    units = compared[["share", "lower", "upper"]].set_axis(["value", "lower", "upper"], axis=1)
    others = the_others(units, compared["registered"], family=family)
    found = rates_against(units, others, family=family, scale="logit", rate=RATE)
    rows = found.assign(
        cohort=compared["cohort"],
        short=compared["short"],
        unit=compared["level"].map(_group),
        events=compared["people"],
    )[~mirrored(family.where(units["value"].notna()))]
    left_out = {cohort: _left_out(part) for cohort, part in known.assign(asked=asked).groupby("cohort")}

    def said(part: pd.DataFrame) -> str:
        asks = left_out[part["cohort"].iloc[0]]
        tail = f" Not compared, because the definition asks for it: {asks}." if asks else ""
        return GROUPS.standing_out(part) + tail

    return _in_order(rows, said)


@finding("detail")
def alike_gap(groups: pd.DataFrame, cohorts: Mapping[str, Cohort]) -> list[str]:
    """For each cohort the fifths and ethnic groups with more or fewer members than their ages and sexes explain.

    Groups that the definition asks for are not compared, and people of unknown group are left out.
    """
    known = _known_groups(groups[groups["dimension"].isin(ADJUSTED)])
    out = pd.Series([asks_for(cohorts[row.cohort], row.level) for row in known.itertuples()], known.index, dtype=bool)
    units = known[["alike_ratio", "alike_lower", "alike_upper"]].astype(float)
    units = units.set_axis(["value", "lower", "upper"], axis=1)
    found = rates_against(units, 1.0, family=known["cohort"], left_out=out, rate=RATE)
    rows = found.assign(
        cohort=known["cohort"],
        short=known["short"],
        unit=known["level"].map(_group),
        events=known["people"],
        why=BY_DEFINITION,
    )
    return _in_order(rows, ALIKE.standing_out)


def _known_groups(groups: pd.DataFrame) -> pd.DataFrame:
    """Without people of whom the group is not known."""
    return groups[~groups["level"].str.contains("Not known|Not stated|not known")].reset_index(drop=True)


def _left_out(groups: pd.DataFrame) -> str:
    """What a cohort's definition decides: characteristics, and groups of those of which it decides only some."""
    words = []
    for dimension, part in groups[groups["asked"]].groupby("dimension", sort=False):
        whole = groups.loc[groups["dimension"] == dimension, "asked"].all()
        words += [dimension.lower()] if whole else [_group(level) for level in part["level"]]
    return joined(words)


def _group(level: str) -> str:
    dimension, group = level.split(": ", 1)
    return f"{dimension.lower()} {group}"


@finding("detail")
def overlap(also: pd.DataFrame, cohorts: Mapping[str, Cohort]) -> list[str]:
    """For each cohort what its members have more or less often than everybody registered.

    What the definition asks for is not compared.
    """
    out = pd.Series([asks_for_also(cohorts[row.cohort], row.also) for row in also.itertuples()], also.index, dtype=bool)
    found = shares_against(
        also["people"],
        also["in_cohort"],
        also["share_all"].astype(float),
        family=also["cohort"],
        left_out=out,
        rate=RATE,
    )
    rows = found.assign(
        short=also["short"],
        cohort=also["cohort"],
        events=also["people"],
        unit=also["also"].map(in_sentence),
        why=BY_DEFINITION,
    )
    return _in_order(rows, ALSO.standing_out, NOT_FOR_AGE)


@finding("detail")
def use(ratios: pd.DataFrame, cohorts: Mapping[str, Cohort]) -> list[str]:
    """For each cohort the contacts that its members have at another rate than everybody registered.

    Contacts that the definition counts are not compared.
    """
    by_short = {cohort.short: cohort for cohort in cohorts.values()}
    out = pd.Series(
        [f"{row.counted}_12m" in asked_columns(by_short[row.short]) for row in ratios.itertuples()],
        ratios.index,
        dtype=bool,
    )
    cohort, everybody = (_rates(ratios, suffix) for suffix in ("", "_all"))
    found = rates_against(cohort, everybody, family=ratios["short"], left_out=out, rate=RATE)
    rows = found.assign(
        short=ratios["short"], cohort=ratios["short"], unit=ratios["activity"].map(in_sentence), why=BY_DEFINITION
    )
    return _in_order(rows, CONTACTS.standing_out, NOT_FOR_AGE)


def _rates(ratios: pd.DataFrame, suffix: str) -> pd.DataFrame:
    """Rates with limits from the standard errors of their logarithms."""
    value, reach = ratios[f"per_1000{suffix}"].astype(float), z_value(0.95) * ratios[f"error{suffix}"].astype(float)
    return pd.DataFrame({"value": value, "lower": value * np.exp(-reach), "upper": value * np.exp(reach)})


def _in_order(rows: pd.DataFrame, said: Callable[[pd.DataFrame], str], caution: str = "") -> list[str]:
    """What is said of each cohort, in their order; short where nothing of a cohort can be compared."""
    compared = rows["verdict"].isin([ABOVE, BELOW, CANNOT_TELL]).groupby(rows["cohort"]).any()
    parts = [
        f"{part['short'].iloc[0]}: "
        + (uncapitalised(said(part.reset_index(drop=True))) if compared[cohort] else "too few to compare.")
        for cohort, part in rows.groupby("cohort", sort=False)
    ]
    return [*parts[:-1], f"{parts[-1]} {caution}"] if parts and caution and compared.any() else parts
