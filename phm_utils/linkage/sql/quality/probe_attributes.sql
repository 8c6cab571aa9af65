-- The identities on which the linkage was tested, with their characteristics; ethnicity is the true person's.
SELECT
    probe.source,
    probe.true_person,
    probe.found_person,
    identity_attributes.age,
    identity_attributes.sex,
    identity_attributes.lsoa,
    identity_attributes.imd_decile,
    identity_attributes.no_fixed_abode,
    known_ethnicity.ethnicity,
    true AS known_person
FROM probe
INNER JOIN identity_attributes ON identity_attributes.identity_id = probe.identity_id
LEFT JOIN known_ethnicity ON known_ethnicity.person = probe.true_person
