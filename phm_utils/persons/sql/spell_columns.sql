-- Hospital spells by person, one column for each concept that counts them.
SELECT
    person_no$counts
FROM spell_counts
GROUP BY person_no
