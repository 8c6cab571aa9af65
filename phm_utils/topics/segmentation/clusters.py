"""Clusters of adults by the conditions that they have together, beside the rules, and only with their stability."""

from collections.abc import Sequence

import duckdb
import numpy as np
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.methods.clustering import PATTERN, STABLE, Clustering, stable_classes
from phm_utils.methods.rates import with_rates, with_shares
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.release import Release
from phm_utils.rules.concepts import Concept
from phm_utils.topics.segmentation.combinations import pattern_sql

ADULT, SAMPLE, MIN_ADULTS = 18, 20_000, 1_000  # years; adults fitted to; fewer adults are not clustered
COMES_BACK, HALF, NOT_SHOWN = "Stable", "A pattern", "Not shown"
REST, ALL_ADULTS = "In no cluster that comes back", "All adults"
LETTERS = "ABCDEFGH"
PLACED = "cluster_placed"  # a temporary table: each pattern's cluster


def cluster_releases(
    con: duckdb.DuckDBPyConnection,
    areas: Areas,
    conditions: Sequence[Concept],
    segments: pd.DataFrame,
    activities: tuple[str, ...],
    *,
    seed: int,
) -> list[Release]:
    """Latent classes of the ICS's adults by their recorded long-term conditions; none for a small ICS.

    Fitted to a random sample of adults, without age, use or deprivation:
    those describe a cluster and do not make it. Every adult is then placed, so
    sizes are counts of people. A cluster that does not come back in resamples
    is not shown; its people are counted together. How often each comes back is
    of the sample; people of one PCN never have a clustering of their own.
    """
    adults = counted(
        con,
        f"SELECT {pattern_sql(conditions)} AS pattern, count(*) AS people "
        f"FROM person WHERE age >= {ADULT} GROUP BY pattern ORDER BY pattern",
    )
    if adults["people"].sum() < MIN_ADULTS:
        return []
    found, placed = _cluster(adults, seed)
    con.register("_placed", placed)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {PLACED} AS SELECT * FROM _placed")
    con.unregister("_placed")
    names = pd.DataFrame({"cluster": [*_shown(found), REST]})
    return [
        _sizes(con, areas, conditions, names, found, activities),
        _conditions(con, areas, conditions, names),
        _across(con, areas, conditions, names, segments),
        _tried(areas, found, int(adults["people"].sum())),
    ]


def _cluster(adults: pd.DataFrame, seed: int) -> tuple[Clustering, pd.DataFrame]:
    """The clustering, and each pattern's cluster: a letter, or REST where it does not come back."""
    patterns = np.array([list(text) for text in adults["pattern"]], dtype=float)
    people = adults["people"].to_numpy()
    if people.sum() > SAMPLE:
        people = np.random.default_rng(seed).multivariate_hypergeometric(people, SAMPLE, method="marginals")
    drawn = people > 0
    found = stable_classes(patterns[drawn], people[drawn], seed=seed)
    if found.classes is None:
        return found, adults[["pattern"]].assign(cluster=REST)
    names = np.array([LETTERS[i] if j >= PATTERN else REST for i, j in enumerate(found.jaccard)], dtype=object)
    return found, adults[["pattern"]].assign(cluster=names[found.classes.place(patterns)])


def _shown(found: Clustering) -> dict[str, float]:
    """The clusters that come back, by letter, with their stability."""
    return {LETTERS[i]: float(j) for i, j in enumerate(found.jaccard) if j >= PATTERN}


def _sizes(
    con: duckdb.DuckDBPyConnection,
    areas: Areas,
    conditions: Sequence[Concept],
    names: pd.DataFrame,
    found: Clustering,
    activities: tuple[str, ...],
) -> Release:
    sums = "".join(f", sum({a}) AS {a}" for a in activities)
    frame = counted(
        con, f"SELECT pcn_code, cluster, count(*) AS people{sums} {_adults(conditions)} GROUP BY pcn_code, cluster"
    )
    rows = by_area(frame, names, areas)
    rows["registered"] = rows.groupby("area_code")["people"].transform("sum")
    rows = rows.merge(_median_ages(con, areas, conditions), how="left", on=["area_code", "cluster"])
    stability = _shown(found)
    rows["jaccard"] = rows["cluster"].map(stability)
    rows["verdict"] = [_verdict(stability.get(c)) for c in rows["cluster"]]
    return Release(
        "segment_cluster",
        "Adults by cluster of the conditions that they have together, how well each cluster comes back (mean Jaccard "
        "similarity over resamples), median age, contacts per 1,000",
        rows,
        ("area_code", "place", "cluster", "verdict"),
        counts=("people", "registered", *activities),
        estimates={"median_age": "people", "jaccard": "registered"},
        derive=lambda shown: with_rates(with_shares(shown), events=activities),
    )


