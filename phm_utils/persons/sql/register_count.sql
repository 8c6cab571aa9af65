-- People on each register, and on the list, by practice: what can be held against published figures.
-- A practice that nobody here is registered with has 0 of everything.
SELECT
    practice.practice_code,
    practice.pcn_code,
    CAST(count(person.person_no) AS BIGINT) AS list_size$registers
FROM practice
LEFT JOIN person ON person.practice_code = practice.practice_code
GROUP BY practice.practice_code, practice.pcn_code
