"""Unregistered people: records linked to no person of the spine, linked among themselves.

Clusters grow from the strongest pair down, and never have two different NHS
numbers, nor two identities of a contrary pair.
"""

from collections import defaultdict

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.linkage.model import LinkageModel
from phm_utils.linkage.queries import make
from phm_utils.linkage.scoring import ID, Scorer, blocking_rules, settings_for

DETERMINISTIC = 1_000.0  # bits: puts deterministic pairs before scored ones


def join_unregistered(
    con: duckdb.DuckDBPyConnection, model: LinkageModel, people: int, score: Scorer, *, contrary: str, too_little: str
) -> None:
    """After `candidate`: the temporary table `unregistered`.

    One row per identity outside the spine that is linked to none of its people:
    `person`, and `thin` where it has neither a usable number nor names with a date
    of birth (each of its records is then a person). contrary, too_little: SQL
    that is true for pairs of two people, and for pairs with too little to compare.
    """
    make(
        con,
        "unregistered_side",
        f"SELECT * FROM open_side WHERE NOT probe AND NOT registered AND {ID} NOT IN"
        f" (SELECT {ID} FROM candidate WHERE decision = 'linked' AND NOT probe) ORDER BY {ID}",
    )
    rules = blocking_rules(con, "unregistered_side", "unregistered_side")
    settings = settings_for(model, people=people, rules=rules, link_type="dedupe_only")
    score(con, "unregistered_side", None, settings, model.thresholds.review)
    members = read_sql(con, f"SELECT {ID}, own_nhs FROM unregistered_side ORDER BY {ID}")
    pairs = read_sql(con, _pairs(contrary, too_little))
    numbers = dict(members.dropna().itertuples(index=False, name=None))
    cluster = _clusters(members[ID].tolist(), numbers, pairs, model)
    con.register("_cluster", pd.DataFrame({ID: list(cluster), "cluster": list(cluster.values())}, dtype="int64"))
    make(con, "unregistered", _PERSON_SQL)
    con.unregister("_cluster")
    con.execute("DROP TABLE unregistered_side; DROP TABLE scored")


def _pairs(contrary: str, too_little: str) -> str:
    """SQL for the pairs: deterministic ones (one number and birth, or one description), and scored ones."""
    known = f"SELECT * FROM other_person SEMI JOIN unregistered_side USING ({ID})"
    return (
        f"WITH known AS ({known}), first_of_number AS (SELECT own_nhs, born, min({ID}) AS first FROM known"
        " WHERE own_nhs IS NOT NULL AND born IS NOT NULL GROUP BY ALL),"
        f" first_of_description AS (SELECT description, min({ID}) AS first FROM known WHERE description IS NOT NULL"
        " GROUP BY ALL)"
        f" SELECT first AS a, known.{ID} AS b, {DETERMINISTIC} AS weight, false AS contrary FROM known"
        f" INNER JOIN first_of_number USING (own_nhs, born) WHERE first < known.{ID}"
        f" UNION ALL SELECT first, known.{ID}, {DETERMINISTIC}, false FROM known"
        f" INNER JOIN first_of_description USING (description) WHERE first < known.{ID}"
        " UNION ALL SELECT least(left_id, right_id), greatest(left_id, right_id),"
        f" CASE WHEN NOT {too_little} THEN match_weight END, {contrary} FROM scored"
        " ORDER BY weight DESC NULLS LAST, a, b"
    )


def _clusters(
    identities: list[int], numbers: dict[int, str], pairs: pd.DataFrame, model: LinkageModel
) -> dict[int, int]:
    """The cluster (its smallest identity) of every identity."""
    contrary_to: dict[int, set[int]] = defaultdict(set)
    for a, b in pairs.loc[pairs["contrary"], ["a", "b"]].itertuples(index=False, name=None):
        contrary_to[a].add(b)
        contrary_to[b].add(a)
    cluster_of = {i: i for i in identities}
    members = {i: {i} for i in identities}
    number = {i: {numbers[i]} if i in numbers else set() for i in identities}
    strong = pairs[~pairs["contrary"] & (pairs["weight"] >= model.thresholds.accept)]
    for a, b in _unambiguous(strong, contrary_to, model.thresholds.margin):
        one, two = sorted((cluster_of[a], cluster_of[b]))
        if one == two or len(number[one] | number[two]) > 1:
            continue
        if any(contrary_to[m] & members[one] for m in members[two]):
            continue
        for member in members[two]:
            cluster_of[member] = one
        members[one] |= members.pop(two)
        number[one] |= number.pop(two)
    return cluster_of


def _unambiguous(strong: pd.DataFrame, contrary_to: dict[int, set[int]], margin: float) -> list[tuple[int, int]]:
    """The pairs in order, without those of an identity with nearly equal weights to two different people."""
    neighbours: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for a, b, weight in strong[["a", "b", "weight"]].itertuples(index=False, name=None):
        if weight < DETERMINISTIC:
            neighbours[a].append((b, weight))
            neighbours[b].append((a, weight))
    ambiguous = {
        (i, other)
        for i, near in neighbours.items()
        for other, weight in near
        if any(rival in contrary_to[other] and rival_weight > weight - margin for rival, rival_weight in near)
    }
    ordered = strong[["a", "b"]].itertuples(index=False, name=None)
    return [(a, b) for a, b in ordered if (a, b) not in ambiguous and (b, a) not in ambiguous]


# The person's value: the number unique to the cluster, else its first unique description, else its first record.
_PERSON_SQL = f"""
WITH known AS (
    SELECT other_person.*, _cluster.cluster
    FROM other_person INNER JOIN _cluster USING ({ID})
),
number_clusters AS (
    SELECT own_nhs FROM known WHERE own_nhs IS NOT NULL GROUP BY own_nhs HAVING count(DISTINCT cluster) = 1
),
description_clusters AS (
    SELECT description FROM known WHERE description IS NOT NULL GROUP BY description HAVING count(DISTINCT cluster) = 1
),
cluster_person AS (
    SELECT
        cluster,
        coalesce(
            'nhs|' || min(number_clusters.own_nhs),
            'other|' || min(description_clusters.description),
            'record|' || min(known.source || '|' || known.first_id)
        ) AS person,
        count(*) = 1 AND bool_and(
            known.own_nhs IS NULL AND (known.given IS NULL OR known.family IS NULL OR known.born IS NULL)
        ) AS thin
    FROM known
    LEFT JOIN number_clusters ON number_clusters.own_nhs = known.own_nhs
    LEFT JOIN description_clusters ON description_clusters.description = known.description
    GROUP BY cluster
)
SELECT known.{ID}, cluster_person.person, cluster_person.thin
FROM known INNER JOIN cluster_person USING (cluster)
"""
