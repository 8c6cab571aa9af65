"""Two or more long-term conditions by age and deprivation: the counts behind the age at which a burden is reached."""

import duckdb
import pandas as pd

from phm_utils.methods.rates import with_shares
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.relations import AcrossAreas, AtMost
from phm_utils.privacy.release import AREA, PLACE, SHARES, Release, counts, keys
from phm_utils.rules.groups import QUINTILES, AgeBands, fifth_sql

SEVERAL = 2  # conditions, from which people count
FROM_AGE, WIDTH = 20, 10  # years
TEN_YEARS = AgeBands(tuple(range(FROM_AGE, 90, WIDTH)))
# Each band and its middle, in years; the open one is taken to be as wide as the others.
BANDS = {name: start + WIDTH / 2 for name, start in zip(TEN_YEARS.names, TEN_YEARS.starts, strict=True)}

MULTIMORBIDITY = Release(
    "multimorbidity_age",
    "People aged 20 and over with two or more long-term conditions on record, by deprivation and age",
    (AREA, PLACE, *keys("quintile", "band"), *counts("people", "registered"), *SHARES),
    relations=(AcrossAreas(("people", "registered")), AtMost("people", "registered")),
    derive=with_shares,
    part="Several conditions by age and deprivation",
    needs="GP coded events or small areas",
    rests_on=("n_conditions", "age", "imd_quintile"),
)


def multimorbidity(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    """The true figures of MULTIMORBIDITY: people by deprivation, age and whether they have two or more conditions.

    Counts, not estimates: shares and ages are computed from the protected
    counts, so they disclose nothing more than the table.
    """
    frame = counted(
        con,
        f"SELECT pcn_code, {fifth_sql()} AS quintile, {TEN_YEARS.sql()} AS band, count(*) AS registered, "
        f"count(*) FILTER (WHERE n_conditions >= {SEVERAL}) AS people "
        f"FROM person WHERE age >= {FROM_AGE} GROUP BY ALL",
    )
    levels = pd.DataFrame({"quintile": QUINTILES}).merge(pd.DataFrame({"band": list(BANDS)}), how="cross")
    return by_area(frame, levels, areas)
