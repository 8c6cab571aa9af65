-- Hospital spells by person, one column for each concept that counts them.
SELECT
    person_no$counts
FROM stayed
GROUP BY person_no
