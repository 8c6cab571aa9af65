-- Repeat medicines: distinct BNF chemical substances (first nine characters) issued on repeat in
-- the 90 days to the index date.
SELECT registered.person_no, count(DISTINCT left(gp_medication.bnf_code, 9)) AS repeat_medicines
FROM gp_medication
INNER JOIN registered ON registered.person_id = gp_medication.token_person_id
WHERE
    gp_medication.is_repeat
    AND gp_medication.issue_date > $index_date - 90 AND gp_medication.issue_date <= $index_date
    AND length(gp_medication.bnf_code) >= 9
GROUP BY registered.person_no
