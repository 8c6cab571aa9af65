-- People on each register, and on the list, by practice, to compare with published figures.
-- A practice without registered people has 0 everywhere; one whose GP records fell silent has no row.
SELECT
    practice.practice_code,
    practice.pcn_code,
    CAST(count(person.person_no) AS BIGINT) AS list_size$registers
FROM practice
LEFT JOIN person ON person.practice_code = practice.practice_code
WHERE
    practice.of_ics
    AND practice.practice_code NOT IN (SELECT practice_code FROM silent_practice WHERE left_out)
GROUP BY practice.practice_code, practice.pcn_code
