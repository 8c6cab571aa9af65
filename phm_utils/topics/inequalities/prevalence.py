"""Who lives with each long-term condition: by practice or network, deprivation and ethnic group.

Crude shares come from protected counts. Shares standardised for age are
estimates from true counts, their age strata unreleased: poorer and younger
groups would else look healthy only for being young.
"""

from functools import partial

import pandas as pd

from phm_utils.methods.rates import wilson
from phm_utils.privacy.blocks import area_blocks, unit_blocks
from phm_utils.privacy.release import Release
from phm_utils.rules.concepts import Concept
from phm_utils.topics.inequalities.standard import INDICES, esp2013_ten_years, gradient, standardised, ten_years

QUINTILES = {  # national fifths of small areas, by the Index of Multiple Deprivation
    "1": "1 (most deprived)",
    "2": "2",
    "3": "3",
    "4": "4",
    "5": "5 (least deprived)",
    "Not known": "Not known or outside England",
}
ETHNIC_GROUPS = ("White", "Mixed", "Asian", "Black", "Other", "Not stated", "Not known")
NO_ETHNICITY = ("Not stated", "Not known")
DIMENSIONS = {"Deprivation": ("imd_quintile", tuple(QUINTILES)), "Ethnic group": ("ethnic_group", ETHNIC_GROUPS)}
COUNTS = ["people", "with_condition"]


def condition_releases(
    strata: pd.DataFrame, practices: pd.DataFrame, conditions: list[Concept], ics_code: str, confidence: float
) -> list[Release]:
    """Releases `condition_units`, `condition_groups`, `condition_gradient` and `ethnicity_recorded`.

    strata: from `strata.condition_strata`.
    """
    titles = {c.concept: c.title for c in conditions}
    long = strata.melt(
        [c for c in strata if c not in titles], list(titles), var_name="condition", value_name="with_condition"
    )
    groups = _groups(long, ics_code, confidence)
    return [
        _units(long, practices, titles, ics_code, confidence),
        _group_release(groups, titles, confidence),
        _gradient(groups, titles, confidence),
        _recorded(strata, practices, ics_code),
    ]


def _units(long: pd.DataFrame, practices: pd.DataFrame, titles: dict, ics_code: str, confidence: float) -> Release:
    """One row per area, condition and unit."""
    blocks = unit_blocks(long, practices, ics_code, ["condition"], COUNTS)
    return Release(
        "condition_units",
        "People with each long-term condition, by practice in a network and by network in the ICS",
        blocks.assign(title=blocks["condition"].map(titles)),
        keys=("area_code", "condition", "title", "unit_code", "unit_name"),
        counts=tuple(COUNTS),
        derive=partial(_with_shares, confidence=confidence),
    )


