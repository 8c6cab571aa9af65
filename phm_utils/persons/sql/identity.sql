-- Which person each identity of each source is: the link stage's index, for people in follow-up.
SELECT person_index.source, person_index.token_person_id, person_index.sex, person_index.birth_month, registered.person_no
FROM person_index
INNER JOIN registered ON registered.person_id = person_index.person_id
