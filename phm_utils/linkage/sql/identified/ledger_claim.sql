-- The evidence that people of this run claim: one row per evidence, as its keyed hash.
-- rank, strongest first: 1 NHS number and date of birth, 2 description, 3 NHS number and both names,
-- 4 the record itself, for an identity that has nothing else. A number is never evidence by itself.
-- cluster: who claims it, null where several do.
WITH claimed AS (
    SELECT 1 AS rank, '1|' || number || '|' || born AS words, cluster, number_unique AS is_unique
    FROM ledger_identity
    UNION ALL
    SELECT 2 AS rank, '2|' || description AS words, cluster, description_unique AS is_unique
    FROM ledger_identity
    UNION ALL
    SELECT 3 AS rank, '3|' || number || '|' || name AS words, cluster, number_unique AS is_unique
    FROM ledger_identity
    UNION ALL
    SELECT 4 AS rank, '4|' || record AS words, cluster, true AS is_unique
    FROM ledger_identity
    WHERE NOT (number_unique AND number IS NOT NULL AND (born IS NOT NULL OR name IS NOT NULL))
        AND NOT coalesce(description_unique, false)
),
distinct_words AS (
    SELECT words, min(rank)::TINYINT AS rank, min(cluster) FILTER (WHERE is_unique) AS cluster
    FROM claimed
    WHERE words IS NOT NULL
    GROUP BY words
)
SELECT $hash_of_words::UUID AS evidence, rank, cluster
FROM distinct_words
