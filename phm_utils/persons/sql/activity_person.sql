-- One activity by person: contacts and cost of the window, contacts of the 12 months before, last day.
SELECT
    person_no,
    CAST(sum(in_12m) AS INTEGER) AS in_12m,
    CAST(sum(pence_12m) AS BIGINT) AS pence_12m,
    CAST(sum(in_prior_12m) AS INTEGER) AS in_prior_12m,
    max(last_day) AS last_day
FROM $activity
GROUP BY person_no
