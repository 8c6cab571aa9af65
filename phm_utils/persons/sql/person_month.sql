-- Contacts of each person in follow-up, by kind, and their cost in whole pence, by month, in the 48
-- months to the index date. A month without any has no row.
SELECT
    registered.person_id,
    registered.pcn_code,
    used.month,
    CAST(sum(used.gp) AS INTEGER) AS gp_appointments,
    CAST(sum(used.ed) AS INTEGER) AS ed_attendances,
    CAST(sum(used.emergency) AS INTEGER) AS emergency_admissions,
    CAST(sum(used.other) AS INTEGER) AS other_admissions,
    CAST(sum(used.op) AS INTEGER) AS op_attendances,
    CAST(sum(used.community) AS INTEGER) AS community_contacts,
    CAST(sum(used.mental) AS INTEGER) AS mental_health_contacts,
    CAST(sum(used.pence) AS BIGINT) AS cost_pence
FROM (
    SELECT person_no, month, contacts AS gp, 0 AS ed, 0 AS emergency, 0 AS other, 0 AS op, 0 AS community, 0 AS mental, pence
    FROM gp_appointments_month
    UNION ALL
    SELECT person_no, month, 0, contacts, 0, 0, 0, 0, 0, pence FROM ed_attendances_month
    UNION ALL
    SELECT person_no, month, 0, 0, contacts, 0, 0, 0, 0, pence FROM emergency_admissions_month
    UNION ALL
    SELECT person_no, month, 0, 0, 0, contacts, 0, 0, 0, pence FROM other_admissions_month
    UNION ALL
    SELECT person_no, month, 0, 0, 0, 0, contacts, 0, 0, pence FROM op_attendances_month
    UNION ALL
    SELECT person_no, month, 0, 0, 0, 0, 0, contacts, 0, pence FROM community_contacts_month
    UNION ALL
    SELECT person_no, month, 0, 0, 0, 0, 0, 0, contacts, pence FROM mental_health_contacts_month
    UNION ALL
    SELECT person_no, month, 0, 0, 0, 0, 0, 0, 0, pence FROM social_care_month
) AS used
INNER JOIN registered ON registered.person_no = used.person_no
WHERE used.month BETWEEN $follow_from AND $index_date
GROUP BY registered.person_id, registered.pcn_code, used.month
