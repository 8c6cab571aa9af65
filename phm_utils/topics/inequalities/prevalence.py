"""People with each long-term condition: by practice or network, deprivation and ethnic group.

Crude shares come from protected counts. Shares standardised for age are
estimates from true counts, whose age strata are not released: without them
younger groups would look healthier only because of age.
"""

from collections.abc import Collection, Iterator, Mapping

import pandas as pd

from phm_utils.engine import Model
from phm_utils.measures.usual_variation import NO_CAUTIONS, WHY, against_others, usual_columns, with_why
from phm_utils.methods.count_limits import MIN_EVENTS
from phm_utils.methods.ethnicity_bounds import standardised_bounds
from phm_utils.methods.rates import proportion
from phm_utils.privacy.blocks import area_blocks, unit_blocks
from phm_utils.privacy.relations import AcrossAreas, AcrossUnits, AtMost, RowSum
from phm_utils.privacy.release import (
    AREA,
    PLACE,
    SHARES,
    Release,
    aggregate,
    counts,
    derived,
    estimate,
    keys,
)
from phm_utils.rules.concepts import Concept
from phm_utils.rules.groups import ETHNIC_GROUPS, FIFTHS, NO_ETHNIC_GROUP, NOT_KNOWN
from phm_utils.topics.inequalities.standard import (
    INDICES,
    RATE,
    esp2013_ten_years,
    expected,
    gradient,
    standardised,
    ten_years,
)

# Labels of national fifths of small areas.
QUINTILES = {
    **{fifth[0]: fifth for fifth in FIFTHS},
    NOT_KNOWN: f"{NOT_KNOWN} or outside England",
}
Dimensions = Mapping[str, tuple[str, tuple[str, ...]]]
DEPRIVATION, ETHNICITY = "Deprivation", "Ethnic group"
DIMENSIONS: Dimensions = {
    DEPRIVATION: ("imd_quintile", tuple(QUINTILES)),
    ETHNICITY: ("ethnic_group", ETHNIC_GROUPS),
}
GROUP = ["area_code", "condition", "category"]
COUNTS = ["people", "with_condition"]


