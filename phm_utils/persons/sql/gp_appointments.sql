-- GP appointments attended, by day. Not counted: missed, cancelled, status not known.
SELECT registered.person_no, gp_appointment.appt_date AS day, $pence_gp_appointment AS pence
FROM gp_appointment
INNER JOIN registered ON registered.person_id = gp_appointment.token_person_id
WHERE gp_appointment.status = 'Attended' AND gp_appointment.appt_date BETWEEN $first_day AND $index_date
