-- The identities of one source: one row per distinct token, sex, month of birth,
-- small area and sign of no fixed abode, with the number of records that carry them.
SELECT
    '$source' AS source,
    token_person_id,
    sex,
    birth_month,
    lsoa,
    $no_fixed_abode AS no_fixed_abode,
    count(*) AS records
FROM $source
GROUP BY ALL
