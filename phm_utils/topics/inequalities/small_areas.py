"""Small areas: people, and emergency admissions over those expected, drawn towards what areas like them have.

A small area has few admissions a year, and its own ratio is mostly chance. Ratios are pooled (`methods.pooling`)
over all areas of the ICS with their deprivation, and an area is told apart by the probability that its ratio
lies above 1: among many areas that are equal nearly none is.
"""

import duckdb
import pandas as pd

from phm_utils.engine import Model, guarded, present_tables, read_sql
from phm_utils.engine.sql_files import raw, sql_file
from phm_utils.methods.pooling import MIN_UNITS, pool_rates
from phm_utils.methods.rates import proportion
from phm_utils.privacy.relations import AtMost
from phm_utils.privacy.release import AREA, Release, aggregate, count, derived, estimate, key, keys
from phm_utils.topics.inequalities.standard import expected

# Without names of small areas, their codes are shown.
NO_AREAS = "CREATE TEMP VIEW area AS SELECT NULL::VARCHAR AS lsoa, NULL::VARCHAR AS lsoa_name WHERE false"
MIN_PEOPLE = 100  # at the ICS's edge, fewer registered people do not represent a small area
RATIO = ("ratio", "ratio_lower", "ratio_upper", "probability_more")
PROBABLE = 0.9  # of a ratio above 1, or below it: nine of ten areas so marked are truly above, or below
MORE, FEWER, CANNOT_TELL = "Probably more than expected", "Probably fewer than expected", "Cannot be told"


def _derived(shown: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The crude share with the condition and its limits, from protected counts; and the ratio in words."""
    if "with_condition" in shown:
        limits = proportion(shown["with_condition"], shown["people"], confidence)
        shown = shown.assign(share=limits["value"], lower=limits["lower"], upper=limits["upper"])
    if "ratio" in shown:
        likely = shown["probability_more"]
        words = pd.Series(CANNOT_TELL, index=shown.index).mask(likely >= PROBABLE, MORE)
        words = words.mask(likely <= 1 - PROBABLE, FEWER)
        shown = shown.assign(against_age=words.where(shown["ratio"].notna()))
    return shown


SMALL_AREAS = Release(
    "small_areas",
    "People registered in each small area, those with the condition, and emergency admissions over those expected",
    (
        *(AREA, *keys("lsoa", "lsoa_name", "pcn_code"), key("imd_decile", "int")),
        *(count("people"), count("with_condition", optional=True)),
        *(estimate(name, "events", people="people_admitted", optional=True) for name in RATIO),
        *(derived(name, optional=True) for name in ("share", "lower", "upper")),
        derived("against_age", "text", optional=True),
    ),
    relations=(AtMost("with_condition", "people"),),
    derive=_derived,
    parameters=("confidence",),
    part="The map",
    needs="small areas where at least 100 people are registered",
    rests_on=("lsoa",),
)


def small_area_model(
    con: duckdb.DuckDBPyConnection, strata: pd.DataFrame | None, condition: str | None, ics_code: str, confidence: float
) -> Model:
    """True figures of `small_areas`: one row per area and small area.

    A small area belongs to the network with which most of its people are
    registered (tie: the lower code), and shows everybody registered in the
    ICS who lives there, in that network's block and the ICS's alike.
    strata: `strata.emergency_strata` by `lsoa`, or None without admissions.
    condition: the concept counted in `with_condition`, or None without GP events.
    """
    places = _places(con, condition)
    if strata is not None:
        places = places.merge(_ratios(strata, places, confidence), how="left")
    if not condition:
        places = places.drop(columns="with_condition")
    blocks = pd.concat([places.assign(area_code=places["pcn_code"]), places.assign(area_code=ics_code)])
    return aggregate(SMALL_AREAS, blocks)


def _places(con: duckdb.DuckDBPyConnection, condition: str | None) -> pd.DataFrame:
    """Small areas with MIN_PEOPLE or more, their network, deprivation and people; see `sql/small_area.sql`."""
    having = f"count(*) FILTER (WHERE {condition})" if condition else "NULL::BIGINT"
    with guarded("Counting people by small area"):
        if "area" not in present_tables(con):
            con.execute(NO_AREAS)
        sql = sql_file("topics/inequalities", "small_area", with_condition=raw(having), min_people=MIN_PEOPLE)
        return read_sql(con, sql)


def _ratios(strata: pd.DataFrame, places: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Pooled ratios of admissions over those expected of each small area, with limits and `probability_more`.

    Expected: had each age band the rate that it has in the whole ICS. Counts are divided by what
    repeat admissions add to their variance, so that chance is what Poisson counts have. All are
    NaN where fewer than ten areas can be pooled.
    """
    strata = strata.assign(expected=expected(strata, ["age_band"]))
    sums = strata.groupby("lsoa")[["events", "expected", "event_variance", "people_admitted"]].sum()
    repeats = sums["event_variance"].sum() / max(sums["events"].sum(), 1)
    sums = sums.reindex(places["lsoa"]).fillna(0.0)
    x, n = sums["events"] / repeats, sums["expected"] / repeats
    found = pd.DataFrame(float("nan"), index=sums.index, columns=list(RATIO))
    if (n > 0).sum() >= MIN_UNITS and x[n > 0].sum() > 0:
        deprivation = places.set_index("lsoa")["imd_decile"].astype(float)
        pooled = pool_rates(x, n, _covariate(deprivation), confidence=confidence)
        found = pooled[["value", "lower", "upper", "exceedance"]].set_axis(list(RATIO), axis=1)
    return found.join(sums[["events", "people_admitted"]]).reset_index()


def _covariate(deprivation: pd.Series) -> pd.Series | None:
    """Deciles of deprivation, or none where some area has none or all have the same."""
    return deprivation if deprivation.notna().all() and deprivation.nunique() > 1 else None
