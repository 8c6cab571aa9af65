-- First enrolment of each person in each programme, up to the last day counted. One row per person and programme.
-- person_id is null where the enrolment could not be attached to a registered person.
SELECT
    person_follow_up.person_id,
    programme_enrolment.programme,
    min(programme_enrolment.enrolled_from) AS enrolled_from,
    count(DISTINCT programme_enrolment.token_person_id) AS identities
FROM programme_enrolment
LEFT JOIN person_index
    ON person_index.source = 'programme_enrolment'
    AND person_index.token_person_id = programme_enrolment.token_person_id
    AND person_index.sex IS NOT DISTINCT FROM programme_enrolment.sex
    AND person_index.birth_month IS NOT DISTINCT FROM programme_enrolment.birth_month
LEFT JOIN person_follow_up ON person_follow_up.person_id = person_index.person_id
WHERE programme_enrolment.enrolled_from <= $last_day
GROUP BY person_follow_up.person_id, programme_enrolment.programme
