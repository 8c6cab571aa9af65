-- Medicines issued in the windows of the concepts that count them: one row per person and concept.
SELECT
    registered.person_no,
    medicine_code.concept_no,
    CAST(count(*) AS INTEGER) AS issues
FROM gp_medication
INNER JOIN medicine_code ON medicine_code.bnf_code = gp_medication.bnf_code
INNER JOIN registered ON registered.person_id = gp_medication.token_person_id
WHERE gp_medication.issue_date BETWEEN medicine_code.counted_from AND $index_date
GROUP BY registered.person_no, medicine_code.concept_no
