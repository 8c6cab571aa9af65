-- A new root for each person unknown to the ledger: the keyed hash of the strongest evidence unique to the
-- person, so that the same data give the same root. A root is never reused (the number may once have been
-- linked to another person): where it exists, the run's number is hashed with it.
WITH unknown AS (
    SELECT
        cluster,
        coalesce(
            'number|' || coalesce(
                min(number) FILTER (WHERE number_unique AND in_spine), min(number) FILTER (WHERE number_unique)
            ),
            'description|' || coalesce(
                min(description) FILTER (WHERE description_unique AND in_spine),
                min(description) FILTER (WHERE description_unique)
            ),
            'record|' || min(record)
        ) AS words
    FROM ledger_identity
    WHERE cluster NOT IN (SELECT matched.cluster FROM ledger_matched AS matched)
    GROUP BY cluster
),
first_choice AS (
    SELECT cluster, words, $hash_of_words::UUID AS root FROM unknown
)
SELECT
    chosen.cluster,
    CASE WHEN given.evidence IS NULL THEN chosen.root ELSE $hash_of_words_again::UUID END AS root
FROM first_choice AS chosen
LEFT JOIN ledger_before AS given ON given.rank = 0 AND given.evidence = chosen.root
