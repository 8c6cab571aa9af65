-- Who each pseudonym is: one row per GP registration of a linked person.
-- unreadable: a day or the practice of the registration, or the day of the person's death, could not be read.
SELECT
    token_of_person.token,
    CAST(gp_registration.registration_id AS VARCHAR) AS registration,
    $number_form AS nhs_number,
    gp_registration.surname,
    gp_registration.forename,
    gp_registration.date_of_birth,
    gp_registration.sex,
    gp_registration.postcode,
    gp_registration.contact_preference,
    gp_registration.practice_code,
    gp_registration.registered_from,
    gp_registration.registered_to,
    (
        contains(coalesce(gp_registration.nulled_fields, ''), 'registered_to:')
        OR contains(coalesce(gp_registration.nulled_fields, ''), 'practice_code:')
        OR (coalesce(deceased.died, false) AND deceased.day IS NULL)
    ) AS unreadable,
    coalesce(gp_registration.type_1_opt_out, false) AS type_1_opt_out,
    coalesce(gp_registration.national_data_opt_out, false) AS national_data_opt_out,
    coalesce(gp_registration.sensitive, false) AS sensitive,
    deceased.day AS date_of_death
FROM gp_registration
INNER JOIN person_of_record
    ON person_of_record.source = 'gp_registration'
    AND person_of_record.record_id = CAST(gp_registration.registration_id AS VARCHAR)
INNER JOIN token_of_person ON token_of_person.person = person_of_record.person
LEFT JOIN death_of_person AS deceased ON deceased.person = person_of_record.person
