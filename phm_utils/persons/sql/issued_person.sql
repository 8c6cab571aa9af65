-- Medicines issued by person, one column for each concept that counts them.
SELECT
    person_no$counts
FROM issued
GROUP BY person_no
