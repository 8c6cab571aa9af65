"""Clusters of adults by their long-term conditions, with the stability of each cluster."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import ClassVar

import duckdb
import numpy as np
import pandas as pd

from phm_utils.engine import Model, read_sql
from phm_utils.measures.segments import NEEDED_RULES
from phm_utils.methods.clustering import PATTERN, STABLE, Clustering, stable_classes
from phm_utils.methods.rates import with_rates, with_shares
from phm_utils.params import RunParams, Workbook, of_run
from phm_utils.privacy.blocks import Areas, by_area, counted
from phm_utils.privacy.relations import AcrossAreas, AtMost, Parts
from phm_utils.privacy.release import AREA, PLACE, SHARES, Release, aggregate, counts, estimate, key, keys
from phm_utils.rules.concepts import Concept
from phm_utils.rules.derived import columns_missing
from phm_utils.topics.segmentation.combinations import conditions_known, pattern_sql
from phm_utils.topics.segmentation.segment_use import EVENT_COUNTS, EVENT_RATES, EVENTS, EVENTS_ADD_UP, contact_sums

ADULT, SAMPLE, MIN_ADULTS = 18, 20_000, 1_000  # years; adults fitted to; fewer adults are not clustered
STABLE_CLUSTER, PATTERN_CLUSTER, NOT_SHOWN = "Stable", "A pattern", "Not shown"
NOT_CLUSTERED, ALL_ADULTS = "In no cluster shown", "All adults"
LETTERS = "ABCDEFGH"
ADULTS, ASKED = "GP coded events of a thousand adults or more", ("n_conditions", "age")  # what clusters need
TRIED_TYPES = {"clusters": "int64", "bic_gain": "float64", "rand": "float64", "lowest": "float64",
               "stable": "int64", "pattern": "int64"}  # fmt: skip
with_share_of_cluster = partial(with_shares, of="in_cluster")


def _with_rates(shown: pd.DataFrame) -> pd.DataFrame:
    return with_rates(with_shares(shown), events=EVENTS)


SIZE = Release(
    "segment_cluster",
    "Adults by cluster of the conditions that they have together, the stability of each cluster (mean Jaccard "
    "similarity over resamples), median age, contacts per 1,000",
    (
        *(AREA, PLACE, *keys("cluster", "verdict"), *counts("people", "registered"), *EVENT_COUNTS),
        *(estimate("median_age", "people"), estimate("jaccard", "registered"), *SHARES, *EVENT_RATES),
    ),
    relations=(
        *(AcrossAreas(("people", "registered")), *EVENTS_ADD_UP),
        *(Parts("people", ("cluster", "verdict"), "registered"), AtMost("people", "registered")),
    ),
    derive=_with_rates,
    part="Clusters",
    needs=ADULTS,
    rests_on=ASKED,
)
# For the ICS alone: clusters are found there, and in a PCN most of these counts are small.
CONDITION = Release(
    "segment_cluster_condition",
    "Adults of the ICS with each long-term condition on record, by cluster; share of the cluster",
    (AREA, PLACE, *keys("cluster", "condition"), *counts("people", "in_cluster"), *SHARES),
    relations=(AtMost("people", "in_cluster"),),
    derive=with_share_of_cluster,
    part="Conditions by cluster",
    needs=ADULTS,
    rests_on=ASKED,
)
SEGMENT = Release(
    "segment_cluster_segment",
    "Adults by cluster and segment; share of the cluster",
    (AREA, PLACE, *keys("cluster", "segment"), *counts("people", "in_cluster"), *SHARES),
    relations=(
        *(AcrossAreas(("people", "in_cluster")), Parts("people", ("segment",), "in_cluster")),
        AtMost("people", "in_cluster"),
    ),
    derive=with_share_of_cluster,
    part="Clusters by segment",
    needs=f"{ADULTS}, or {NEEDED_RULES}",
    rests_on=ASKED,
)
# Figures of models, about no group of people: estimates on all adults. No rows where one class describes them.
TRIED = Release(
    "segment_cluster_tried",
    "Numbers of clusters tried: how alike clusterings of resamples are (mean adjusted Rand index), the least "
    "stable cluster's Jaccard similarity, how many clusters are stable or a pattern, and which number was taken",
    (
        *(AREA, key("clusters", "int"), key("stable", "int"), key("pattern", "int"), key("taken", "bool")),
        *(estimate("rand", "adults"), estimate("lowest", "adults")),
    ),
    part="Stability of clusters",
    needs=ADULTS,
    rests_on=ASKED,
)
RELEASES = (SIZE, CONDITION, SEGMENT, TRIED)


class ClusterSeed(RunParams):
    """The random seed of the clusters, a parameter of 02_segmentation_annex."""

    NOTEBOOK: ClassVar[str] = "02_segmentation_annex"

    seed: int = of_run(20250331, ge=0, description="of the sample and the resamples of the clusters")


def clusters(con: duckdb.DuckDBPyConnection, workbook: Workbook) -> Iterator[Model]:
    """The stage: latent classes of the ICS's adults by their recorded long-term conditions; none for a small ICS.

    Fitted to a random sample of adults, without age, use or deprivation:
    those describe a cluster and do not define it. Stability is that of the
    sample; a PCN has no clustering of its own.

    cluster_of_pattern: each pattern of conditions and its cluster, a letter, or
        NOT_CLUSTERED where that is not stable. Every adult is assigned, so
        sizes are counts of people. cluster_stability: each cluster and its mean
        Jaccard similarity. cluster_number: see `Clustering.tried`.
    """
    missing = columns_missing(con)
    conditions = conditions_known(missing)
    if not conditions or "age" in missing:
        return
    adults = counted(
        con,
        f"SELECT {pattern_sql(conditions)} AS pattern, count(*) AS people "
        f"FROM person WHERE age >= {ADULT} GROUP BY pattern ORDER BY pattern",
    )
    if adults["people"].sum() < MIN_ADULTS:
        return
    found, assigned = _cluster(adults, ClusterSeed.run_values(workbook)["seed"])
    letters = pd.DataFrame({"cluster": list(LETTERS[: len(found.jaccard)]), "jaccard": found.jaccard})
    yield Model("cluster_of_pattern", ("pattern",), frame=assigned.astype("str"))
    yield Model("cluster_stability", ("cluster",), frame=letters.astype({"cluster": "str", "jaccard": "float64"}))
    yield Model("cluster_number", ("clusters",), frame=found.tried.astype(TRIED_TYPES))


def _cluster(adults: pd.DataFrame, seed: int) -> tuple[Clustering, pd.DataFrame]:
    """The clustering, and each pattern's cluster: a letter, or NOT_CLUSTERED where it is not stable."""
    patterns = np.array([list(text) for text in adults["pattern"]], dtype=float)
    people = adults["people"].to_numpy()
    if people.sum() > SAMPLE:
        people = np.random.default_rng(seed).multivariate_hypergeometric(people, SAMPLE, method="marginals")
    drawn = people > 0
    found = stable_classes(patterns[drawn], people[drawn], seed=seed)
    if found.classes is None:
        return found, adults[["pattern"]].assign(cluster=NOT_CLUSTERED)
    names = np.array([LETTERS[i] if j >= PATTERN else NOT_CLUSTERED for i, j in enumerate(found.jaccard)], dtype=object)
    return found, adults[["pattern"]].assign(cluster=names[found.classes.place(patterns)])


