"""Long-term conditions on record, and their share of everybody registered."""

import duckdb
import pandas as pd

from phm_utils.methods.rates import with_shares
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.relations import AcrossAreas, AtMost
from phm_utils.privacy.release import AREA, PLACE, SHARES, Release, counts, keys
from phm_utils.rules.concepts import long_term_conditions

CONDITION = Release(
    "segment_condition",
    "People with each long-term condition on record, and their share of everybody registered",
    (AREA, PLACE, *keys("condition"), *counts("people", "registered"), *SHARES),
    relations=(AcrossAreas(("people", "registered")), AtMost("people", "registered")),
    derive=with_shares,
    part="Conditions",
    needs="GP coded events",
    rests_on=("n_conditions",),
)


def recorded(con: duckdb.DuckDBPyConnection, areas: Areas) -> pd.DataFrame:
    """The true figures of CONDITION."""
    known = long_term_conditions()
    sums = ", ".join(f"count(*) FILTER (WHERE {c.concept}) AS {c.concept}" for c in known)
    wide = counted(con, f"SELECT pcn_code, count(*) AS registered, {sums} FROM person GROUP BY pcn_code")
    long = wide.melt(["pcn_code", "registered"], var_name="concept", value_name="people")
    long["condition"] = long["concept"].map({c.concept: c.title for c in known})
    levels = pd.DataFrame({"condition": [c.title for c in known]})
    return by_area(long.drop(columns="concept"), levels, areas)
