-- One row per person alive and registered with a practice of the ICS on the index date.
-- A count is 0 where its source saw nothing of the person, and null where the source is missing
-- or does not reach back over the window. Age: completed years from the first of the birth month.
SELECT
    registered.person_id,
    registered.practice_code,
    registered.pcn_code,
    registered.lsoa,
    CASE left(registered.lsoa, 1) WHEN 'E' THEN 'England' WHEN 'W' THEN 'Wales' ELSE 'Not known' END AS resident,
    area.imd_decile,
    (area.imd_decile + 1) // 2 AS imd_quintile,
    area.imd_decile <= 2 AS core20,
    area.rural_urban,
    registered.sex,
    age.years AS age,
    CASE WHEN age.years >= 90 THEN '90+' ELSE (age.years // 5 * 5) || '-' || (age.years // 5 * 5 + 4) END AS age_band,
    -- The 2001 categories in the groups of the censuses since 2011: R, Chinese, is Asian.
    CASE
        WHEN registered.ethnicity IN ('A', 'B', 'C') THEN 'White'
        WHEN registered.ethnicity IN ('D', 'E', 'F', 'G') THEN 'Mixed'
        WHEN registered.ethnicity IN ('H', 'J', 'K', 'L', 'R') THEN 'Asian'
        WHEN registered.ethnicity IN ('M', 'N', 'P') THEN 'Black'
        WHEN registered.ethnicity = 'S' THEN 'Other'
        WHEN registered.ethnicity = 'Z' THEN 'Not stated'
        ELSE 'Not known'
    END AS ethnic_group,
    registered.household_token,
    household.people AS household_size,
    household.probable_care_home,
    CASE WHEN $has_gp_event THEN no_fixed_abode.person_no IS NOT NULL END AS no_fixed_abode,
    registered.registered_from,
    recorded.* EXCLUDE (person_no),
    CASE WHEN $has_gp_medication THEN coalesce(medicines.repeat_medicines, 0) END AS repeat_medicines,
    CASE WHEN $gp_appointments_12m THEN coalesce(gp.in_12m, 0) END AS gp_appointments_12m,
    CASE WHEN $gp_appointments_prior_12m THEN coalesce(gp.in_prior_12m, 0) END AS gp_appointments_prior_12m,
    CASE WHEN $ed_attendances_12m THEN coalesce(ed.in_12m, 0) END AS ed_attendances_12m,
    CASE WHEN $ed_attendances_prior_12m THEN coalesce(ed.in_prior_12m, 0) END AS ed_attendances_prior_12m,
    CASE WHEN $emergency_admissions_12m THEN coalesce(admitted.in_12m, 0) END AS emergency_admissions_12m,
    CASE
        WHEN $emergency_admissions_prior_12m THEN coalesce(admitted.in_prior_12m, 0)
    END AS emergency_admissions_prior_12m,
    CASE WHEN $op_attendances_12m THEN coalesce(op.in_12m, 0) END AS op_attendances_12m,
    CASE WHEN $op_attendances_prior_12m THEN coalesce(op.in_prior_12m, 0) END AS op_attendances_prior_12m,
    CASE WHEN $community_contacts_12m THEN coalesce(community.in_12m, 0) END AS community_contacts_12m,
    CASE
        WHEN $community_contacts_prior_12m THEN coalesce(community.in_prior_12m, 0)
    END AS community_contacts_prior_12m,
    CASE WHEN $mental_health_contacts_12m THEN coalesce(mental.in_12m, 0) END AS mental_health_contacts_12m,
    CASE
        WHEN $mental_health_contacts_prior_12m THEN coalesce(mental.in_prior_12m, 0)
    END AS mental_health_contacts_prior_12m,
    CASE WHEN $emergency_admissions_12m THEN coalesce(stay.bed_days, 0) END AS emergency_bed_days_12m,
    -- Whole pence, so that the sum is the same in whatever order it is made. Outpatients are not costed.
    CASE
        WHEN
            $gp_appointments_12m AND $ed_attendances_12m AND $emergency_admissions_12m
            AND $community_contacts_12m AND $mental_health_contacts_12m
            THEN coalesce(gp.in_12m, 0) * $pence_gp_appointment
                + coalesce(ed.in_12m, 0) * $pence_ed_attendance
                + coalesce(stay.short_spells, 0) * $pence_emergency_spell_short
                + coalesce(stay.long_spells, 0) * $pence_emergency_spell_long
                + coalesce(community.in_12m, 0) * $pence_community_contact
                + coalesce(mental.in_12m, 0) * $pence_mental_health_contact
    END AS cost_pence_12m,
    CASE WHEN $has_partner_list THEN coalesce(partner_lists.partner_lists, 0) END AS partner_lists,
    CASE WHEN $has_asc_event THEN social_care.person_no IS NOT NULL END AS asc_open
FROM registered
CROSS JOIN LATERAL (
    SELECT date_diff('month', registered.birth_month, $index_date) // 12 AS years
) AS age
LEFT JOIN area ON area.lsoa = registered.lsoa
LEFT JOIN household ON household.household_token = registered.household_token
INNER JOIN recorded ON recorded.person_no = registered.person_no
LEFT JOIN no_fixed_abode ON no_fixed_abode.person_no = registered.person_no
LEFT JOIN medicines ON medicines.person_no = registered.person_no
LEFT JOIN gp_appointments_count AS gp ON gp.person_no = registered.person_no
LEFT JOIN ed_attendances_count AS ed ON ed.person_no = registered.person_no
LEFT JOIN emergency_admissions_count AS admitted ON admitted.person_no = registered.person_no
LEFT JOIN op_attendances_count AS op ON op.person_no = registered.person_no
LEFT JOIN community_contacts_count AS community ON community.person_no = registered.person_no
LEFT JOIN mental_health_contacts_count AS mental ON mental.person_no = registered.person_no
LEFT JOIN emergency_stay AS stay ON stay.person_no = registered.person_no
LEFT JOIN partner_lists ON partner_lists.person_no = registered.person_no
LEFT JOIN social_care ON social_care.person_no = registered.person_no
WHERE registered.is_current
