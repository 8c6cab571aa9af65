-- Step two of the person table: concepts as columns. One row per current person.
SELECT
    registered.person_no$columns
FROM registered
LEFT JOIN condition_bits ON condition_bits.person_no = registered.person_no
LEFT JOIN latest_values ON latest_values.person_no = registered.person_no
LEFT JOIN concept_dates ON concept_dates.person_no = registered.person_no
WHERE registered.is_current
