-- One activity by person and month: contacts, their cost, and how many of them fall in the window of
-- 12 months and in the 12 before. One row per person and month that has any.
SELECT
    person_no,
    CAST(date_trunc('month', day) AS DATE) AS month,
    CAST(count(*) AS INTEGER) AS contacts,
    CAST(sum(pence) AS BIGINT) AS pence,
    CAST(count(*) FILTER (WHERE day BETWEEN $from_date AND $to_date) AS INTEGER) AS in_12m,
    CAST(sum(pence) FILTER (WHERE day BETWEEN $from_date AND $to_date) AS BIGINT) AS pence_12m,
    CAST(count(*) FILTER (WHERE day >= $prior_from AND day < $from_date) AS INTEGER) AS in_prior_12m,
    max(day) AS last_day
FROM $contacts
GROUP BY person_no, CAST(date_trunc('month', day) AS DATE)
