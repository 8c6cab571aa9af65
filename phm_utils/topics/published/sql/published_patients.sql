-- One row per practice x small area (LSOA 2011) where its registered patients live.
-- IMD 2019 joins LSOAs of 2011, and only those.
WITH of_icb AS (
    SELECT DISTINCT lookup.lsoa11
    FROM raw_lookup AS lookup JOIN raw_geography AS geography ON geography.lsoa = lookup.lsoa21
)
SELECT
    registrations.practice_code,
    practice.pcn_code,
    registrations.lsoa AS lsoa11,
    registrations.patients::BIGINT AS patients,
    CASE
        WHEN of_icb.lsoa11 IS NOT NULL THEN 'In the ICB'
        WHEN regexp_matches(registrations.lsoa, '^E01[0-9]{6}$') THEN 'Elsewhere in England'
        WHEN regexp_matches(registrations.lsoa, '^W01[0-9]{6}$') THEN 'In Wales'
        WHEN regexp_matches(registrations.lsoa, '^(S01|95|N2)') THEN 'In Scotland or Northern Ireland'
        ELSE 'Address not placed'
    END AS residence,
    imd.imd_decile::INTEGER AS imd_decile,
    imd.imd_score
FROM (
    SELECT practice_code, lsoa, sum(patients) AS patients FROM raw_registrations GROUP BY practice_code, lsoa
) AS registrations
JOIN published_practice AS practice USING (practice_code)
LEFT JOIN of_icb ON of_icb.lsoa11 = registrations.lsoa
LEFT JOIN raw_imd2019 AS imd ON imd.lsoa = registrations.lsoa
