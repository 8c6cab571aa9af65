-- The rows of $identity_attributes, each once for every group of records that it belongs to.
-- $identity_attributes has age (completed years), sex, known_person and that person's ethnicity, lsoa,
-- imd_decile and no_fixed_abode. A null category: the group does not apply. Ethnicity comes from
-- the GP extract alone, and some sources never record no fixed abode.
SELECT * FROM (
    SELECT
        identity_attributes.*,
        unnest([
            {'characteristic': 'All', 'category': 'All'},
            {
                'characteristic': 'Age',
                'category': $age_group
            },
            {
                'characteristic': 'Sex',
                'category': CASE identity_attributes.sex
                    WHEN '1' THEN 'Male' WHEN '2' THEN 'Female' ELSE 'Other or not known'
                END
            },
            {
                'characteristic': 'Ethnicity',
                'category': CASE
                    WHEN NOT identity_attributes.known_person THEN NULL
                    ELSE $ethnic_group
                END
            },
            {
                'characteristic': 'Deprivation',
                'category': CASE
                    WHEN NOT $has_area THEN NULL
                    WHEN identity_attributes.imd_decile IS NOT NULL THEN $fifth
                    WHEN identity_attributes.lsoa IS NULL THEN 'No small area'
                    ELSE 'No IMD (outside England or not listed)'
                END
            },
            {
                'characteristic': 'No fixed abode',
                'category': CASE
                    WHEN identity_attributes.no_fixed_abode THEN 'Yes' WHEN NOT identity_attributes.no_fixed_abode THEN 'Not recorded'
                END
            }
        ], recursive := true)
    FROM $identity_attributes AS identity_attributes
) AS every_group
WHERE category IS NOT NULL
