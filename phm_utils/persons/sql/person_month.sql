-- Contacts of each person in follow-up, by kind, and their cost in whole pence, by month, in the 48
-- months to the index date. A month without contacts has no row; a kind whose source is absent or
-- cannot be used is null throughout, and with it the cost. `person_no` joins person_follow_up.
WITH used AS (
    SELECT person_no, year(day) * 12 + month(day) AS month_no, 1 AS kind, pence FROM gp_appointments
    UNION ALL
    SELECT person_no, year(day) * 12 + month(day), 2, pence FROM ed_attendances
    UNION ALL
    SELECT person_no, year(day) * 12 + month(day), 3, pence FROM emergency_admissions
    UNION ALL
    SELECT person_no, year(day) * 12 + month(day), 4, pence FROM other_admissions
    UNION ALL
    SELECT person_no, year(day) * 12 + month(day), 5, pence FROM op_attendances
    UNION ALL
    SELECT person_no, year(day) * 12 + month(day), 6, pence FROM community_contacts
    UNION ALL
    SELECT person_no, year(day) * 12 + month(day), 7, pence FROM mental_health_contacts
    UNION ALL
    SELECT person_no, year(month) * 12 + month(month), 8, pence FROM social_care_month
),
counted AS (
    SELECT
        person_no,
        month_no,
        CAST(count(*) FILTER (WHERE kind = 1) AS INTEGER) AS gp_appointments,
        CAST(count(*) FILTER (WHERE kind = 2) AS INTEGER) AS ed_attendances,
        CAST(count(*) FILTER (WHERE kind = 3) AS INTEGER) AS emergency_admissions,
        CAST(count(*) FILTER (WHERE kind = 4) AS INTEGER) AS other_admissions,
        CAST(count(*) FILTER (WHERE kind = 5) AS INTEGER) AS op_attendances,
        CAST(count(*) FILTER (WHERE kind = 6) AS INTEGER) AS community_contacts,
        CAST(count(*) FILTER (WHERE kind = 7) AS INTEGER) AS mental_health_contacts,
        CAST(sum(pence) AS BIGINT) AS cost_pence
    FROM used
    GROUP BY person_no, month_no
)
SELECT
    registered.pcn_code,
    counted.person_no,
    calendar.month,
    CASE WHEN $gp_appointments_known THEN counted.gp_appointments END AS gp_appointments,
    CASE WHEN $ed_attendances_known THEN counted.ed_attendances END AS ed_attendances,
    CASE WHEN $emergency_admissions_known THEN counted.emergency_admissions END AS emergency_admissions,
    CASE WHEN $other_admissions_known THEN counted.other_admissions END AS other_admissions,
    CASE WHEN $op_attendances_known THEN counted.op_attendances END AS op_attendances,
    CASE WHEN $community_contacts_known THEN counted.community_contacts END AS community_contacts,
    CASE WHEN $mental_health_contacts_known THEN counted.mental_health_contacts END AS mental_health_contacts,
    CASE WHEN $costs_known THEN counted.cost_pence END AS cost_pence
FROM counted
INNER JOIN calendar ON calendar.month_no = counted.month_no
INNER JOIN registered ON registered.person_no = counted.person_no
