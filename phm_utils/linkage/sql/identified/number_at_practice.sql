-- The person of each NHS number at each practice that registered it; null where two people there share it.
SELECT
    registration.nhs_number,
    registration.practice_code,
    CASE WHEN count(DISTINCT linked.person) = 1 THEN min(linked.person) END AS person
FROM gp_registration AS registration
INNER JOIN person_of_record AS linked
    ON linked.source = 'gp_registration' AND linked.record_id = registration.registration_id::VARCHAR
INNER JOIN identity ON identity.identity_id = linked.identity_id AND identity.nhs IS NOT NULL
GROUP BY registration.nhs_number, registration.practice_code
