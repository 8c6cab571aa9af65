-- Repeat medicines: distinct BNF chemical substances (first nine characters) issued on repeat in
-- the 90 days to the index date, and those of them that count as polypharmacy.
SELECT
    registered.person_no,
    CAST(count(DISTINCT substance.substance) AS INTEGER) AS repeat_medicines,
    CAST(count(DISTINCT substance.substance) FILTER (WHERE substance.in_scope) AS INTEGER) AS polypharmacy_medicines
FROM gp_medication
INNER JOIN substance ON substance.bnf_code = gp_medication.bnf_code
INNER JOIN registered ON registered.person_id = gp_medication.token_person_id
WHERE
    gp_medication.is_repeat
    AND gp_medication.issue_date > $index_date - 90 AND gp_medication.issue_date <= $index_date
GROUP BY registered.person_no
