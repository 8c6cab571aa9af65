-- Hospital stays of concepts that list their diagnoses: one row per stay and concept. value: nights.
SELECT
    event_name.concept_no,
    event_name.concept,
    diagnosis.person_no,
    diagnosis.day,
    CAST(date_diff('day', diagnosis.day, diagnosis.discharged) AS DOUBLE) AS value,
    diagnosis.icd10 AS code
FROM diagnosis
INNER JOIN spell_rule ON spell_rule.concept_no = diagnosis.concept_no
INNER JOIN event_name ON event_name.concept_no = diagnosis.concept_no
INNER JOIN registered ON registered.person_no = diagnosis.person_no
WHERE
    registered.is_current AND diagnosis.used_for = 'concept' AND diagnosis.day BETWEEN $first_day AND $index_date
    AND (diagnosis.is_main OR NOT spell_rule.main_only)
    AND (diagnosis.emergency OR NOT spell_rule.emergency_only)
