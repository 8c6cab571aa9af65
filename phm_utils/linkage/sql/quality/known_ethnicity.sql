-- The ethnicity of each person of the GP extract: that of the registration begun last (tie: the
-- larger registration_id).
SELECT
    linked.person,
    max_by(given.ethnicity, (given.registered_from, given.registration_id)) AS ethnicity
FROM gp_registration AS given
INNER JOIN person_of_record AS linked
    ON linked.source = 'gp_registration' AND linked.record_id = given.registration_id
GROUP BY linked.person
