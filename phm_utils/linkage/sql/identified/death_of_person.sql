-- The first day of death of each linked person; one that could not be read is no day, but a death.
SELECT
    person_of_record.person,
    min(death.date_of_death) AS day,
    true AS died
FROM death
INNER JOIN person_of_record
    ON person_of_record.source = 'death' AND person_of_record.record_id = CAST(death.death_id AS VARCHAR)
WHERE person_of_record.person IS NOT NULL
GROUP BY person_of_record.person
