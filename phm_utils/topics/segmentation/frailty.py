"""Frailty and polypharmacy: people by category of each score and age."""

import duckdb
import pandas as pd

from phm_utils.methods.rates import with_shares
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.relations import AcrossAreas, AtMost, Parts
from phm_utils.privacy.release import AREA, PLACE, SHARES, Release, counts, keys
from phm_utils.rules.groups import AgeBands

AGES = AgeBands((18, 65, 75, 85))
FRAILTY_AGE = AGES.names[1:]  # the ages for which frailty scores are meant
EFI, HFRS, MEDICINES = "Frailty by eFI", "Hospital frailty risk", "Repeat medicines"
MEDICINES_SQL = "CASE WHEN severe_polypharmacy THEN '10 or more' WHEN polypharmacy THEN '5 to 9' ELSE 'Under 5' END"
# Each score: the columns it needs, its category as SQL, its ages and its categories in order.
SCORES = {
    EFI: (("efi_category",), "efi_category", FRAILTY_AGE, ("Fit", "Mild", "Moderate", "Severe")),
    HFRS: (("hfrs_category",), "hfrs_category", FRAILTY_AGE, ("Low", "Intermediate", "High")),
    MEDICINES: (
        ("polypharmacy", "severe_polypharmacy"),
        MEDICINES_SQL,
        AGES.names,
        ("Under 5", "5 to 9", "10 or more"),
    ),
}
BY_SCORE = ("score", "age_group", "category")

FRAILTY = Release(
    "segment_scores",
    "People by frailty score or number of repeat medicines, and age; share of the people of that age",
    (AREA, PLACE, *keys(*BY_SCORE), *counts("people", "registered"), *SHARES),
    relations=(
        *(AcrossAreas(("people", "registered")), Parts("people", ("category",), "registered")),
        AtMost("people", "registered"),
    ),
    derive=with_shares,
    part="Frailty and repeat medicines",
    needs="GP coded events, medicines and hospital admissions",
    one_of=("efi_category", "hfrs_category", "polypharmacy"),
)


def scores(con: duckdb.DuckDBPyConnection, areas: Areas, missing: set[str]) -> pd.DataFrame | None:
    """The true figures of FRAILTY, for the scores that could be made; None where none could.

    missing: columns null throughout this run.
    """
    known = {name: score for name, score in SCORES.items() if not missing & set(score[0])}
    if not known:
        return None
    parts = [
        counted(
            con,
            f"SELECT pcn_code, '{name}' AS score, {AGES.sql()} AS age_group, {sql} AS category, count(*) AS people "
            f"FROM person WHERE {AGES.sql()} IN ({', '.join(map(repr, ages))}) AND ({sql}) IS NOT NULL GROUP BY ALL",
        )
        for name, (_, sql, ages, _) in known.items()
    ]
    levels = pd.DataFrame(
        [(name, age, word) for name, (_, _, ages, words) in known.items() for age in ages for word in words],
        columns=list(BY_SCORE),
    )
    rows = by_area(pd.concat(parts, ignore_index=True), levels, areas)
    rows["registered"] = rows.groupby(["area_code", "score", "age_group"])["people"].transform("sum")
    return rows