def cluster_tables(
    con: duckdb.DuckDBPyConnection, areas: Areas, segments: pd.DataFrame | None, missing: Collection[str]
) -> Iterator[Model]:
    """The true figures of RELEASES, for a run that has clusters. segments: None where nobody is placed in one.

    A cluster that is not stable is not shown; people of all such clusters are
    counted together.
    """
    conditions = conditions_known(missing)
    found = read_sql(con, "SELECT cluster, jaccard FROM cluster_stability ORDER BY cluster")
    stability = found[found["jaccard"] >= PATTERN].set_index("cluster")["jaccard"].to_dict()
    names = pd.DataFrame({"cluster": [*stability, NOT_CLUSTERED]})
    yield aggregate(SIZE, _sizes(con, areas, conditions, names, stability, contact_sums(missing)))
    yield aggregate(CONDITION, _conditions(con, areas, conditions, names))
    if segments is not None:
        yield aggregate(SEGMENT, _across(con, areas, conditions, names, segments))
    yield aggregate(TRIED, _tried(con, areas, len(found)))


def _sizes(
    con: duckdb.DuckDBPyConnection,
    areas: Areas,
    conditions: Sequence[Concept],
    names: pd.DataFrame,
    stability: dict[str, float],
    contacts: list[str],
) -> pd.DataFrame:
    sums = ", ".join(["count(*) AS people", *contacts])
    frame = counted(con, f"SELECT pcn_code, cluster, {sums} {_adults(conditions)} GROUP BY pcn_code, cluster")
    rows = by_area(frame, names, areas)
    rows["registered"] = rows.groupby("area_code")["people"].transform("sum")
    rows = rows.merge(_median_ages(con, areas, conditions), how="left", on=["area_code", "cluster"])
    rows["jaccard"] = rows["cluster"].map(stability).astype("float64")
    rows["verdict"] = [_verdict(stability.get(c)) for c in rows["cluster"]]
    return rows


