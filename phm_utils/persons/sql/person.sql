-- One row per person alive and registered with a practice of the ICS on the index date. People of a
-- practice whose GP records fell silent are left out: what it does not send is not known to be absent.
-- `known` has the columns from the extracts; registers and scores are rules over it, from
-- parameters/registers and parameters/scores. A count is 0 where its source has no record of the
-- person; a column whose source is absent or too short is null for everybody.
WITH known AS (
    SELECT
        registered.person_id,
        registered.person_no,
        registered.practice_code,
        registered.pcn_code,
        registered.lsoa,
        CASE left(registered.lsoa, 1) WHEN 'E' THEN 'England' WHEN 'W' THEN 'Wales' ELSE 'Not known' END AS resident,
        CAST(area.imd_decile AS INTEGER) AS imd_decile,
        CAST((area.imd_decile + 1) // 2 AS INTEGER) AS imd_quintile,
        area.imd_decile <= 2 AS core20,
        area.rural_urban,
        registered.sex,
        registered.age,
        $age_band AS age_band,
        $ethnic_group AS ethnic_group,
        registered.household_token,
        current_household.people AS household_size,
        current_household.probable_care_home,
        no_fixed_abode.person_no IS NOT NULL AS no_fixed_abode,
        registered.registered_from,
        registered.contact_preference,
        $recorded
        coalesce(medicines.repeat_medicines, 0) AS repeat_medicines,
        coalesce(medicines.polypharmacy_medicines, 0) AS polypharmacy_medicines,
        coalesce(medicines.polypharmacy_medicines, 0) >= 5 AS polypharmacy,
        coalesce(medicines.polypharmacy_medicines, 0) >= 10 AS severe_polypharmacy,
        coalesce(gp.in_12m, 0) AS gp_appointments_12m,
        coalesce(gp.in_prior_12m, 0) AS gp_appointments_prior_12m,
        coalesce(ed.in_12m, 0) AS ed_attendances_12m,
        coalesce(ed.in_prior_12m, 0) AS ed_attendances_prior_12m,
        coalesce(emergency.in_12m, 0) AS emergency_admissions_12m,
        coalesce(emergency.in_prior_12m, 0) AS emergency_admissions_prior_12m,
        coalesce(other.in_12m, 0) AS other_admissions_12m,
        coalesce(other.in_prior_12m, 0) AS other_admissions_prior_12m,
        coalesce(op.in_12m, 0) AS op_attendances_12m,
        coalesce(op.in_prior_12m, 0) AS op_attendances_prior_12m,
        coalesce(community.in_12m, 0) AS community_contacts_12m,
        coalesce(community.in_prior_12m, 0) AS community_contacts_prior_12m,
        coalesce(mental.in_12m, 0) AS mental_health_contacts_12m,
        coalesce(mental.in_prior_12m, 0) AS mental_health_contacts_prior_12m,
        coalesce(emergency_bed_days.bed_days, 0) AS emergency_bed_days_12m,
        -- Whole pence, so that a sum does not depend on the order of adding.
        coalesce(gp.pence_12m, 0) AS cost_gp_pence_12m,
        coalesce(ed.pence_12m, 0) AS cost_ed_pence_12m,
        coalesce(emergency.pence_12m, 0) AS cost_emergency_pence_12m,
        coalesce(other.pence_12m, 0) AS cost_other_admissions_pence_12m,
        coalesce(op.pence_12m, 0) AS cost_op_pence_12m,
        coalesce(community.pence_12m, 0) AS cost_community_pence_12m,
        coalesce(mental.pence_12m, 0) AS cost_mental_health_pence_12m,
        coalesce(social_care.pence_12m, 0) AS cost_social_care_pence_12m,
        coalesce(gp.pence_12m, 0) + coalesce(ed.pence_12m, 0) + coalesce(emergency.pence_12m, 0)
        + coalesce(other.pence_12m, 0) + coalesce(op.pence_12m, 0) + coalesce(community.pence_12m, 0)
        + coalesce(mental.pence_12m, 0) + coalesce(social_care.pence_12m, 0) AS cost_pence_12m,
        coalesce(social_care.is_open, false) AS asc_open,
        coalesce(social_care.setting, 'None') AS asc_setting,
        coalesce(partner_lists.partner_lists, 0) AS partner_lists,
        coalesce(partner_lists.flag_mobility, false) AS flag_mobility,
        coalesce(partner_lists.flag_income, false) AS flag_income,
        coalesce(partner_lists.flag_housing, false) AS flag_housing,
        coalesce(partner_lists.flag_food, false) AS flag_food,
        coalesce(partner_lists.flag_caring, false) AS flag_caring,
        coalesce(partner_lists.flag_domains, 0) AS flag_domains,
        greatest(
            gp.last_day, ed.last_day, emergency.last_day, other.last_day, op.last_day, community.last_day, mental.last_day
        ) AS last_contact,
        practice_data.gp_data_to,
        coalesce(hospital_score.hfrs_tenths, 0) AS hfrs_tenths,
        coalesce(hospital_score.charlson, 0) AS charlson
    FROM registered
    INNER JOIN recorded ON recorded.person_no = registered.person_no
    LEFT JOIN area ON area.lsoa = registered.lsoa
    LEFT JOIN current_household ON current_household.household_token = registered.household_token
    LEFT JOIN practice_data ON practice_data.practice_code = registered.practice_code
    LEFT JOIN no_fixed_abode ON no_fixed_abode.person_no = registered.person_no
    LEFT JOIN medicine_columns ON medicine_columns.person_no = registered.person_no
    LEFT JOIN spell_columns ON spell_columns.person_no = registered.person_no
    LEFT JOIN medicines ON medicines.person_no = registered.person_no
    LEFT JOIN gp_appointments_person AS gp ON gp.person_no = registered.person_no
    LEFT JOIN ed_attendances_person AS ed ON ed.person_no = registered.person_no
    LEFT JOIN emergency_admissions_person AS emergency ON emergency.person_no = registered.person_no
    LEFT JOIN other_admissions_person AS other ON other.person_no = registered.person_no
    LEFT JOIN op_attendances_person AS op ON op.person_no = registered.person_no
    LEFT JOIN community_contacts_person AS community ON community.person_no = registered.person_no
    LEFT JOIN mental_health_contacts_person AS mental ON mental.person_no = registered.person_no
    LEFT JOIN emergency_bed_days ON emergency_bed_days.person_no = registered.person_no
    LEFT JOIN partner_lists ON partner_lists.person_no = registered.person_no
    LEFT JOIN social_care ON social_care.person_no = registered.person_no
    LEFT JOIN hospital_score ON hospital_score.person_no = registered.person_no
    LEFT JOIN (SELECT DISTINCT practice_code FROM silent_practice WHERE left_out) AS silent
        ON silent.practice_code = registered.practice_code
    WHERE registered.is_current AND silent.practice_code IS NULL
),
scored AS (
    SELECT
        known.*,
        $rules
    FROM known
)
SELECT
    person_id,
    person_no,
    $columns
FROM scored
