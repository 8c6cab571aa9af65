-- The identities on which the linkage was tested, as described; ethnicity is the true person's.
SELECT
    probe.source,
    probe.true_person,
    probe.found_person,
    described.age,
    described.sex,
    described.lsoa,
    described.imd_decile,
    described.no_fixed_abode,
    known_ethnicity.ethnicity,
    true AS known_person
FROM probe
INNER JOIN described ON described.identity_id = probe.identity_id
LEFT JOIN known_ethnicity ON known_ethnicity.person = probe.true_person
