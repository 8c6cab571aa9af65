-- Emergency department attendances, by day: department types 01 to 03, unplanned (categories 1 to 3).
-- Not counted: walk-in centres (04), same day emergency care (05), planned follow-ups (4), and types
-- and categories recorded as not known. A type or category that could not be read is counted:
-- one faulty field does not remove the activity.
SELECT identity.person_no, ecds_attendance.arrival_date AS day, $pence_ed_attendance AS pence
FROM ecds_attendance
INNER JOIN identity
    ON identity.source = 'ecds_attendance'
    AND identity.token_person_id = ecds_attendance.token_person_id
    AND identity.sex IS NOT DISTINCT FROM ecds_attendance.sex
    AND identity.birth_month IS NOT DISTINCT FROM ecds_attendance.birth_month
WHERE
    ecds_attendance.arrival_date BETWEEN $first_day AND $index_date
    AND coalesce(ecds_attendance.department_type, '01') IN ('01', '02', '03')
    AND coalesce(ecds_attendance.attendance_category, '1') IN ('1', '2', '3')
