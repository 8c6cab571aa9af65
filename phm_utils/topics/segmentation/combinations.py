"""Which long-term conditions people have together: exact combinations, the most frequent of the ICS in every area."""

from collections.abc import Collection, Sequence

import duckdb
import pandas as pd

from phm_utils.methods.rates import with_shares
from phm_utils.params import Disclosure
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.relations import AcrossAreas, AtMost, Parts
from phm_utils.privacy.release import AREA, PLACE, SHARES, Release, counts, keys
from phm_utils.rules.concepts import Concept, long_term_conditions

COMBINATIONS = 15  # drawn; the rest are counted together
JOINED = " + "
ONE, NONE, OTHERS = "One condition only", "None on record", "Other combinations of two or more"

OVERLAP = Release(
    "condition_overlap",
    "People by exact combination of recorded long-term conditions, and no other; the most frequent of the ICS",
    (AREA, PLACE, *keys("combination"), *counts("people", "registered", "with_several"), *SHARES),
    relations=(
        *(AcrossAreas(("people", "registered", "with_several")), Parts("people", ("combination",), "registered")),
        *(AtMost("people", "registered"), AtMost("with_several", "registered")),
    ),
    derive=with_shares,
    part="Combinations of conditions",
    needs="GP coded events",
    rests_on=("n_conditions",),
)


def conditions_known(missing: Collection[str]) -> list[Concept]:
    """The long-term conditions with data in this run; none where they cannot be counted together.

    missing: columns of `person` that are null throughout.
    """
    return [] if "n_conditions" in missing else [c for c in long_term_conditions() if c.concept not in missing]


def pattern_sql(conditions: Sequence[Concept]) -> str:
    """A person's long-term conditions as text, one character each in the order given: 1 on record, 0 not."""
    return f"concat({', '.join(f'CASE WHEN {c.concept} THEN 1 ELSE 0 END' for c in conditions)})"


def combinations(
    con: duckdb.DuckDBPyConnection, areas: Areas, conditions: Sequence[Concept], policy: Disclosure
) -> pd.DataFrame:
    """The true figures of OVERLAP: people by exact combination of long-term conditions.

    A combination of two or more is listed if it is among the most frequent of
    the ICS and not small there; the list is the same for every area, so that
    rows can be compared. They are sorted by rounded counts, so that the
    order discloses nothing more.
    """
    frame = counted(
        con, f"SELECT pcn_code, {pattern_sql(conditions)} AS pattern, count(*) AS people FROM person GROUP BY ALL"
    )
    number = frame["pattern"].str.count("1")
    titles = [c.title for c in conditions]
    frame["combination"] = _named(frame["pattern"], titles).mask(number == 1, ONE).mask(number == 0, NONE)
    listed = _most_frequent(frame[number > 1], policy)
    frame["combination"] = frame["combination"].where(number.lt(2) | frame["combination"].isin(listed), OTHERS)
    levels = pd.DataFrame({"combination": [*listed, OTHERS, ONE, NONE]})
    rows = by_area(frame.drop(columns="pattern"), levels, areas)
    rows["registered"] = rows.groupby("area_code")["people"].transform("sum")
    several = rows["people"].where(~rows["combination"].isin([ONE, NONE]), 0)
    rows["with_several"] = several.groupby(rows["area_code"]).transform("sum")
    return rows


def _named(patterns: pd.Series, titles: list[str]) -> pd.Series:
    names = {p: JOINED.join(t for t, on in zip(titles, p, strict=True) if on == "1") for p in patterns.unique()}
    return patterns.map(names).astype("str")


def _most_frequent(several: pd.DataFrame, policy: Disclosure) -> list[str]:
    """The combinations to list, most frequent first; equals by name."""
    people = several.groupby("combination")["people"].sum().rename("people").reset_index()
    people = people[people["people"] >= policy.suppress_below]
    people["rounded"] = (people["people"] / policy.round_to).round() * policy.round_to
    order = people.sort_values(["people", "combination"], ascending=[False, True]).head(COMBINATIONS)
    return order.sort_values(["rounded", "combination"], ascending=[False, True])["combination"].tolist()
