-- Small areas where people enough are registered: everybody registered in the ICS who lives there,
-- and the network with which most of them are (tie: the lower code).
WITH shares AS (
    SELECT lsoa, pcn_code, min(imd_decile) AS imd_decile, count(*) AS people, $with_condition AS with_condition
    FROM person
    WHERE lsoa IS NOT NULL AND pcn_code IS NOT NULL
    GROUP BY lsoa, pcn_code
),
ranked AS (
    SELECT
        lsoa,
        pcn_code,
        imd_decile,
        row_number() OVER (PARTITION BY lsoa ORDER BY people DESC, pcn_code) AS place,
        sum(people) OVER (PARTITION BY lsoa)::BIGINT AS people,
        sum(with_condition) OVER (PARTITION BY lsoa)::BIGINT AS with_condition
    FROM shares
)
SELECT
    ranked.lsoa,
    coalesce(area.lsoa_name, ranked.lsoa) AS lsoa_name,
    ranked.pcn_code,
    ranked.imd_decile,
    ranked.people,
    ranked.with_condition
FROM ranked
LEFT JOIN area ON area.lsoa = ranked.lsoa
WHERE ranked.place = 1 AND ranked.people >= $min_people
ORDER BY ranked.lsoa