def _verdict(jaccard: float | None) -> str:
    return NOT_SHOWN if jaccard is None else COMES_BACK if jaccard > STABLE else HALF


def _adults(conditions: Sequence[Concept]) -> str:
    """FROM and WHERE of adults with their cluster."""
    return (
        f"FROM (SELECT *, {pattern_sql(conditions)} AS pattern FROM person WHERE age >= {ADULT}) AS adult "
        f"INNER JOIN {PLACED} USING (pattern)"
    )


def _median_ages(con: duckdb.DuckDBPyConnection, areas: Areas, conditions: Sequence[Concept]) -> pd.DataFrame:
    return read_sql(
        con,
        f"SELECT coalesce(pcn_code, '{areas.ics_code}') AS area_code, cluster, median(age) AS median_age "
        f"{_adults(conditions)} GROUP BY GROUPING SETS ((pcn_code, cluster), (cluster))",
    )


def _conditions(
    con: duckdb.DuckDBPyConnection, areas: Areas, conditions: Sequence[Concept], names: pd.DataFrame
) -> Release:
    """For the ICS alone: clusters are found there, and in a PCN most of these counts are small."""
    sums = ", ".join(f"count(*) FILTER (WHERE {c.concept}) AS {c.concept}" for c in conditions)
    wide = counted(
        con,
        f"SELECT coalesce(cluster, '{ALL_ADULTS}') AS cluster, count(*) AS in_cluster, {sums} "
        f"{_adults(conditions)} GROUP BY GROUPING SETS ((cluster), ())",
    )
    long = wide.melt(["cluster", "in_cluster"], var_name="concept", value_name="people")
    long["condition"] = long["concept"].map({c.concept: c.title for c in conditions})
    order = {name: i for i, name in enumerate([*names["cluster"], ALL_ADULTS])}
    long["place"] = long["cluster"].map(order) * len(conditions) + long["concept"].map(
        {c.concept: i for i, c in enumerate(conditions, start=1)}
    )
    return Release(
        "segment_cluster_condition",
        "Adults of the ICS with each long-term condition on record, by cluster; share of the cluster",
        long.assign(area_code=areas.ics_code),
        ("area_code", "place", "cluster", "condition"),
        counts=("people", "in_cluster"),
        derive=_with_share_of_cluster,
    )


def _across(
    con: duckdb.DuckDBPyConnection,
    areas: Areas,
    conditions: Sequence[Concept],
    names: pd.DataFrame,
    segments: pd.DataFrame,
) -> Release:
    frame = counted(
        con,
        f"SELECT pcn_code, cluster, segment, count(*) AS people {_adults(conditions)} "
        "INNER JOIN segment USING (person_id, pcn_code) GROUP BY ALL",
    )
    rows = by_area(frame, names.merge(segments, how="cross"), areas)
    rows["in_cluster"] = rows.groupby(["area_code", "cluster"])["people"].transform("sum")
    return Release(
        "segment_cluster_segment",
        "Adults by cluster and segment; share of the cluster",
        rows,
        ("area_code", "place", "cluster", "segment"),
        counts=("people", "in_cluster"),
        derive=_with_share_of_cluster,
    )


def _with_share_of_cluster(shown: pd.DataFrame) -> pd.DataFrame:
    return with_shares(shown, of="in_cluster")


def _tried(areas: Areas, found: Clustering, adults: int) -> Release:
    """Figures of models, about no group of people: estimates on all adults. Nothing where one class describes them."""
    return Release(
        "segment_cluster_tried",
        "Numbers of clusters tried: how alike clusterings of resamples are (mean adjusted Rand index), the least "
        "stable cluster's Jaccard similarity, how many clusters are stable or a pattern, and which number was taken",
        found.tried.assign(
            area_code=areas.ics_code,
            adults=adults,
            taken=found.tried["clusters"].eq(0 if found.classes is None else len(found.classes.share)),
        ),
        ("area_code", "clusters", "stable", "pattern", "taken"),
        estimates={"rand": "adults", "lowest": "adults"},
    )
