-- The GP spine: one row per token, with the sex, month of birth, ethnicity, small area, address and
-- practice of its current registration, which is the one that began last. Tie rule: of two begun on one
-- day, the larger registration_id. left_gp says that this registration has ended,
-- if on a day that could not be read.
SELECT
    token_person_id, sex, birth_month, ethnicity, lsoa, household_token, pcn_code,
    registered_to IS NOT NULL OR contains(coalesce(nulled_fields, ''), 'registered_to:') AS left_gp
FROM (
    SELECT
        registration.*,
        CASE WHEN practice.of_ics THEN practice.pcn_code END AS pcn_code,
        row_number() OVER (
            PARTITION BY token_person_id ORDER BY registered_from DESC, registration_id DESC
        ) AS place
    FROM gp_registration AS registration
    LEFT JOIN practice ON practice.practice_code = registration.practice_code
    WHERE token_person_id IS NOT NULL
) AS registrations
WHERE place = 1
