-- Outpatient attendances, by day: seen (5, or 6 for late but seen).
SELECT identity.person_no, op_attendance.apptdate AS day, $pence_op_attendance AS pence
FROM op_attendance
INNER JOIN identity
    ON identity.source = 'op_attendance'
    AND identity.token_person_id = op_attendance.token_person_id
    AND identity.sex IS NOT DISTINCT FROM op_attendance.sex
    AND identity.birth_month IS NOT DISTINCT FROM op_attendance.birth_month
WHERE
    op_attendance.apptdate BETWEEN $first_day AND $index_date
    AND op_attendance.attended IN ('5', '6')
