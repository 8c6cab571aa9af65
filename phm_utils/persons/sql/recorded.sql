-- Step two of the person table: concepts turned into columns. One row per current person.
SELECT
    registered.person_no$columns
FROM registered
LEFT JOIN marked ON marked.person_no = registered.person_no
LEFT JOIN valued ON valued.person_no = registered.person_no
LEFT JOIN dated ON dated.person_no = registered.person_no
WHERE registered.is_current
