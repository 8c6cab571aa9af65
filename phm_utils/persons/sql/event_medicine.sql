-- Medicines issued of concepts that list them: one row per issue and concept. value: days supplied.
SELECT
    event_name.concept_no,
    event_name.concept,
    registered.person_no,
    gp_medication.issue_date AS day,
    CAST(gp_medication.duration_days AS DOUBLE) AS value,
    gp_medication.bnf_code AS code
FROM gp_medication
INNER JOIN medicine_code ON medicine_code.bnf_code = gp_medication.bnf_code
INNER JOIN event_name ON event_name.concept_no = medicine_code.concept_no
INNER JOIN registered ON registered.person_id = gp_medication.token_person_id
WHERE registered.is_current AND gp_medication.issue_date <= $index_date
