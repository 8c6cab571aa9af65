-- The rows of $described, each once for every group of records that it stands in.
-- $described has age (completed years), sex, known_person and that person's ethnicity, lsoa,
-- imd_decile and no_fixed_abode. A null category says that the group does not apply: ethnicity is
-- known from the GP extract alone, and some sources never say who has no fixed abode.
SELECT * FROM (
    SELECT
        described.*,
        unnest([
            {'characteristic': 'All', 'category': 'All'},
            {
                'characteristic': 'Age',
                'category': $age_group
            },
            {
                'characteristic': 'Sex',
                'category': CASE described.sex
                    WHEN '1' THEN 'Male' WHEN '2' THEN 'Female' ELSE 'Other or not known'
                END
            },
            {
                'characteristic': 'Ethnicity',
                'category': CASE
                    WHEN NOT described.known_person THEN NULL
                    ELSE $ethnic_group
                END
            },
            {
                'characteristic': 'Deprivation',
                'category': CASE
                    WHEN NOT $has_area THEN NULL
                    WHEN described.imd_decile IS NOT NULL THEN $fifth
                    WHEN described.lsoa IS NULL THEN 'No small area'
                    ELSE 'No IMD (outside England or not listed)'
                END
            },
            {
                'characteristic': 'No fixed abode',
                'category': CASE
                    WHEN described.no_fixed_abode THEN 'Yes' WHEN NOT described.no_fixed_abode THEN 'Not recorded'
                END
            }
        ], recursive := true)
    FROM $described AS described
) AS every_group
WHERE category IS NOT NULL
