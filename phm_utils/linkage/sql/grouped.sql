-- The rows of {described}, each once for every group of records that it stands in.
-- {described} has age (completed years), sex, known_person and that person's ethnicity, lsoa,
-- imd_decile and no_fixed_abode. A null category says that the group does not apply: ethnicity is
-- known from the GP extract alone, and some sources never say who has no fixed abode.
SELECT * FROM (
    SELECT
        described.*,
        unnest([
            {{'characteristic': 'All', 'category': 'All'}},
            {{
                'characteristic': 'Age',
                'category': CASE
                    WHEN described.age IS NULL THEN 'Not known'
                    WHEN described.age < 18 THEN '0-17'
                    WHEN described.age < 40 THEN '18-39'
                    WHEN described.age < 65 THEN '40-64'
                    WHEN described.age < 80 THEN '65-79'
                    ELSE '80+'
                END
            }},
            {{
                'characteristic': 'Sex',
                'category': CASE described.sex
                    WHEN '1' THEN 'Male' WHEN '2' THEN 'Female' ELSE 'Other or not known'
                END
            }},
            {{
                'characteristic': 'Ethnicity',
                'category': CASE
                    WHEN NOT described.known_person THEN NULL
                    WHEN described.ethnicity IN ('A', 'B', 'C') THEN 'White'
                    WHEN described.ethnicity IN ('D', 'E', 'F', 'G') THEN 'Mixed'
                    WHEN described.ethnicity IN ('H', 'J', 'K', 'L', 'R') THEN 'Asian'
                    WHEN described.ethnicity IN ('M', 'N', 'P') THEN 'Black'
                    WHEN described.ethnicity = 'S' THEN 'Other'
                    WHEN described.ethnicity = 'Z' THEN 'Not stated'
                    ELSE 'Not known'
                END
            }},
            {{
                'characteristic': 'Deprivation',
                'category': CASE
                    WHEN NOT {has_area} THEN NULL
                    WHEN described.imd_decile <= 2 THEN '1 (most deprived)'
                    WHEN described.imd_decile >= 9 THEN '5 (least deprived)'
                    WHEN described.imd_decile IS NOT NULL THEN ((described.imd_decile + 1) // 2)::VARCHAR
                    WHEN described.lsoa IS NULL THEN 'No small area'
                    ELSE 'No IMD (outside England or not listed)'
                END
            }},
            {{
                'characteristic': 'No fixed abode',
                'category': CASE
                    WHEN described.no_fixed_abode THEN 'Yes' WHEN NOT described.no_fixed_abode THEN 'Not recorded'
                END
            }}
        ], recursive := true)
    FROM {described} AS described
) AS every_group
WHERE category IS NOT NULL
