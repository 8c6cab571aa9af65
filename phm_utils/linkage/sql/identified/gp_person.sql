-- The GP spine: every identity of the registrations, and the person whose it is.
-- 1. The holder of an NHS number is its verified, then latest registration (tie: larger row id).
--    Registrations with that number are the holder's where they agree (agrees.sql).
-- 2. A registration without a number, or whose number is somebody else's, is the person of the
--    same description, if exactly one person with a number has it.
-- 3. Otherwise it is a person of its own, together with those of an equal description.
-- person: a value to be pseudonymised, never written. person_nhs: the number of that person.
WITH spine AS (
    SELECT * FROM identity WHERE source = 'gp_registration'
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
    SELECT a.*, a.nhs IS NOT NULL AND (a.first_id = b.first_id OR {agrees}) AS agreed
    FROM spine AS a
    LEFT JOIN holder AS b ON b.nhs = a.nhs
),
described AS (
    SELECT description, min(nhs) AS nhs
    FROM numbered
    WHERE agreed
    GROUP BY description
    HAVING count(DISTINCT nhs) = 1
)
SELECT
    numbered.*,
    numbered.nhs IS NOT NULL AND NOT agreed AS contradicted,
    CASE WHEN agreed THEN numbered.nhs ELSE described.nhs END AS person_nhs,
    CASE
        WHEN agreed THEN 'nhs|' || numbered.nhs
        WHEN described.nhs IS NOT NULL THEN 'nhs|' || described.nhs
        ELSE coalesce('gp|' || numbered.description, 'gp_registration|' || numbered.first_id)
    END AS person,
    CASE
        WHEN agreed THEN 'NHS number'
        WHEN described.nhs IS NOT NULL THEN 'same description'
        ELSE 'identity of its own'
    END AS method
FROM numbered
LEFT JOIN described ON described.description = numbered.description
