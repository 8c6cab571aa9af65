-- One row per PCN x small area (LSOA 2021) to draw for it: areas where the PCN has at
-- least a tenth of the people registered with the ICB's practices. Registrations
-- are by LSOA of 2011: the look-up only says which areas of 2021 lie there.
-- Neither patients nor deprivation are carried across it.
WITH by_pcn AS (
    SELECT pcn_code, lsoa11, sum(patients) AS patients
    FROM published_patients
    WHERE residence = 'In the ICB' AND pcn_code IS NOT NULL
    GROUP BY pcn_code, lsoa11
),
of_area AS (
    SELECT lsoa11, sum(patients) AS patients FROM published_patients GROUP BY lsoa11
)
SELECT by_pcn.pcn_code, lookup.lsoa21 AS lsoa, count(*) AS lsoa11_parts
FROM by_pcn
JOIN of_area USING (lsoa11)
JOIN raw_lookup AS lookup USING (lsoa11)
JOIN raw_geography AS geography ON geography.lsoa = lookup.lsoa21
WHERE by_pcn.patients >= 0.1 * of_area.patients
GROUP BY ALL