def _verdict(jaccard: float | None) -> str:
    return NOT_SHOWN if jaccard is None else STABLE_CLUSTER if jaccard > STABLE else PATTERN_CLUSTER


def _adults(conditions: Sequence[Concept]) -> str:
    """FROM and WHERE of adults with their cluster."""
    return (
        f"FROM (SELECT *, {pattern_sql(conditions)} AS pattern FROM person WHERE age >= {ADULT}) AS adult "
        "INNER JOIN cluster_of_pattern USING (pattern)"
    )


def _median_ages(con: duckdb.DuckDBPyConnection, areas: Areas, conditions: Sequence[Concept]) -> pd.DataFrame:
    return read_sql(
        con,
        f"SELECT coalesce(pcn_code, '{areas.ics_code}') AS area_code, cluster, median(age) AS median_age "
        f"{_adults(conditions)} GROUP BY GROUPING SETS ((pcn_code, cluster), (cluster))",
    )


def _conditions(
    con: duckdb.DuckDBPyConnection, areas: Areas, conditions: Sequence[Concept], names: pd.DataFrame
) -> pd.DataFrame:
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
    return long.assign(area_code=areas.ics_code)


def _across(
    con: duckdb.DuckDBPyConnection,
    areas: Areas,
    conditions: Sequence[Concept],
    names: pd.DataFrame,
    segments: pd.DataFrame,
) -> pd.DataFrame:
    frame = counted(
        con,
        f"SELECT pcn_code, cluster, segment, count(*) AS people {_adults(conditions)} "
        "INNER JOIN segment USING (person_id, pcn_code) GROUP BY ALL",
    )
    rows = by_area(frame, names.merge(segments, how="cross"), areas)
    rows["in_cluster"] = rows.groupby(["area_code", "cluster"])["people"].transform("sum")
    return rows


def _tried(con: duckdb.DuckDBPyConnection, areas: Areas, taken: int) -> pd.DataFrame:
    frame = read_sql(con, "SELECT * FROM cluster_number ORDER BY clusters")
    [(adults,)] = con.execute(f"SELECT count(*) FROM person WHERE age >= {ADULT}").fetchall()
    return frame.assign(area_code=areas.ics_code, adults=adults, taken=frame["clusters"].eq(taken))
