-- People registered on the index date, and those with each condition, in the finest groups that
-- any release adds up: one row per practice, fifth of deprivation, ethnic group, sex and age band.
SELECT
    pcn_code,
    practice_code,
    coalesce(imd_quintile::VARCHAR, 'Not known') AS imd_quintile,
    ethnic_group,
    coalesce(age_band, 'Not known') AS age_band,
    count(*) AS people$conditions
FROM person
GROUP BY ALL
ORDER BY ALL
