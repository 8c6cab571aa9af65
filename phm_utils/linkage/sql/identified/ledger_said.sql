-- What each identity says of the person whom the linkage found it to be: one row per identity, or per
-- record where the identity says too little to tell that its records are one person's (thin).
-- number: the NHS number, null where it is somebody else's: contradicted, or held by another person.
--    Its holder is the one person of the spine who has it, else the one person of any source.
--    number_alone is false where several may hold it and none does: then it identifies nobody.
-- description: names, birth, postcode and sex, null where any is missing; description_alone is false
--    where several people have it.
WITH said AS (
    SELECT
        ledger_person.cluster,
        identity.source = '$spine' AS in_spine,
        CASE WHEN NOT coalesce(person_of.contradicted, false) THEN identity.nhs END AS number,
        identity.born::VARCHAR AS born,
        identity.family || '|' || identity.given AS name,
        identity.family || '|' || identity.given || '|' || identity.born::VARCHAR || '|' || identity.place
        || '|' || identity.known_sex AS description,
        identity.source || '|' || identity.first_id AS record
    FROM person_of
    INNER JOIN ledger_person ON ledger_person.person = person_of.person
    INNER JOIN identity ON identity.identity_id = person_of.identity_id
    WHERE NOT person_of.thin
    UNION ALL
    SELECT
        cluster, false AS in_spine, NULL AS number, NULL AS born, NULL AS name, NULL AS description, record
    FROM ledger_thin
),
holder AS (
    SELECT
        number,
        CASE
            WHEN min(cluster) FILTER (WHERE in_spine) = max(cluster) FILTER (WHERE in_spine)
                THEN min(cluster) FILTER (WHERE in_spine)
            WHEN min(cluster) = max(cluster) THEN min(cluster)
        END AS cluster
    FROM said
    WHERE number IS NOT NULL
    GROUP BY number
),
described AS (
    SELECT description, min(cluster) = max(cluster) AS alone
    FROM said
    WHERE description IS NOT NULL
    GROUP BY description
)
SELECT
    said.cluster,
    said.in_spine,
    CASE WHEN coalesce(holder.cluster, said.cluster) = said.cluster THEN said.number END AS number,
    holder.cluster IS NOT NULL AS number_alone,
    said.born,
    said.name,
    said.description,
    described.alone AS description_alone,
    said.record
FROM said
LEFT JOIN holder ON holder.number = said.number
LEFT JOIN described ON described.description = said.description
