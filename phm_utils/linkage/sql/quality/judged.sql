-- Synthetic data only: what became of each record, beside whom it is truly about. A link is right
-- where all registrations of its person are the record's own true person's.
WITH holder AS (
    SELECT person_of.person, min(told.true_person) AS true_person
    FROM told
    INNER JOIN person_of ON person_of.identity_id = told.identity_id
    WHERE told.source = 'gp_registration'
    GROUP BY person_of.person
    HAVING count(DISTINCT told.true_person) = 1
)
SELECT
    told.source,
    told.records,
    described.age,
    described.sex,
    true_person.ethnicity,
    described.lsoa,
    described.imd_decile,
    described.no_fixed_abode,
    true_person.person IS NOT NULL AS known_person,
    described.linked,
    described.linked AND coalesce(holder.true_person = told.true_person, false) AS rightly
FROM told
INNER JOIN described ON described.identity_id = told.identity_id
LEFT JOIN holder ON holder.person = described.person
LEFT JOIN true_person ON true_person.person = told.true_person
