-- The network of each small area: the one with which most of its people are registered now.
-- Tie rule: the lower code. It places records of people who are not in the GP extract.
SELECT lsoa, pcn_code
FROM (
    SELECT
        lsoa,
        pcn_code,
        row_number() OVER (PARTITION BY lsoa ORDER BY count(*) DESC, pcn_code) AS place
    FROM gp_spine
    WHERE NOT left_gp AND lsoa IS NOT NULL AND pcn_code IS NOT NULL
    GROUP BY lsoa, pcn_code
) AS shares
WHERE place = 1
