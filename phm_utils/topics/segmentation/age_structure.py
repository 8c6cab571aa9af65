"""People registered, by age and sex."""

import duckdb
import pandas as pd

from phm_utils.methods.rates import with_shares
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.relations import AcrossAreas, AtMost, Parts
from phm_utils.privacy.release import AREA, PLACE, SHARES, Release, counts, keys
from phm_utils.rules.groups import AGE_BANDS, NOT_KNOWN, SEXES

AGE_SEX = Release(
    "segment_age_sex",
    "People registered, by age band and sex",
    (AREA, PLACE, *keys("age_band", "sex"), *counts("people", "registered"), *SHARES),
    relations=(
        *(AcrossAreas(("people", "registered")), Parts("people", ("age_band", "sex"), "registered")),
        AtMost("people", "registered"),
    ),
    derive=with_shares,
    part="Ages and sexes",
    needs="months of birth or sexes in the GP registrations",
    rests_on=("age", "sex"),
)


def age_sex(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    """The true figures of AGE_SEX."""
    frame = counted(
        con,
        f"SELECT pcn_code, coalesce(age_band, '{NOT_KNOWN}') AS age_band, sex, count(*) AS people "
        "FROM person GROUP BY ALL",
    )
    bands = [*AGE_BANDS, *([NOT_KNOWN] if (frame["age_band"] == NOT_KNOWN).any() else [])]
    levels = pd.DataFrame({"age_band": bands}).merge(pd.DataFrame({"sex": SEXES}), how="cross")
    frame = by_area(frame, levels, areas)
    frame["registered"] = frame.groupby("area_code")["people"].transform("sum")
    return frame
