-- Last day of a practice's GP data: its last entry of any listed code up to the index date.
SELECT registered.practice_code, max(concept.last_date) AS gp_data_to
FROM concept
INNER JOIN registered ON registered.person_no = concept.person_no
GROUP BY registered.practice_code
