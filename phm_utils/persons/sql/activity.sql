-- One activity by person: contacts and cost of the 12 months, contacts of the 12 before, last day.
SELECT
    person_no,
    CAST(count(*) FILTER (WHERE day BETWEEN $from_date AND $to_date) AS INTEGER) AS in_12m,
    CAST(sum(CASE WHEN day BETWEEN $from_date AND $to_date THEN pence ELSE 0 END) AS BIGINT) AS pence_12m,
    CAST(count(*) FILTER (WHERE day >= $prior_from AND day < $from_date) AS INTEGER) AS in_prior_12m,
    max(day) AS last_day
FROM $contacts
GROUP BY person_no
