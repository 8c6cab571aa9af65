-- Who is missed: records linked and not linked to a person in the GP extract, by what the record
-- itself says and by network (see settled.sql). Ethnicity is known from the GP extract alone, so
-- nobody who is missed has one.
-- Ages are completed years at the extract's end (see resident.sql).
WITH extract_end AS (
    SELECT quantile_disc(registered_from, 0.999) AS last_day FROM gp_registration
),
described AS (
    SELECT
        settled.pcn_code,
        settled.source,
        settled.in_gp_extract,
        settled.records,
        date_diff('month', settled.birth_month, extract_end.last_day) // 12 AS age,
        settled.sex,
        (area.imd_decile + 1) // 2 AS imd_quintile,
        settled.lsoa,
        settled.no_fixed_abode
    FROM settled
    CROSS JOIN extract_end
    LEFT JOIN {area} AS area ON area.lsoa = settled.lsoa
    WHERE settled.source IN ({identity_sources})
),
grouped AS (
    SELECT
        pcn_code, source, in_gp_extract, records, 'Age' AS characteristic,
        CASE
            WHEN age IS NULL THEN 'Not known'
            WHEN age < 18 THEN '0-17'
            WHEN age < 40 THEN '18-39'
            WHEN age < 65 THEN '40-64'
            WHEN age < 80 THEN '65-79'
            ELSE '80+'
        END AS category
    FROM described
    UNION ALL
    SELECT
        pcn_code, source, in_gp_extract, records, 'Sex',
        CASE sex WHEN '1' THEN 'Male' WHEN '2' THEN 'Female' ELSE 'Other or not known' END
    FROM described
    UNION ALL
    SELECT
        pcn_code, source, in_gp_extract, records, 'Deprivation',
        CASE
            WHEN imd_quintile = 1 THEN '1 (most deprived)'
            WHEN imd_quintile = 5 THEN '5 (least deprived)'
            WHEN imd_quintile IS NOT NULL THEN imd_quintile::VARCHAR
            WHEN lsoa IS NULL THEN 'No small area'
            ELSE 'No IMD (outside England or not listed)'
        END
    FROM described
    UNION ALL
    SELECT
        pcn_code, source, in_gp_extract, records, 'No fixed abode',
        CASE WHEN no_fixed_abode THEN 'Yes' ELSE 'Not recorded' END
    FROM described
    WHERE no_fixed_abode IS NOT NULL
)
SELECT
    pcn_code,
    source,
    characteristic,
    category,
    coalesce(sum(records) FILTER (WHERE in_gp_extract), 0)::BIGINT AS linked,
    coalesce(sum(records) FILTER (WHERE NOT in_gp_extract), 0)::BIGINT AS not_linked
FROM grouped
GROUP BY pcn_code, source, characteristic, category
