"""Small areas: people, and observed over expected emergency admissions."""

import duckdb
import pandas as pd

from phm_utils.engine import Model, guarded, present_tables, read_sql
from phm_utils.engine.sql_files import raw, sql_file
from phm_utils.methods.rates import direct_rate, expected_events, proportion
from phm_utils.privacy.relations import AtMost
from phm_utils.privacy.release import AREA, Release, aggregate, count, derived, estimate, key, keys

# Without names of small areas, their codes are shown.
NO_AREAS = "CREATE TEMP VIEW area AS SELECT NULL::VARCHAR AS lsoa, NULL::VARCHAR AS lsoa_name WHERE false"
MIN_PEOPLE = 100  # at the ICS's edge, fewer registered people do not represent a small area
RATIO = ("ratio", "ratio_lower", "ratio_upper")
ONE_STRATUM = pd.Series({"all": 1.0})


def _derived(shown: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The crude share with the condition and its limits, from protected counts; and the ratio in words."""
    if "with_condition" in shown:
        limits = proportion(shown["with_condition"], shown["people"], confidence)
        shown = shown.assign(share=limits["value"], lower=limits["lower"], upper=limits["upper"])
    if "ratio" in shown:
        words = pd.Series("Not clearly different", index=shown.index)
        words = words.mask(shown["ratio_lower"] > 1, "More than expected").mask(
            shown["ratio_upper"] < 1, "Fewer than expected"
        )
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
        places = places.merge(_ratios(strata[strata["lsoa"].isin(places["lsoa"])], strata, confidence), how="left")
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


def _ratios(strata: pd.DataFrame, standard: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Observed over expected admissions of each small area, with limits that allow for repeats.

    Expected: had each age band the rate that it has in the whole ICS. The
    ratio is a rate per expected admission: one stratum of `direct_rate`.
    """
    whole = standard.groupby("age_band")[["events", "person_years"]].sum()
    expected = expected_events(strata.rename(columns={"lsoa": "area_code"}), whole["events"] / whole["person_years"])
    sums = strata.groupby("lsoa")[["events", "event_variance"]].sum().assign(person_years=expected, age_band="all")
    sums = sums[sums["person_years"] > 0].rename_axis("area_code").reset_index()
    found = direct_rate(sums, ONE_STRATUM, per=1, confidence=confidence)
    found = found.set_axis(["events", *RATIO], axis=1).rename_axis("lsoa").reset_index()
    return found.merge(strata.groupby("lsoa", as_index=False)["people_admitted"].sum(), on="lsoa")
