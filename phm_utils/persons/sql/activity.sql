-- One source's contacts, counted for each person in the two windows of 12 months.
SELECT
    person_no,
    count(*) FILTER (WHERE day >= $from_date) AS in_12m,
    count(*) FILTER (WHERE day < $from_date) AS in_prior_12m
FROM contact
WHERE day BETWEEN $prior_from AND $to_date
GROUP BY person_no
