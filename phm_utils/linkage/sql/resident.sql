-- People registered now: those who have not left their practice and whose death is not recorded.
-- Ages are completed years on the day by which 999 in 1,000 registrations had begun: close to the
-- extract's end, and safe from a mistyped year.
WITH extract_end AS (
    SELECT quantile_disc(registered_from, 0.999) AS last_day FROM gp_registration
),
deceased AS (
    SELECT DISTINCT person_id FROM identity_link WHERE source = 'death' AND in_gp_extract
)
SELECT
    spine.household_token,
    spine.pcn_code,
    date_diff('month', spine.birth_month, extract_end.last_day) // 12 AS age
FROM gp_spine AS spine
CROSS JOIN extract_end
LEFT JOIN deceased ON deceased.person_id = spine.token_person_id
WHERE NOT spine.left_gp AND deceased.person_id IS NULL
