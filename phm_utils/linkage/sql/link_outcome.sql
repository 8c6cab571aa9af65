-- Synthetic data only: each record's link and its true person. A link is correct
-- where all registrations with its token are of the record's true person.
WITH holder AS (
    SELECT token_person_id, min(person) AS person
    FROM true_record
    WHERE source = 'gp_registration' AND token_person_id IS NOT NULL
    GROUP BY token_person_id
    HAVING count(DISTINCT person) = 1
)
SELECT
    true_record.source,
    true_record.records,
    identity_attributes.age,
    true_record.sex,
    true_person.ethnicity,
    true_record.lsoa,
    identity_attributes.imd_decile,
    true_record.no_fixed_abode,
    true_person.person IS NOT NULL AS known_person,
    identity_attributes.in_gp_extract AS linked,
    identity_attributes.in_gp_extract AND coalesce(holder.person = true_record.person, false) AS correct
FROM true_record
INNER JOIN identity_attributes
    ON
        identity_attributes.source = true_record.source
        AND identity_attributes.token_person_id IS NOT DISTINCT FROM true_record.token_person_id
        AND identity_attributes.sex IS NOT DISTINCT FROM true_record.sex
        AND identity_attributes.birth_month IS NOT DISTINCT FROM true_record.birth_month
        AND identity_attributes.lsoa IS NOT DISTINCT FROM true_record.lsoa
        AND identity_attributes.no_fixed_abode IS NOT DISTINCT FROM true_record.no_fixed_abode
LEFT JOIN holder ON holder.token_person_id = true_record.token_person_id
LEFT JOIN true_person ON true_person.person = true_record.person
WHERE true_record.source <> 'gp_registration'
