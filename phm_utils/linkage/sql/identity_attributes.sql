-- Each identity of `identity_link` with its age and IMD decile, and the ethnicity of the GP person with its token. Ages are completed years at the extract's end (see resident.sql).
WITH extract_end AS (
    SELECT quantile_disc(registered_from, 0.999) AS last_day FROM gp_registration
)
SELECT
    identity_link.*,
    identity_link.in_spine AS known_person,
    date_diff('month', identity_link.birth_month, extract_end.last_day) // 12 AS age,
    area.imd_decile
FROM identity_link
CROSS JOIN extract_end
LEFT JOIN $area AS area ON area.lsoa = identity_link.lsoa
