-- Emergency department attendances and emergency admissions of each person in follow-up, by month,
-- in the 48 months to the index date. A month without either has no row.
SELECT
    registered.person_id,
    registered.pcn_code,
    contact.month,
    CAST(sum(contact.ed) AS INTEGER) AS ed_attendances,
    CAST(sum(contact.admitted) AS INTEGER) AS emergency_admissions
FROM (
    SELECT person_no, CAST(date_trunc('month', day) AS DATE) AS month, 1 AS ed, 0 AS admitted FROM ed_attendances
    UNION ALL
    SELECT person_no, CAST(date_trunc('month', day) AS DATE), 0, 1 FROM emergency_spell
) AS contact
INNER JOIN registered ON registered.person_no = contact.person_no
WHERE contact.month BETWEEN $follow_from AND $index_date
GROUP BY registered.person_id, registered.pcn_code, contact.month
