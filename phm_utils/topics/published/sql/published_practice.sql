-- One row per practice of the ICB that is in any of the files.
-- The PCN is today's (PCN list); a practice that has since closed or merged keeps
-- the PCN it had in the QOF year, and has none where it was in none.
WITH sub_icb AS (
    SELECT DISTINCT sub_icb_code FROM raw_geography
),
listed AS (
    SELECT practice_code, any_value(practice_name) AS practice_name, any_value(pcn_code) AS pcn_code
    FROM raw_practices
    WHERE sub_icb_code IN (SELECT sub_icb_code FROM sub_icb)
    GROUP BY practice_code
),
in_qof_year AS (
    SELECT
        practice_code,
        any_value(practice_name) AS practice_name,
        any_value(CASE WHEN regexp_matches(pcn_code, '^U[0-9]{5}$') THEN pcn_code END) AS pcn_code
    FROM raw_qof_practices
    WHERE sub_icb_code IN (SELECT sub_icb_code FROM sub_icb)
    GROUP BY practice_code
),
registered AS (
    SELECT practice_code, sum(patients)::BIGINT AS patients FROM raw_registrations GROUP BY practice_code
),
-- A practice in neither list, most of whose patients live in the ICB: unlisted, but counted.
unlisted AS (
    SELECT practice_code
    FROM raw_registrations
    LEFT JOIN (SELECT DISTINCT lookup.lsoa11 FROM raw_lookup AS lookup JOIN raw_geography ON lsoa = lookup.lsoa21) AS of_icb
        ON of_icb.lsoa11 = raw_registrations.lsoa
    WHERE practice_code NOT IN (SELECT practice_code FROM raw_practices)
        AND practice_code NOT IN (SELECT practice_code FROM raw_qof_practices)
    GROUP BY practice_code
    HAVING sum(patients) FILTER (WHERE of_icb.lsoa11 IS NOT NULL) > 0.5 * sum(patients)
),
-- The lists for all ages and from 50 on, where QOF publishes them for this practice.
qof_lists AS (
    SELECT
        practice_code,
        (max(list_size) FILTER (WHERE list_type = 'TOTAL'))::BIGINT AS list_size,
        (max(list_size) FILTER (WHERE list_type = '50OV'))::BIGINT AS list_50_over
    FROM raw_qof_counts GROUP BY practice_code
)
SELECT
    practice_code,
    coalesce(listed.practice_name, in_qof_year.practice_name, 'Name not published') AS practice_name,
    coalesce(listed.pcn_code, in_qof_year.pcn_code) AS pcn_code,
    registered.patients AS registered,
    qof_lists.list_size AS qof_list_size,
    qof_lists.list_50_over AS qof_list_50_over,
    listed.practice_code IS NOT NULL AS in_practices,
    registered.practice_code IS NOT NULL AS in_registrations,
    practice_code IN (SELECT practice_code FROM raw_qof_counts) AS in_qof_counts,
    practice_code IN (SELECT practice_code FROM raw_qof_fractions) AS in_qof_fractions
FROM listed
FULL JOIN in_qof_year USING (practice_code)
FULL JOIN unlisted USING (practice_code)
LEFT JOIN registered USING (practice_code)
LEFT JOIN qof_lists USING (practice_code)
