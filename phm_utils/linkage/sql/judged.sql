-- Synthetic data only: what became of the records, beside whom they are truly about. A link is
-- right where all registrations with its token are the record's own person's.
WITH holder AS (
    SELECT token_person_id, min(person) AS person
    FROM told
    WHERE source = 'gp_registration' AND token_person_id IS NOT NULL
    GROUP BY token_person_id
    HAVING count(DISTINCT person) = 1
)
SELECT
    told.source,
    told.records,
    described.age,
    told.sex,
    true_person.ethnicity,
    told.lsoa,
    described.imd_decile,
    told.no_fixed_abode,
    true_person.person IS NOT NULL AS known_person,
    described.in_gp_extract AS linked,
    described.in_gp_extract AND coalesce(holder.person = told.person, false) AS rightly
FROM told
INNER JOIN described
    ON
        described.source = told.source
        AND described.token_person_id IS NOT DISTINCT FROM told.token_person_id
        AND described.sex IS NOT DISTINCT FROM told.sex
        AND described.birth_month IS NOT DISTINCT FROM told.birth_month
        AND described.lsoa IS NOT DISTINCT FROM told.lsoa
        AND described.no_fixed_abode IS NOT DISTINCT FROM told.no_fixed_abode
LEFT JOIN holder ON holder.token_person_id = told.token_person_id
LEFT JOIN true_person ON true_person.person = told.person
WHERE told.source <> 'gp_registration'
