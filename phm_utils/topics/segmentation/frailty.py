"""Frailty and polypharmacy: people by category of each score and age."""

import duckdb
import pandas as pd

from phm_utils.methods.rates import with_shares
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.release import Release

OLDER = ("65-74", "75-84", "85+")  # the ages for which frailty scores are meant
AGES = ("18-64", *OLDER)
AGE_SQL = (
    "CASE WHEN age >= 85 THEN '85+' WHEN age >= 75 THEN '75-84' WHEN age >= 65 THEN '65-74' "
    "WHEN age >= 18 THEN '18-64' END"
)
EFI, HFRS, MEDICINES = "Frailty by eFI", "Hospital frailty risk", "Repeat medicines"
MEDICINES_SQL = "CASE WHEN severe_polypharmacy THEN '10 or more' WHEN polypharmacy THEN '5 to 9' ELSE 'Under 5' END"
# Each score: the columns it needs, its category as SQL, its ages and its categories in order.
SCORES = {
    EFI: (("efi_category",), "efi_category", OLDER, ("Fit", "Mild", "Moderate", "Severe")),
    HFRS: (("hfrs_category",), "hfrs_category", OLDER, ("Low", "Intermediate", "High")),
    MEDICINES: (("polypharmacy", "severe_polypharmacy"), MEDICINES_SQL, AGES, ("Under 5", "5 to 9", "10 or more")),
}


def score_release(con: duckdb.DuckDBPyConnection, areas: Areas, missing: set[str]) -> list[Release]:
    """`segment_scores`: people by score, age and category; none where no score could be made.

    missing: columns null throughout this run.
    """
    known = {name: score for name, score in SCORES.items() if not missing & set(score[0])}
    if not known:
        return []
    parts = [
        counted(
            con,
            f"SELECT pcn_code, '{name}' AS score, {AGE_SQL} AS age_group, {sql} AS category, count(*) AS people "
            f"FROM person WHERE {AGE_SQL} IN ({', '.join(map(repr, ages))}) AND ({sql}) IS NOT NULL GROUP BY ALL",
        )
        for name, (_, sql, ages, _) in known.items()
    ]
    keys = ["score", "age_group", "category"]
    levels = pd.DataFrame(
        [(name, age, word) for name, (_, _, ages, words) in known.items() for age in ages for word in words],
        columns=keys,
    )
    rows = by_area(pd.concat(parts, ignore_index=True), levels, areas)
    rows["registered"] = rows.groupby(["area_code", "score", "age_group"])["people"].transform("sum")
    return [
        Release(
            "segment_scores",
            "People by frailty score or number of repeat medicines, and age; share of the people of that age",
            rows,
            ("area_code", "place", *keys),
            counts=("people", "registered"),
            derive=with_shares,
        )
    ]
