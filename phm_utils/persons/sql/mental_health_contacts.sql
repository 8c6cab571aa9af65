-- Mental health care contacts attended (5, or 6 for late but seen), by day.
SELECT identity.person_no, mhsds_contact.contact_date AS day, $pence_mental_health_contact AS pence
FROM mhsds_contact
INNER JOIN identity
    ON identity.source = 'mhsds_contact'
    AND identity.token_person_id = mhsds_contact.token_person_id
    AND identity.sex IS NOT DISTINCT FROM mhsds_contact.sex
    AND identity.birth_month IS NOT DISTINCT FROM mhsds_contact.birth_month
WHERE
    mhsds_contact.contact_date BETWEEN $first_day AND $index_date
    AND mhsds_contact.attended IN ('5', '6')
