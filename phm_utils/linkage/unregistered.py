"""Unregistered people: records linked to no person of the spine, linked among themselves.

Clusters grow from the strongest pair down, and never have two different NHS
numbers, two plainly different births, nor two identities of a contrary pair.
"""

from collections import defaultdict
from itertools import product

import duckdb
import pandas as pd

from phm_utils.engine import read_sql
from phm_utils.linkage.births import births_apart
from phm_utils.linkage.model import LinkageModel
from phm_utils.linkage.queries import make
from phm_utils.linkage.scoring import ID, Scorer, blocking_rules, settings_for
from phm_utils.linkage.vetoes import contrary, too_little, unclear

DETERMINISTIC = 1_000.0  # bits: puts deterministic pairs before scored ones


def join_unregistered(con: duckdb.DuckDBPyConnection, model: LinkageModel, people: int, score: Scorer) -> None:
    """After `candidate` and `crowd`: the temporary table `unregistered`.

    One row per identity outside the spine that is linked to none of its people:
    `person`, and `thin` where it has neither a usable number nor names with a date
    of birth (each of its records is then a person).
    """
    make(
        con,
        "unregistered_side",
        f"SELECT * FROM open_side WHERE NOT probe AND NOT registered AND {ID} NOT IN"
        f" (SELECT {ID} FROM candidate WHERE decision = 'linked' AND NOT probe) ORDER BY {ID}",
    )
    rules = blocking_rules(con, "unregistered_side", "unregistered_side")
    [(listed,)] = con.execute("SELECT count(*) FROM unregistered_side").fetchall()
    settings = settings_for(model, people=people or listed, rules=rules, link_type="dedupe_only")
    score(con, "unregistered_side", None, settings, model.thresholds.review)
    members = read_sql(con, f"SELECT {ID}, own_nhs, born FROM unregistered_side ORDER BY {ID}")
    pairs = read_sql(con, _pairs(model))
    numbers, births = (dict(members[[ID, c]].dropna().itertuples(index=False, name=None)) for c in ("own_nhs", "born"))
    births = births if "born" in model.thresholds.contrary else {}
    cluster = _clusters(members[ID].tolist(), numbers, pairs, model, births)
    con.register("_cluster", pd.DataFrame({ID: list(cluster), "cluster": list(cluster.values())}, dtype="int64"))
    make(con, "unregistered", _PERSON_SQL)
    con.unregister("_cluster")
    con.execute("DROP TABLE unregistered_side; DROP TABLE scored")


def _pairs(model: LinkageModel) -> str:
    """SQL for the pairs: deterministic ones (one number and birth, or one description), and scored ones."""
    known = f"SELECT * FROM other_person SEMI JOIN unregistered_side USING ({ID})"
    one_number = "coalesce(l.own_nhs = r.own_nhs, false)"
    held = f"{too_little(model)} OR ({unclear(model, 'l', 'r')} AND NOT {one_number})"
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
        f" CASE WHEN NOT ({held}) THEN match_weight END, {contrary(model, 'l', 'r')} FROM scored"
        f" INNER JOIN unregistered_side AS l ON l.{ID} = left_id INNER JOIN unregistered_side AS r ON r.{ID} = right_id"
        " ORDER BY weight DESC NULLS LAST, a, b"
    )


def _clusters(
    identities: list[int],
    numbers: dict[int, str],
    pairs: pd.DataFrame,
    model: LinkageModel,
    births: dict[int, str] | None = None,
) -> dict[int, int]:
    """The cluster (its smallest identity) of every identity. births: eight digits."""
    contrary_to = _contrary_pairs(pairs)
    cluster_of = {i: i for i in identities}
    members = {i: {i} for i in identities}
    number, born = (_each(identities, known) for known in (numbers, births or {}))
    strong = pairs[~pairs["contrary"] & (pairs["weight"] >= model.thresholds.accept)]
    for a, b in _unambiguous(strong, contrary_to, model.thresholds.margin):
        one, two = sorted((cluster_of[a], cluster_of[b]))
        if one == two or len(number[one] | number[two]) > 1:
            continue
        if any(contrary_to[m] & members[one] for m in members[two]):
            continue
        if any(births_apart(x, y) for x, y in product(born[one], born[two])):
            continue
        for member in members[two]:
            cluster_of[member] = one
        members[one] |= members.pop(two)
        number[one] |= number.pop(two)
        born[one] |= born.pop(two)
    return cluster_of


def _each(identities: list[int], known: dict[int, str]) -> dict[int, set[str]]:
    """What is known of each identity, as a set of at most one."""
    return {i: {known[i]} if i in known else set() for i in identities}


def _contrary_pairs(pairs: pd.DataFrame) -> dict[int, set[int]]:
    contrary_to: dict[int, set[int]] = defaultdict(set)
    for a, b in pairs.loc[pairs["contrary"], ["a", "b"]].itertuples(index=False, name=None):
        contrary_to[a].add(b)
        contrary_to[b].add(a)
    return contrary_to


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
