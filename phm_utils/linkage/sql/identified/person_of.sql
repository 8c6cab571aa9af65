-- Every identity once, with its person and its method.
-- thin: neither a usable number nor both names and a date of birth: each such record is a person.
WITH joined AS (
    SELECT identity_id, person, match_weight, confirmed
    FROM candidate
    WHERE decision = 'linked' AND NOT probe
),
moved AS (
    -- a person of the spine without a number who turned out to be one with a number
    SELECT gp_person.person AS from_person, min(joined.person) AS to_person
    FROM joined
    INNER JOIN gp_person ON gp_person.identity_id = joined.identity_id
    GROUP BY gp_person.person
    HAVING count(DISTINCT joined.person) = 1
),
everybody AS (
    SELECT
        identity_id, source, first_id, records, person, method, NULL::DOUBLE AS match_weight, contradicted,
        nhs IS NULL AND (given IS NULL OR family IS NULL OR born IS NULL) AND method = 'identity of its own' AS thin
    FROM gp_person
    UNION ALL
    SELECT
        other_person.identity_id, other_person.source, other_person.first_id, other_person.records,
        coalesce(other_person.person, joined.person, unregistered.person),
        CASE
            WHEN other_person.person IS NOT NULL THEN other_person.method
            WHEN joined.confirmed THEN 'clerical review'
            WHEN joined.person IS NOT NULL THEN 'probabilistic'
            WHEN unregistered.thin THEN 'no usable identifier'
            ELSE 'identity of its own'
        END,
        joined.match_weight,
        other_person.contradicted,
        other_person.person IS NULL AND joined.person IS NULL AND coalesce(unregistered.thin, false)
    FROM other_person
    LEFT JOIN joined ON joined.identity_id = other_person.identity_id
    LEFT JOIN unregistered ON unregistered.identity_id = other_person.identity_id
)
SELECT
    everybody.identity_id,
    everybody.source,
    everybody.first_id,
    everybody.records,
    coalesce(moved.to_person, everybody.person) AS person,
    CASE WHEN moved.to_person IS NOT NULL AND everybody.method = 'identity of its own' THEN 'probabilistic' ELSE everybody.method END AS method,
    everybody.match_weight,
    everybody.contradicted,
    everybody.thin AND moved.to_person IS NULL AS thin
FROM everybody
LEFT JOIN moved ON moved.from_person = everybody.person
