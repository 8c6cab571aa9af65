"""What the report draws of conditions that people have together: combinations, burden by age, clusters.

Released frames in, frames ready for figures and tables out; suppressed numbers are missing.
"""

from typing import Any

import numpy as np
import pandas as pd

from phm_utils.cohorts.clusters import ALL_ADULTS, REST
from phm_utils.cohorts.condition_overlap import JOINED, NONE, ONE, OTHERS
from phm_utils.cohorts.multimorbidity import BANDS
from phm_utils.cohorts.wording import in_sentence, joined
from phm_utils.methods.burden import BEFORE, NEVER, age_reached

PER = 1_000  # people
NAMING, NAMED = 3, 0.15  # conditions in a cluster's name; the share of its people who must have each
MARKED = 1.5  # how many times the adults' share a condition's must be to name a cluster
FEW = "few conditions"


def combinations(mine: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """The listed combinations of two or more conditions, per 1,000 registered here and in the ICS."""
    frame = mine.merge(whole[["combination", "share"]], on="combination", suffixes=("", "_ics"))
    frame = frame.assign(per_1000=frame["share"] * PER, per_1000_ics=frame["share_ics"] * PER)
    return frame[~frame["combination"].isin([OTHERS, ONE, NONE])].sort_values("place", ignore_index=True)


def members(frame: pd.DataFrame) -> dict[str, list[str]]:
    """The conditions of each listed combination."""
    return {name: name.split(JOINED) for name in frame["combination"]}


def how_many(both: pd.DataFrame) -> pd.DataFrame:
    """One row per area: people with none, with one and with several conditions, as counted and as shares."""
    rows = []
    for area, part in both.groupby("area", sort=False):
        at = part.set_index("combination")
        several, registered = at["with_several"].iloc[0], at["registered"].iloc[0]
        people = [at.loc[NONE, "people"], at.loc[ONE, "people"], several]
        for words, number in zip((NONE, ONE, "Two or more conditions"), people, strict=True):
            rows.append((area, words, number, number / registered * 100 if registered else pd.NA))
    frame = pd.DataFrame(rows, columns=["Area", "Conditions", "People", "Share, %"])
    return frame.astype({"People": "Int64", "Share, %": "Float64"})


def burden_lines(frame: pd.DataFrame) -> pd.DataFrame:
    """`multimorbidity_age` with the middle of each band as `age`, people of unknown deprivation left to the table."""
    known = frame[frame["quintile"].str[0].str.isdigit()]
    return known.assign(age=known["band"].map(BANDS)).sort_values(["quintile", "age"], ignore_index=True)


def burden_ages(lines: pd.DataFrame, burden: float) -> pd.DataFrame:
    """One row per fifth: the age at which the share with two or more conditions first reaches `burden`.

    Returns `quintile`, what `age_reached` gives, and `says`: the age and its range in words.
    """
    rows = [{"quintile": q, **age_reached(part, burden)} for q, part in lines.groupby("quintile", sort=True)]
    frame = pd.DataFrame(rows, columns=["quintile", "age", "earliest", "latest", "first", "last"])
    return frame.assign(says=[_age_in_words(r) for r in frame.itertuples()])


def _age_in_words(row: Any) -> str:
    if np.isnan(row.age):
        return "numbers are too small to say"
    never = "not reached" if row.last == max(BANDS.values()) else f"not reached by {row.last:.0f}"
    before = f"before {row.first:.0f}"
    if row.age == NEVER:
        return never
    if row.age == BEFORE:
        return before
    low = before if row.earliest == BEFORE else f"{row.earliest:.0f}"
    high = never if row.latest == NEVER else f"{row.latest:.0f}"
    return f"{row.age:.0f} ({low} to {high})"


def burden_table(mine: pd.DataFrame, whole: pd.DataFrame | None) -> pd.DataFrame:
    """The ages of `burden_ages` in words, one row per fifth; `whole`, the ICS's, beside a PCN's."""
    table = mine[["quintile", "says"]].rename(columns={"quintile": "Deprivation of small area", "says": "Age reached"})
    if whole is None:
        return table
    return table.assign(**{"Whole ICS": mine["quintile"].map(whole.set_index("quintile")["says"])})


def cluster_names(conditions: pd.DataFrame) -> dict[str, str]:
    """A name for each cluster from its protected counts: the conditions that mark it, most frequent first.

    A condition marks a cluster if at least 15% of its people have it and
    that is 1.5 times the share of all adults or more.
    """
    everybody = conditions[conditions["cluster"] == ALL_ADULTS].set_index("condition")["share"]
    names = {}
    for cluster, rows in conditions[~conditions["cluster"].isin([ALL_ADULTS, REST])].groupby("cluster", sort=True):
        share = rows.set_index("condition")["share"].astype("Float64")
        marks = share[(share >= NAMED) & (share >= MARKED * everybody.reindex(share.index))].fillna(0)
        top = marks.sort_values(ascending=False, kind="stable").head(NAMING).index
        names[str(cluster)] = f"{cluster}: {joined([in_sentence(c) for c in top]) if len(top) else FEW}"
    return names


def clusters(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """`segment_cluster` with names, those who are in no cluster last; they are left out where there are none."""
    shown = frame.assign(named=[names.get(c, c) for c in frame["cluster"]])
    nobody = (shown["cluster"] == REST) & shown["people"].eq(0).fillna(False)
    return shown[~nobody].sort_values("place", ignore_index=True)


def cluster_profile(conditions: pd.DataFrame, names: dict[str, str], count: int = 12) -> pd.DataFrame:
    """The share of each cluster, and of all adults, with the conditions most frequent among adults."""
    order = conditions[conditions["cluster"] == ALL_ADULTS].sort_values("share", ascending=False, kind="stable")
    leading = order["condition"].head(count).tolist()
    chosen = conditions[conditions["condition"].isin(leading) & conditions["cluster"].ne(REST)]
    chosen = chosen.assign(named=[names.get(c, c) for c in chosen["cluster"]])
    place = {name: i for i, name in enumerate([*sorted(names), ALL_ADULTS])}
    order = chosen["condition"].map({c: i for i, c in enumerate(leading)}) * len(place) + chosen["cluster"].map(place)
    return chosen.iloc[order.argsort(kind="stable")].reset_index(drop=True)


def cluster_segments(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """`segment_cluster_segment` of named clusters; segments without any adult are left out."""
    shown = frame[frame["cluster"].isin(names)].assign(named=lambda f: f["cluster"].map(names))
    # A segment that suppression hides is not empty.
    held = shown.groupby("segment")["people"].transform(lambda people: people.ne(0).fillna(True).any())
    return shown[held.astype(bool)].sort_values("place", ignore_index=True)
