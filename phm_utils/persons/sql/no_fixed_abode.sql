-- People with a signal of no fixed abode in the 12 months to the index date: a GP code of
-- homelessness, or an emergency department's record of where they live.
SELECT concept.person_no
FROM concept
INNER JOIN concept_name ON concept_name.concept_no = concept.concept_no
WHERE concept_name.concept = 'homeless' AND concept.last_date >= $from_date
UNION
SELECT identity.person_no
FROM ecds_attendance
INNER JOIN code ON code.code = ecds_attendance.accommodation_status
INNER JOIN concept_name ON concept_name.concept_no = code.concept_no
INNER JOIN identity
    ON identity.source = 'ecds_attendance'
    AND identity.token_person_id = ecds_attendance.token_person_id
    AND identity.sex IS NOT DISTINCT FROM ecds_attendance.sex
    AND identity.birth_month IS NOT DISTINCT FROM ecds_attendance.birth_month
WHERE concept_name.concept = 'homeless' AND ecds_attendance.arrival_date BETWEEN $from_date AND $index_date
