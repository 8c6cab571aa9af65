-- Council and voluntary-sector lists, true by the index date, that name the person.
SELECT identity.person_no, count(DISTINCT partner_list.list_name) AS partner_lists
FROM partner_list
INNER JOIN identity
    ON identity.source = 'partner_list'
    AND identity.token_person_id = partner_list.token_person_id
    AND identity.sex IS NOT DISTINCT FROM partner_list.sex
    AND identity.birth_month IS NOT DISTINCT FROM partner_list.birth_month
WHERE partner_list.list_date <= $index_date
GROUP BY identity.person_no
