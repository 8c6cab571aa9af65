-- Every identity of the other sources, with its person by the deterministic rules.
-- 1. The number's GP person, where one of that person's identities agrees (agrees.sql), unless the
--    record is the exact description of somebody else there, or has the forename of somebody else
--    there with its date of birth and its surname or address (a twin with the other's number).
-- 2. The one GP person of an equal description, where the record has no number, or a number that its
--    GP holder contradicts, or that person has none: two different numbers are never joined.
-- An identity that neither rule links has no person yet. own_nhs: the record's number, unless contradicted.
WITH other AS (
    SELECT * FROM identity WHERE source <> '$spine'
),
holding AS (
    SELECT
        a.identity_id,
        bool_or($agrees) AS agreed,
        bool_or(coalesce(a.root = b.root OR jaro_winkler_similarity(a.given, b.given) >= 0.8, a.given IS NULL)
            OR b.given IS NULL OR coalesce(jaro_winkler_similarity(a.given, b.family) >= 0.85, false)) AS forename_agrees
    FROM other AS a
    INNER JOIN gp_person AS b ON b.person_nhs = a.nhs
    GROUP BY a.identity_id
),
sibling AS (
    SELECT DISTINCT a.identity_id
    FROM holding
    INNER JOIN other AS a ON a.identity_id = holding.identity_id
    INNER JOIN gp_person AS b ON b.born = a.born AND b.root = a.root
    WHERE holding.agreed AND NOT holding.forename_agrees
        AND b.person_nhs IS DISTINCT FROM a.nhs
        AND (a.family = b.family OR a.address = b.address OR a.place = b.place)
),
described AS (
    SELECT description, min(person) AS person, min(person_nhs) AS nhs
    FROM gp_person
    WHERE description IN (SELECT description FROM other WHERE description IS NOT NULL)
    GROUP BY description
    HAVING min(person) = max(person)
),
evidence AS (
    SELECT
        other.*,
        coalesce(holding.agreed AND sibling.identity_id IS NULL, false) AS agreed,
        coalesce(NOT holding.agreed OR sibling.identity_id IS NOT NULL, false) AS contradicted,
        described.person AS described_person,
        described.nhs AS described_nhs
    FROM other
    LEFT JOIN holding ON holding.identity_id = other.identity_id
    LEFT JOIN sibling ON sibling.identity_id = other.identity_id
    LEFT JOIN described ON described.description = other.description
),
decided AS (
    SELECT
        *,
        CASE
            WHEN agreed AND coalesce(described_nhs, nhs) = nhs THEN 'NHS number'
            WHEN described_person IS NOT NULL AND (nhs IS NULL OR agreed OR contradicted OR described_nhs IS NULL)
                THEN 'same description'
        END AS method
    FROM evidence
)
SELECT
    *,
    CASE WHEN NOT contradicted THEN nhs END AS own_nhs,
    CASE method WHEN 'NHS number' THEN 'nhs|' || nhs WHEN 'same description' THEN described_person END AS person
FROM decided
