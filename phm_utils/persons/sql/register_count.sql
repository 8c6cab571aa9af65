-- People on each register, and on the list, by practice: what can be held against published figures.
SELECT
    practice_code,
    pcn_code,
    CAST(count(*) AS BIGINT) AS list_size$registers
FROM person
GROUP BY practice_code, pcn_code
