-- The evidence of each identity for its person: one row per identity, or per
-- record where the identity is thin (see person_of.sql).
-- number: the NHS number, null where it is another person's: contradicted, or with another holder.
--    Its holder is the one person of the spine who has it, else the one person of any source.
--    number_unique is false where several people have it and none is its holder.
-- description: names, birth, postcode and sex, null where any is missing; description_unique is false
--    where several people have it.
WITH identity_evidence AS (
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
    FROM identity_evidence
    WHERE number IS NOT NULL
    GROUP BY number
),
described AS (
    SELECT description, min(cluster) = max(cluster) AS alone
    FROM identity_evidence
    WHERE description IS NOT NULL
    GROUP BY description
)
SELECT
    identity_evidence.cluster,
    identity_evidence.in_spine,
    CASE WHEN coalesce(holder.cluster, identity_evidence.cluster) = identity_evidence.cluster THEN identity_evidence.number END AS number,
    holder.cluster IS NOT NULL AS number_unique,
    identity_evidence.born,
    identity_evidence.name,
    identity_evidence.description,
    described.alone AS description_unique,
    identity_evidence.record
FROM identity_evidence
LEFT JOIN holder ON holder.number = identity_evidence.number
LEFT JOIN described ON described.description = identity_evidence.description
