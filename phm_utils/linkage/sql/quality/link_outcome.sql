-- Synthetic data only: each record's link and its true person. A link is correct
-- where all registrations of its person are of the record's true person.
WITH holder AS (
    SELECT person_of.person, min(true_record.true_person) AS true_person
    FROM true_record
    INNER JOIN person_of ON person_of.identity_id = true_record.identity_id
    WHERE true_record.source = 'gp_registration'
    GROUP BY person_of.person
    HAVING count(DISTINCT true_record.true_person) = 1
)
SELECT
    true_record.source,
    true_record.records,
    identity_attributes.age,
    identity_attributes.sex,
    true_person.ethnicity,
    identity_attributes.lsoa,
    identity_attributes.imd_decile,
    identity_attributes.no_fixed_abode,
    true_person.person IS NOT NULL AS known_person,
    identity_attributes.linked,
    identity_attributes.linked AND coalesce(holder.true_person = true_record.true_person, false) AS correct
FROM true_record
INNER JOIN identity_attributes ON identity_attributes.identity_id = true_record.identity_id
LEFT JOIN holder ON holder.person = identity_attributes.person
LEFT JOIN true_person ON true_person.person = true_record.true_person
