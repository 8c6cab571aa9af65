"""Two or more long-term conditions by age and deprivation: the counts behind the age at which a burden is reached."""

import duckdb
import pandas as pd

from phm_utils.methods.rates import with_shares
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.release import Release
from phm_utils.rules.groups import QUINTILE_SQL, QUINTILES

SEVERAL = 2  # conditions, from which people count
FROM_AGE, LAST_BAND, WIDTH = 20, 80, 10  # years: bands of ten years; the last is open
OPEN_WIDTH = 10  # years that the last band is taken to span, for its middle
BANDS = {
    **{f"{low}-{low + WIDTH - 1}": low + WIDTH / 2 for low in range(FROM_AGE, LAST_BAND, WIDTH)},
    f"{LAST_BAND}+": LAST_BAND + OPEN_WIDTH / 2,
}  # each band and its middle, in years
BAND_SQL = (
    f"CASE WHEN age >= {LAST_BAND} THEN '{LAST_BAND}+' ELSE CAST(age // {WIDTH} * {WIDTH} AS VARCHAR) || '-' || "
    f"CAST(age // {WIDTH} * {WIDTH} + {WIDTH - 1} AS VARCHAR) END"
)


def multimorbidity_release(con: duckdb.DuckDBPyConnection, areas: Areas) -> Release:
    """`multimorbidity_age`: people aged 20 and over by deprivation, age and whether they have two or more conditions.

    Counts and not estimates: shares and the ages made of them rest on what
    is shown, so they tell no more than the table does.
    """
    frame = counted(
        con,
        f"SELECT pcn_code, {QUINTILE_SQL} AS quintile, {BAND_SQL} AS band, count(*) AS registered, "
        f"count(*) FILTER (WHERE n_conditions >= {SEVERAL}) AS people "
        f"FROM person WHERE age >= {FROM_AGE} GROUP BY ALL",
    )
    levels = pd.DataFrame({"quintile": QUINTILES}).merge(pd.DataFrame({"band": list(BANDS)}), how="cross")
    return Release(
        "multimorbidity_age",
        "People aged 20 and over with two or more long-term conditions on record, by deprivation and age",
        by_area(frame, levels, areas),
        ("area_code", "place", "quintile", "band"),
        counts=("people", "registered"),
        derive=with_shares,
    )
