-- Step two of the person table: concepts turned into columns. One row per current person. Marks are
-- bits, one for each concept that only asks whether it was ever recorded.
SELECT
    registered.person_no$columns
FROM registered
LEFT JOIN concept ON concept.person_no = registered.person_no
LEFT JOIN concept_name ON concept_name.concept_no = concept.concept_no
WHERE registered.is_current
GROUP BY registered.person_no
