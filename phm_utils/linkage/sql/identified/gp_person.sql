-- The spine: every identity of the registered list, and the person whose it is.
-- 1. The holder of an NHS number is its verified, then latest registration (tie: larger record id).
--    Registrations with that number are the holder's where they agree (agrees.sql).
-- 2. A registration without a number, or with an unverified one that is somebody else's, is the
--    person of the same description, if exactly one person with a number has it.
-- 3. Otherwise it is a person of its own, together with those of an equal description.
-- person: a value to be pseudonymised, never written. person_nhs: the number of that person.
WITH spine AS (
    SELECT * FROM identity WHERE source = '{spine}'
),
holder AS (
    SELECT * FROM (
        SELECT
            *,
            row_number() OVER (PARTITION BY nhs ORDER BY verified DESC, latest DESC, first_id DESC) AS turn
        FROM spine
        WHERE nhs IS NOT NULL
    ) AS ranked
    WHERE turn = 1
),
numbered AS (
    SELECT a.*, a.nhs IS NOT NULL AND (a.identity_id = b.identity_id OR {agrees}) AS agreed
    FROM spine AS a
    LEFT JOIN holder AS b ON b.nhs = a.nhs
),
described AS (
    SELECT description, min(nhs) AS nhs
    FROM numbered
    WHERE agreed AND description IS NOT NULL
    GROUP BY description
    HAVING count(DISTINCT nhs) = 1
),
decided AS (
    SELECT
        numbered.*,
        CASE
            WHEN agreed THEN numbered.nhs
            WHEN numbered.nhs IS NULL OR NOT numbered.verified THEN described.nhs
        END AS person_nhs
    FROM numbered
    LEFT JOIN described ON described.description = numbered.description
)
SELECT
    *,
    nhs IS NOT NULL AND NOT agreed AS contradicted,
    CASE
        WHEN person_nhs IS NOT NULL THEN 'nhs|' || person_nhs
        WHEN nhs IS NULL OR NOT verified THEN coalesce('gp|' || description, source || '|' || first_id)
        ELSE source || '|' || first_id
    END AS person,
    CASE
        WHEN agreed THEN 'NHS number'
        WHEN person_nhs IS NOT NULL THEN 'same description'
        ELSE 'identity of its own'
    END AS method
FROM decided
