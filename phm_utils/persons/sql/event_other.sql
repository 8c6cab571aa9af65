-- Contacts, signals of no fixed abode, lists of people and addresses, enrolments and months of birth: one row per event.
-- code: of a list or programme its name; of a list of addresses `list/value` where it says something of the address. value: of an admission its nights.
WITH event AS (
    $contacts
    UNION ALL
    SELECT 'no_fixed_abode_address' AS concept, registered.person_no, gp_registration.registered_from AS day,
        CAST(NULL AS DOUBLE) AS value, CAST(NULL AS VARCHAR) AS code
    FROM gp_registration
    INNER JOIN registered ON registered.person_id = gp_registration.token_person_id
    WHERE
        gp_registration.no_fixed_abode AND gp_registration.registered_from <= $index_date
        AND coalesce(gp_registration.registered_to, $index_date) >= $index_date
        AND NOT contains(coalesce(gp_registration.nulled_fields, ''), 'registered_to:')
    UNION ALL
    SELECT 'no_fixed_abode_ecds' AS concept, identity.person_no, ecds_attendance.arrival_date AS day,
        CAST(NULL AS DOUBLE) AS value, ecds_attendance.accommodation_status AS code
    FROM ecds_attendance
    INNER JOIN code ON code.code = ecds_attendance.accommodation_status
    INNER JOIN concept_name ON concept_name.concept_no = code.concept_no
    INNER JOIN identity
        ON identity.source = 'ecds_attendance'
        AND identity.token_person_id = ecds_attendance.token_person_id
        AND identity.sex IS NOT DISTINCT FROM ecds_attendance.sex
        AND identity.birth_month IS NOT DISTINCT FROM ecds_attendance.birth_month
    WHERE concept_name.concept = 'homeless' AND ecds_attendance.arrival_date <= $index_date
    UNION ALL
    SELECT 'no_fixed_abode_mhsds' AS concept, identity.person_no, mhsds_contact.contact_date AS day,
        CAST(NULL AS DOUBLE) AS value, mhsds_contact.accommodation_type AS code
    FROM mhsds_contact
    INNER JOIN identity
        ON identity.source = 'mhsds_contact'
        AND identity.token_person_id = mhsds_contact.token_person_id
        AND identity.sex IS NOT DISTINCT FROM mhsds_contact.sex
        AND identity.birth_month IS NOT DISTINCT FROM mhsds_contact.birth_month
    WHERE mhsds_contact.accommodation_type IN ($homeless_types) AND mhsds_contact.contact_date <= $index_date
    UNION ALL
    SELECT 'partner_list' AS concept, identity.person_no, partner_list.list_date AS day,
        CAST(NULL AS DOUBLE) AS value, partner_list.list_name AS code
    FROM partner_list
    INNER JOIN identity
        ON identity.source = 'partner_list'
        AND identity.token_person_id = partner_list.token_person_id
        AND identity.sex IS NOT DISTINCT FROM partner_list.sex
        AND identity.birth_month IS NOT DISTINCT FROM partner_list.birth_month
    WHERE partner_list.list_date <= $index_date
    UNION ALL
    -- A fact of the address: of everybody registered there on the index date, however many they are; of strangers who
    -- share its key it is not. One event per row of the list, so that rows are counted once; a rule that names the
    -- list alone finds `list/value` too.
    SELECT 'address_list' AS concept, registered.person_no, address_list.list_date AS day,
        CAST(NULL AS DOUBLE) AS value,
        coalesce(address_list.list_name || '/' || address_list.value, address_list.list_name) AS code
    FROM address_list
    INNER JOIN registered ON registered.household_token = address_list.household_token
    INNER JOIN current_household ON current_household.household_token = address_list.household_token
    WHERE
        address_list.list_date <= $index_date
        AND (current_household.areas <= 1 OR current_household.people >= 11)
    UNION ALL
    SELECT 'programme' AS concept, identity.person_no, programme_enrolment.enrolled_from AS day,
        CAST(NULL AS DOUBLE) AS value, programme_enrolment.programme AS code
    FROM programme_enrolment
    INNER JOIN identity
        ON identity.source = 'programme_enrolment'
        AND identity.token_person_id = programme_enrolment.token_person_id
        AND identity.sex IS NOT DISTINCT FROM programme_enrolment.sex
        AND identity.birth_month IS NOT DISTINCT FROM programme_enrolment.birth_month
    WHERE programme_enrolment.enrolled_from <= $index_date
    UNION ALL
    SELECT 'born' AS concept, registered.person_no, registered.birth_month AS day,
        CAST(NULL AS DOUBLE) AS value, CAST(NULL AS VARCHAR) AS code
    FROM registered
    WHERE registered.birth_month IS NOT NULL
)
SELECT event_name.concept_no, event.concept, event.person_no, event.day, event.value, event.code
FROM event
INNER JOIN event_name ON event_name.concept = event.concept
INNER JOIN registered ON registered.person_no = event.person_no
WHERE registered.is_current
