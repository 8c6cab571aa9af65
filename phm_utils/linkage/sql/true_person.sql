-- Synthetic data only: the true people of the GP extract, with the ethnicity of their registration
-- begun last (tie: the larger registration_id).
SELECT
    truth.person,
    max_by(gp_registration.ethnicity, (gp_registration.registered_from, gp_registration.registration_id)) AS ethnicity
FROM gp_registration
INNER JOIN $truth AS truth
    ON truth.table_name = 'gp_registration' AND truth.record_id::VARCHAR = gp_registration.registration_id
GROUP BY truth.person
