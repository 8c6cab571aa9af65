"""Who lives here: people registered by age and sex."""

import duckdb
import pandas as pd

from phm_utils.methods.rates import with_shares
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.release import Release
from phm_utils.rules.columns import AGE_BANDS, SEXES
from phm_utils.rules.groups import NOT_KNOWN


def age_sex_release(con: duckdb.DuckDBPyConnection, areas: Areas) -> Release:
    frame = counted(
        con,
        f"SELECT pcn_code, coalesce(age_band, '{NOT_KNOWN}') AS age_band, sex, count(*) AS people "
        "FROM person GROUP BY ALL",
    )
    bands = [*AGE_BANDS, *([NOT_KNOWN] if (frame["age_band"] == NOT_KNOWN).any() else [])]
    levels = pd.DataFrame({"age_band": bands}).merge(pd.DataFrame({"sex": SEXES}), how="cross")
    frame = by_area(frame, levels, areas)
    frame["registered"] = frame.groupby("area_code")["people"].transform("sum")
    return Release(
        "segment_age_sex",
        "People registered, by age band and sex",
        frame,
        ("area_code", "place", "age_band", "sex"),
        counts=("people", "registered"),
        derive=with_shares,
    )
