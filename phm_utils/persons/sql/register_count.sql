-- People on each register, and on the list, by practice, to compare with published figures.
-- A practice without registered people has 0 everywhere.
SELECT
    practice.practice_code,
    practice.pcn_code,
    CAST(count(person.person_no) AS BIGINT) AS list_size$registers
FROM practice
LEFT JOIN person ON person.practice_code = practice.practice_code
GROUP BY practice.practice_code, practice.pcn_code
