-- Community care contacts attended (5, or 6 for late but seen), by day.
SELECT identity.person_no, csds_contact.contact_date AS day, $pence_community_contact AS pence
FROM csds_contact
INNER JOIN identity
    ON identity.source = 'csds_contact'
    AND identity.token_person_id = csds_contact.token_person_id
    AND identity.sex IS NOT DISTINCT FROM csds_contact.sex
    AND identity.birth_month IS NOT DISTINCT FROM csds_contact.birth_month
WHERE
    csds_contact.contact_date BETWEEN $first_day AND $index_date
    AND csds_contact.attended IN ('5', '6')
