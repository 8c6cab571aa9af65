-- What each settled identity says of itself, and the ethnicity of the GP's person whose token it
-- carries. Ages are completed years at the extract's end (see resident.sql).
WITH extract_end AS (
    SELECT quantile_disc(registered_from, 0.999) AS last_day FROM gp_registration
)
SELECT
    settled.*,
    settled.in_spine AS known_person,
    date_diff('month', settled.birth_month, extract_end.last_day) // 12 AS age,
    area.imd_decile
FROM settled
CROSS JOIN extract_end
LEFT JOIN $area AS area ON area.lsoa = settled.lsoa
