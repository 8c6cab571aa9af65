"""The gap between a network's crude rate of emergency admissions and the rest of the ICS's, in parts that add up."""

import pandas as pd

from phm_utils.engine import Model
from phm_utils.methods.decomposition import gap_parts
from phm_utils.privacy.release import AREA, Release, aggregate, estimate, key
from phm_utils.rules.groups import NOT_KNOWN

GAP_PARTS = Release(
    "emergency_gap_parts",
    "What a network's crude rate of emergency admissions lies above or below the rest of the ICS's, in parts: age, "
    "deprivation, and the rest; per 1,000 people a year",
    (
        *(AREA, key("part")),
        *(estimate(name, "events", people="people_admitted") for name in ("value", "lower", "upper")),
    ),
    part="Parts of the gap in emergency admissions",
    needs="a year of admitted patient care, or a second network",
    rests_on=("emergency_admissions_12m", "age", "imd_quintile"),
    may_be_empty=True,
)
STRATA = ["age_band", "imd_quintile"]


def gap_parts_model(rows: pd.DataFrame, confidence: float, *, per: int) -> Model:
    """Figures of `emergency_gap_parts`: one row per network and part, in whole numbers.

    Whole, because a network's crude rate with decimals gives its count more exactly than the count itself is released.

    rows: strata by practice, age band and fifth of deprivation, with `pcn_code`, `events`, `event_variance`,
        `person_years` and `people_admitted`; those whose age or deprivation is not known are left out.
    """
    known = rows[(rows["age_band"] != NOT_KNOWN) & (rows["imd_quintile"] != NOT_KNOWN)]
    columns = ["events", "event_variance", "person_years", "people_admitted"]
    sums = known.groupby(["pcn_code", *STRATA], as_index=False)[columns].sum()
    sums = sums.rename(columns={"imd_quintile": "deprivation"})
    parts = []
    for code, here in sums.groupby("pcn_code"):
        rest = sums[sums["pcn_code"] != code].groupby(["age_band", "deprivation"], as_index=False)[columns].sum()
        if here["person_years"].sum() > 0 and rest["person_years"].sum() > 0:
            found = gap_parts(here, rest, per=per, confidence=confidence).round().rename_axis("part").reset_index()
            behind = {name: here[name].sum() for name in ("events", "people_admitted")}
            parts.append(found.assign(area_code=code, **behind))
    empty = pd.DataFrame(columns=["area_code", "part", "value", "lower", "upper", "events", "people_admitted"])
    return aggregate(GAP_PARTS, pd.concat(parts, ignore_index=True) if parts else empty)
