-- Every identity of the other sources, and the person whose it is.
-- 1. The number's GP person, where one of that person's identities agrees (agrees.sql), unless the
--    record is the exact description of somebody else there (a twin with the other's number).
-- 2. The one GP person of an equal description, where the record has no number, or a number whose
--    GP holder it contradicts, or that person has none: two different numbers are never joined.
-- 3. Otherwise an identity of its own: with those of the same number and date of birth, or else of
--    an equal description, or else by itself.
WITH other AS (
    SELECT * FROM identity WHERE source <> 'gp_registration'
),
holding AS (
    SELECT a.source, a.first_id, bool_or({agrees}) AS agreed
    FROM other AS a
    INNER JOIN gp_person AS b ON b.person_nhs = a.nhs
    GROUP BY a.source, a.first_id
),
described AS (
    SELECT description, min(person) AS person, min(person_nhs) AS nhs
    FROM gp_person
    WHERE description IS NOT NULL
    GROUP BY description
    HAVING count(DISTINCT person) = 1
),
evidence AS (
    SELECT
        other.*,
        coalesce(holding.agreed, false) AS agreed,
        coalesce(NOT holding.agreed, false) AS contradicted,
        described.person AS described_person,
        described.nhs AS described_nhs
    FROM other
    LEFT JOIN holding ON holding.source = other.source AND holding.first_id = other.first_id
    LEFT JOIN described ON described.description = other.description
),
decided AS (
    SELECT
        *,
        CASE
            WHEN agreed AND coalesce(described_nhs, nhs) = nhs THEN 'NHS number'
            WHEN described_person IS NOT NULL AND (nhs IS NULL OR agreed OR contradicted OR described_nhs IS NULL)
                THEN 'same description'
            ELSE 'identity of its own'
        END AS method
    FROM evidence
)
SELECT
    *,
    CASE method
        WHEN 'NHS number' THEN 'nhs|' || nhs
        WHEN 'same description' THEN described_person
        ELSE coalesce(
            CASE WHEN NOT contradicted THEN 'other|' || nhs || '|' || born::VARCHAR END,
            'other|' || description,
            source || '|' || first_id
        )
    END AS person
FROM decided
