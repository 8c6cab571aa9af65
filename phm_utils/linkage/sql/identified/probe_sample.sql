-- Identities linked by their NHS number, up to $probes of each source, chosen by a hash of their
-- first_id: linked again without the number, they measure the linkage of records that have none.
-- described_person: the person by the description alone.
WITH chosen AS (
    SELECT identity_id, source, records, person, description
    FROM other_person
    WHERE method = 'NHS number'
    QUALIFY row_number() OVER (PARTITION BY source ORDER BY md5(source || '|' || first_id), identity_id) <= $probes
),
described AS (
    SELECT description, min(person) AS person
    FROM gp_person
    WHERE description IN (SELECT description FROM chosen WHERE description IS NOT NULL)
    GROUP BY description
    HAVING min(person) = max(person)
)
SELECT chosen.identity_id, chosen.source, chosen.records, chosen.person AS true_person, described.person AS described_person
FROM chosen
LEFT JOIN described ON described.description = chosen.description
