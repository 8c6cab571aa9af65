-- The spine: every identity of the registered list, with its person.
-- 1. The holder of an NHS number is its verified, then latest registration (tie: larger record id).
--    Registrations with that number are the holder's where they agree (agrees.sql).
-- 2. A registration without a number, or with an unverified one of another person, is the
--    person of the same description, if exactly one person with a number has it.
-- 3. Otherwise it is a separate person, together with those of an equal description.
-- person: a value to be pseudonymised, never written. person_nhs: the number of that person.
WITH spine AS (
    SELECT * FROM identity WHERE source = '$spine'
),
one_registration AS (
    SELECT nhs FROM spine WHERE nhs IS NOT NULL GROUP BY nhs HAVING count(*) = 1
),
shared AS (
    SELECT * FROM spine WHERE nhs IS NOT NULL AND nhs NOT IN (FROM one_registration)
),
holder AS (
    SELECT * FROM (
        SELECT *, row_number() OVER (PARTITION BY nhs ORDER BY verified DESC, latest DESC, first_id DESC) AS turn
        FROM shared
    ) AS ranked
    WHERE turn = 1
),
disagreeing AS (
    SELECT a.identity_id
    FROM shared AS a
    INNER JOIN holder AS b ON b.nhs = a.nhs
    WHERE a.identity_id <> b.identity_id AND NOT ($agrees)
),
numbered AS (
    SELECT *, nhs IS NOT NULL AND identity_id NOT IN (FROM disagreeing) AS agreed
    FROM spine
),
described AS (
    SELECT description, min(nhs) AS nhs
    FROM numbered
    WHERE agreed AND description IN (SELECT description FROM numbered WHERE NOT agreed AND description IS NOT NULL)
    GROUP BY description
    HAVING min(nhs) = max(nhs)
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
        WHEN nhs IS NULL OR NOT verified THEN coalesce('gp|' || description, 'record|' || source || '|' || first_id)
        ELSE 'record|' || source || '|' || first_id
    END AS person,
    CASE
        WHEN agreed THEN 'NHS number'
        WHEN person_nhs IS NOT NULL THEN 'same description'
        ELSE 'identity of its own'
    END AS method
FROM decided