def _with_shares(shown: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Crude share with Wilson limits, from protected counts."""
    limits = proportion(shown["with_condition"], shown["people"], confidence)
    return shown.assign(share=limits["value"], lower=limits["lower"], upper=limits["upper"])


def _with_share_recorded(shown: pd.DataFrame) -> pd.DataFrame:
    return shown.assign(share=proportion(shown["recorded"], shown["people"])["value"])


CONDITION = keys("condition", "title")
UNITS = Release(
    "condition_units",
    "People with each long-term condition, by practice in a network and by network in the ICS",
    (
        *(AREA, *CONDITION, *keys("unit_code", "unit_name"), WHY, *counts(*COUNTS)),
        *(*usual_columns("with_condition"), *SHARES),
    ),
    relations=(AcrossUnits(tuple(COUNTS)), AtMost("with_condition", "people")),
    derive=_with_shares,
    parameters=("confidence",),
    part="Long-term conditions by practice or PCN",
    needs="GP coded events",
    rests_on=("n_conditions",),
)
ADJUSTED = ("adjusted", "adjusted_lower", "adjusted_upper")
BOUNDS = ("least", "greatest")
GROUPS = Release(
    "condition_groups",
    "People with each long-term condition, by deprivation and ethnic group; standardised for age in ten-year bands",
    (
        *(AREA, *CONDITION, *keys("dimension"), PLACE, *keys("category"), *counts(*COUNTS)),
        *(estimate(name, "adjusted_events") for name in ADJUSTED),
        *(estimate(name, "adjusted_events", optional=True) for name in BOUNDS),  # of ethnic groups alone
        *SHARES,
    ),
    relations=(AcrossAreas(tuple(COUNTS), exact=False), AtMost("with_condition", "people")),
    derive=_with_shares,
    parameters=("confidence",),
    part="Long-term conditions by deprivation and ethnic group",
    needs="GP coded events",
    rests_on=("n_conditions", "age"),
    one_of=("imd_quintile", "ethnic_group"),
)
GRADIENT = Release(
    "condition_gradient",
    "Difference and ratio between the most and the least deprived, of shares standardised for age",
    (AREA, *CONDITION, *(estimate(name, "events") for name in INDICES)),
    part="Long-term conditions by deprivation",
    needs="GP coded events or small areas",
    rests_on=("n_conditions", "age", "imd_quintile"),
)
RECORDED_COUNTS = ("people", "recorded", "not_stated", "not_known")
RECORDED = Release(
    "ethnicity_recorded",
    "People whose ethnic group is recorded, not stated by them, or not known, by practice and deprivation",
    (
        *(AREA, *keys("dimension"), PLACE, *keys("category_code", "category"), *counts(*RECORDED_COUNTS)),
        derived("share"),
    ),
    relations=(RowSum(RECORDED_COUNTS[1:], "people"),),
    derive=_with_share_recorded,
    part="How often ethnicity is recorded",
    needs="ethnicity in the GP registrations",
    rests_on=("ethnic_group",),
)
RELEASES = (UNITS, GROUPS, GRADIENT, RECORDED)


def condition_models(
    strata: pd.DataFrame,
    practices: pd.DataFrame,
    conditions: list[Concept],
    ics_code: str,
    confidence: float,
    missing: Collection[str] = (),
    *,
    cautions: pd.Series = NO_CAUTIONS,
) -> Iterator[Model]:
    """True figures of `RELEASES`, of as much as this run has. strata: from `strata.condition_strata`.

    missing: columns of `person` that are null throughout; conditions: those that are not.
    cautions: `why` by code, of practices that are not compared.
    """
    if "ethnic_group" not in missing:
        yield aggregate(RECORDED, _recorded(strata, practices, ics_code, by_fifth="imd_quintile" not in missing))
    if not conditions:
        return
    titles = {c.concept: c.title for c in conditions}
    long = strata.melt(
        [c for c in strata if c not in titles], list(titles), var_name="condition", value_name="with_condition"
    )
    yield aggregate(UNITS, _units(long, practices, titles, ics_code, cautions))
    dimensions = {name: parts for name, parts in DIMENSIONS.items() if parts[0] not in missing}
    if "age" in missing or not dimensions:
        return
    groups = _groups(long, dimensions, ics_code, confidence)
    yield aggregate(GROUPS, _labelled(groups, titles))
    if DEPRIVATION in dimensions:
        yield aggregate(GRADIENT, _gradient(long, titles, ics_code, confidence))


def _units(
    long: pd.DataFrame, practices: pd.DataFrame, titles: dict, ics_code: str, cautions: pd.Series
) -> pd.DataFrame:
    """One row per area, condition and unit."""
    blocks = with_why(unit_blocks(long, practices, ics_code, ["condition"], COUNTS), cautions, ics_code)
    parts = [
        against_others(part, ics_code, "with_condition", "people", kind="proportion", rate=RATE)
        for _, part in blocks.groupby("condition")
    ]
    return pd.concat(parts).sort_index().assign(title=blocks["condition"].map(titles))


def _groups(long: pd.DataFrame, dimensions: Dimensions, ics_code: str, confidence: float) -> pd.DataFrame:
    """One row per area, condition, dimension and group: counts, and the share standardised for age."""
    parts = []
    for dimension, (column, order) in dimensions.items():
        rows = long.rename(columns={column: "category"})
        counts = area_blocks(rows, ics_code, ["condition", "category"], COUNTS)
        both = _in_both_areas(rows, ics_code)
        found = counts.merge(_standardised(both, confidence), how="left", on=GROUP)
        if dimension == ETHNICITY:
            found = found.merge(_bounds(both), how="left", on=GROUP)
        places = {name: place for place, name in enumerate(order, 1)}
        parts.append(found.assign(dimension=dimension, place=found["category"].map(places)))
    return pd.concat(parts, ignore_index=True)


def _in_both_areas(rows: pd.DataFrame, ics_code: str) -> pd.DataFrame:
    """Strata of every network and of the ICS in ten-year bands, as `standardised` takes them."""
    bands = ten_years(rows["age_band"].where(rows["age_band"] != NOT_KNOWN))
    rows = rows.assign(age_band=bands, events=rows["with_condition"], person_years=rows["people"])
    rows["expected"] = expected(rows.assign(age_band=bands.fillna(NOT_KNOWN)), ["condition", "age_band"])
    return pd.concat([rows.rename(columns={"pcn_code": "area_code"}), rows.assign(area_code=ics_code)])


def _standardised(both: pd.DataFrame, confidence: float, min_events: int = MIN_EVENTS) -> pd.DataFrame:
    """One row per area, condition and group: the share standardised for age, with limits."""
    standard = esp2013_ten_years()
    found = standardised(both, GROUP, standard, per=1, confidence=confidence, min_events=min_events)
    names = dict(zip(("events", "value", "lower", "upper"), ("adjusted_events", *ADJUSTED), strict=True))
    return found.rename(columns=names)


def _bounds(both: pd.DataFrame) -> pd.DataFrame:
    """One row per area, condition and ethnic group: the least and the greatest share standardised for age.

    Whatever the group of the people for whom none is recorded; on the scale of the share itself.
    """
    standard = esp2013_ten_years()
    known = both[both["age_band"].isin(standard.index)]
    columns, parts = ["events", "person_years"], []
    for (area, condition), rows in known.groupby(["area_code", "condition"]):
        sums = rows.groupby(["category", "age_band"], as_index=False)[columns].sum()
        nobody = sums["category"].isin(NO_ETHNIC_GROUP)
        complete = sums.groupby("category")["person_years"].transform(lambda years: (years > 0).sum() == len(standard))
        groups = sums[~nobody & complete].rename(columns={"category": "area_code"})
        if groups.empty:
            continue
        unknown = sums[nobody].groupby("age_band", as_index=False)[columns].sum()
        found = standardised_bounds(groups, unknown, standard, per=1)[list(BOUNDS)].rename_axis("category")
        parts.append(found.reset_index().assign(area_code=area, condition=condition))
    empty = pd.DataFrame(columns=[*GROUP, *BOUNDS])
    return pd.concat(parts, ignore_index=True) if parts else empty


def _labelled(groups: pd.DataFrame, titles: dict) -> pd.DataFrame:
    """One row per area, condition, dimension and group, with the report's labels."""
    words = groups["category"].where(groups["dimension"] != "Deprivation", groups["category"].map(QUINTILES))
    return groups.assign(title=groups["condition"].map(titles), category=words)


def _gradient(long: pd.DataFrame, titles: dict, ics_code: str, confidence: float) -> pd.DataFrame:
    """One row per area and condition: slope and relative index of inequality over fifths of deprivation."""
    known = long[long["imd_quintile"] != NOT_KNOWN].rename(columns={"imd_quintile": "category"})
    both = _in_both_areas(known, ics_code)
    sums = both.groupby(GROUP, as_index=False)[["person_years", "expected"]].sum()
    fifths = sums.merge(_standardised(both, confidence, min_events=1), on=GROUP)
    names = dict(zip(("adjusted_events", *ADJUSTED), ("events", "value", "lower", "upper"), strict=True))
    fifths = fifths.rename(columns={"person_years": "population", **names})
    fifths = fifths.assign(quantile=fifths["category"].astype(int))
    found = gradient(fifths, ["area_code", "condition"], confidence=confidence, scale="logit")
    return found.assign(title=found["condition"].map(titles))


def _recorded(strata: pd.DataFrame, practices: pd.DataFrame, ics_code: str, *, by_fifth: bool) -> pd.DataFrame:
    """One row per area, dimension and group: people, and those with an ethnic group recorded or refused."""
    rows = strata[["pcn_code", "practice_code", "imd_quintile", "age_band", "ethnic_group", "people"]].copy()
    for column, group in (("not_stated", "Not stated"), ("not_known", "Not known")):
        rows[column] = rows["people"].where(rows["ethnic_group"] == group, 0)
    rows["recorded"] = rows["people"] - rows["not_stated"] - rows["not_known"]
    numbers = list(RECORDED_COUNTS)
    units = unit_blocks(rows, practices, ics_code, [], numbers).assign(dimension="Unit", place=0)
    units = units.rename(columns={"unit_code": "category_code", "unit_name": "category"})
    if not by_fifth:
        return units
    fifths = area_blocks(rows.rename(columns={"imd_quintile": "category_code"}), ics_code, ["category_code"], numbers)
    fifths = fifths.assign(
        dimension="Deprivation",
        place=fifths["category_code"].map(list(QUINTILES).index),
        category=fifths["category_code"].map(QUINTILES),
    )
    return pd.concat([units, fifths], ignore_index=True)
