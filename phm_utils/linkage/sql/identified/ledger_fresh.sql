-- A new root for each person whom the ledger does not know: the keyed hash of the best that names the
-- person alone, so that the same data give the same root. A root that was ever given before is never
-- given again (the number may have been thought another's): then the run's number is hashed with it.
WITH unknown AS (
    SELECT
        cluster,
        coalesce(
            'number|' || coalesce(
                min(number) FILTER (WHERE number_alone AND in_spine), min(number) FILTER (WHERE number_alone)
            ),
            'description|' || coalesce(
                min(description) FILTER (WHERE description_alone AND in_spine),
                min(description) FILTER (WHERE description_alone)
            ),
            'record|' || min(record)
        ) AS words
    FROM ledger_said
    WHERE cluster NOT IN (SELECT settled.cluster FROM ledger_settled AS settled)
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