def _with_shares(shown: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Crude share with Wilson limits, from protected counts."""
    limits = wilson(shown["with_condition"], shown["people"], confidence)
    return shown.assign(share=limits["value"], lower=limits["lower"], upper=limits["upper"])


def _groups(long: pd.DataFrame, ics_code: str, confidence: float) -> pd.DataFrame:
    """One row per area, condition, dimension and group: counts, and the share standardised for age."""
    parts = []
    for dimension, (column, order) in DIMENSIONS.items():
        rows = long.rename(columns={column: "category"})
        counts = area_blocks(rows, ics_code, ["condition", "category"], COUNTS)
        adjusted = _standardised(rows, ics_code, confidence)
        found = counts.merge(adjusted, how="left", on=["area_code", "condition", "category"])
        places = {name: place for place, name in enumerate(order, 1)}
        parts.append(found.assign(dimension=dimension, place=found["category"].map(places)))
    return pd.concat(parts, ignore_index=True)


def _standardised(rows: pd.DataFrame, ics_code: str, confidence: float) -> pd.DataFrame:
    bands = ten_years(rows["age_band"].where(rows["age_band"] != "Not known"))
    rows = rows.assign(age_band=bands, events=rows["with_condition"], person_years=rows["people"])
    both = pd.concat([rows.rename(columns={"pcn_code": "area_code"}), rows.assign(area_code=ics_code)])
    found = standardised(
        both, ["area_code", "condition", "category"], esp2013_ten_years(), per=1, confidence=confidence
    )
    return found.rename(
        columns={"events": "adjusted_events", "value": "adjusted", "lower": "adjusted_lower", "upper": "adjusted_upper"}
    )


def _group_release(groups: pd.DataFrame, titles: dict, confidence: float) -> Release:
    """One row per area, condition, dimension and group; ethnicity with the bounds of what is not recorded."""
    words = groups["category"].where(groups["dimension"] != "Deprivation", groups["category"].map(QUINTILES))
    return Release(
        "condition_groups",
        "People with each long-term condition, by deprivation and ethnic group; standardised for age in ten-year bands",
        groups.assign(title=groups["condition"].map(titles), category=words),
        keys=("area_code", "condition", "title", "dimension", "place", "category"),
        counts=tuple(COUNTS),
        estimates=dict.fromkeys(("adjusted", "adjusted_lower", "adjusted_upper"), "adjusted_events"),
        derive=partial(with_bounds, confidence=confidence),
    )


def with_bounds(shown: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Crude shares and, for an ethnic group, the least and most that it could be.

    Least: everybody of unrecorded ethnicity without the condition belongs to
    the group, and nobody with it. Most: the reverse. From protected counts.
    """
    shown = _with_shares(shown, confidence)
    unknown = shown[(shown["dimension"] == "Ethnic group") & shown["category"].isin(NO_ETHNICITY)]
    hidden = unknown.groupby(["area_code", "condition"])[COUNTS].agg(lambda counts: counts.sum(skipna=False))
    of_row = pd.MultiIndex.from_frame(shown[["area_code", "condition"]])
    people = pd.Series(hidden["people"].reindex(of_row).to_numpy(), index=shown.index, dtype="Int64")
    having = pd.Series(hidden["with_condition"].reindex(of_row).to_numpy(), index=shown.index, dtype="Int64")
    is_group = (shown["dimension"] == "Ethnic group") & ~shown["category"].isin(NO_ETHNICITY)
    least = shown["with_condition"] / (shown["people"] + people - having).where(shown["people"] > 0)
    most = (shown["with_condition"] + having) / (shown["people"] + having).where(shown["people"] > 0)
    return shown.assign(least=least.where(is_group), most=most.where(is_group))


def _gradient(groups: pd.DataFrame, titles: dict, confidence: float) -> Release:
    """One row per area and condition: slope and relative index of inequality over fifths of deprivation."""
    fifths = groups[(groups["dimension"] == "Deprivation") & (groups["category"] != "Not known")]
    fifths = fifths.rename(columns={"people": "population"}).assign(
        quantile=fifths["place"], value=fifths["adjusted"], lower=fifths["adjusted_lower"],
        upper=fifths["adjusted_upper"], events=fifths["with_condition"],
    )  # fmt: skip
    return Release(
        "condition_gradient",
        "Difference and ratio between the most and the least deprived, of shares standardised for age",
        gradient(fifths, ["area_code", "condition"], confidence=confidence).assign(
            title=lambda f: f["condition"].map(titles)
        ),
        keys=("area_code", "condition", "title"),
        estimates=dict.fromkeys(INDICES, "events"),
    )


def _recorded(strata: pd.DataFrame, practices: pd.DataFrame, ics_code: str) -> Release:
    """One row per area, dimension and group: people, and those with an ethnic group recorded or refused."""
    rows = strata[["pcn_code", "practice_code", "imd_quintile", "age_band", "ethnic_group", "people"]].copy()
    for column, group in (("not_stated", "Not stated"), ("not_known", "Not known")):
        rows[column] = rows["people"].where(rows["ethnic_group"] == group, 0)
    rows["recorded"] = rows["people"] - rows["not_stated"] - rows["not_known"]
    counts = ["people", "recorded", "not_stated", "not_known"]
    units = unit_blocks(rows, practices, ics_code, [], counts).assign(dimension="Unit", place=0)
    units = units.rename(columns={"unit_code": "category_code", "unit_name": "category"})
    fifths = area_blocks(rows.rename(columns={"imd_quintile": "category_code"}), ics_code, ["category_code"], counts)
    fifths = fifths.assign(
        dimension="Deprivation",
        place=fifths["category_code"].map(list(QUINTILES).index),
        category=fifths["category_code"].map(QUINTILES),
    )
    return Release(
        "ethnicity_recorded",
        "People whose ethnic group is recorded, not stated by them, or not known, by practice and deprivation",
        pd.concat([units, fifths], ignore_index=True),
        keys=("area_code", "dimension", "place", "category_code", "category"),
        counts=tuple(counts),
        derive=_with_share_recorded,
    )


def _with_share_recorded(shown: pd.DataFrame) -> pd.DataFrame:
    return shown.assign(share=wilson(shown["recorded"], shown["people"])["value"])
