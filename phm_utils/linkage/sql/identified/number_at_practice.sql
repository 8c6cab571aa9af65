-- Whose each NHS number is at each practice that registered it; null where two people there share it.
SELECT
    registration.nhs_number,
    registration.practice_code,
    CASE WHEN count(DISTINCT found.person) = 1 THEN min(found.person) END AS person
FROM gp_registration AS registration
INNER JOIN person_of_record AS found
    ON found.source = 'gp_registration' AND found.record_id = registration.registration_id::VARCHAR
INNER JOIN identity ON identity.identity_id = found.identity_id AND identity.nhs IS NOT NULL
GROUP BY registration.nhs_number, registration.practice_code
