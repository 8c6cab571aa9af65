-- People whose registrations hold two different verified NHS numbers: there must be none.
SELECT count(*)
FROM (
    SELECT person_of.person
    FROM person_of
    INNER JOIN gp_person ON gp_person.identity_id = person_of.identity_id
    WHERE gp_person.verified AND gp_person.nhs IS NOT NULL
    GROUP BY person_of.person
    HAVING count(DISTINCT gp_person.nhs) > 1
) AS mixed
