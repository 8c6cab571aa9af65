-- GP events carry an NHS number and a practice: one row per pair of one source, with its person.
-- The practice's own registration with that number decides; else the number's holder; a number
-- that two people of one practice share decides nothing.
WITH pair AS (
    SELECT DISTINCT nhs_number, practice_code, $number_form AS digits
    FROM $source
    WHERE nhs_number IS NOT NULL
),
holder AS (
    SELECT gp_person.person_nhs, min(person_of.person) AS person
    FROM gp_person
    INNER JOIN person_of ON person_of.identity_id = gp_person.identity_id
    WHERE gp_person.person_nhs IS NOT NULL
    GROUP BY gp_person.person_nhs
)
SELECT
    '$source' AS source,
    pair.nhs_number,
    pair.practice_code,
    CASE WHEN at_practice.nhs_number IS NOT NULL THEN at_practice.person ELSE holder.person END AS person
FROM pair
LEFT JOIN number_at_practice AS at_practice
    ON at_practice.nhs_number = pair.nhs_number AND at_practice.practice_code = pair.practice_code
LEFT JOIN holder ON holder.person_nhs = pair.digits
