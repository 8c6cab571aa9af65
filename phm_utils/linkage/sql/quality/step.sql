-- How the records of each source were joined, or why they were not.
SELECT
    source,
    method,
    sum(records)::BIGINT AS records,
    count(*) AS identities,
    coalesce(sum(records) FILTER (WHERE contradicted), 0)::BIGINT AS contradicted
FROM person_of
GROUP BY source, method
